// `npm run check:determinism`: every command prints the same bytes with --json, run after run and under another major version of Node. It
// runs this program under the Node of the repository twice and under Node 24 once, and compares what stdout got.
//
//     npm run check:determinism                         Node 24 comes from the registry of npm, into a directory that is removed
//     npm run check:determinism -- --node PATH          another Node that is there already
//
// zstd is Node's own, and may compress differently in another version of its library; the commands with zstd are told apart for that.

import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const OTHER_NODE = "24.21.0";
const root = fileURLToPath(new URL("../", import.meta.url));
const program = join(root, "packages/lab/dist/main.js");

const traces = ["zsmalloc-6.12", "zsmalloc-3.10", "zbud-6.12", "z3fold-6.12", "zram-6.18"].map((family) => {
  const name = readdirSync(join(root, "golden", family)).find(
    (file) => file.includes("compact") || file.includes("cycles"),
  );
  return `golden/${family}/${name}`;
});

const COMMANDS = [
  ["compare", "--codec", "lzo-rle,lzo,lz4,deflate"],
  ["compare", "--codec", "zstd"],
  ["compare", "--codec", "lz4", "--page-size", "65536", "--seed", "7"],
  ["replay", "--verify", "--payload", ...traces],
  ["classes", "--era", "rfc-2026"],
  ["backends"],
  ["predict", "--codec", "lzo-rle,lz4", "--chain", "4,8,16"],
  ["predict", "--codec", "zstd"],
  ["stat", "--codec", "lz4", "--compact"],
  ["explain", "8388608 3164715 4800512 0 4800512 238 0 98 98"],
  ["experiment", "--scale", "0.1", "--seed", "3"],
  ["reproduce"],
  ["conformance", "zsmalloc", "--runs", "20", "--seed", "5"],
];

function digestOf(node, command) {
  const { status, stdout, stderr } = spawnSync(node, [program, ...command, "--json"], {
    cwd: root,
    maxBuffer: 2 ** 28,
    env: { ...process.env, NO_COLOR: "1" },
  });
  if (status !== 0 && status !== 1) throw new Error(`${command.join(" ")}: exit code ${status}: ${stderr.toString()}`);
  return { bytes: stdout.length, digest: createHash("sha256").update(stdout).digest("hex").slice(0, 16) };
}

/** Runs `work` with the path of the other Node, which is fetched if none is named. */
function withOtherNode(work) {
  const named = process.argv.indexOf("--node");
  if (named > 0) return work(process.argv[named + 1]);
  const directory = mkdtempSync(join(tmpdir(), "zlab-node-"));
  try {
    const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
    execFileSync("npm", ["install", "--no-save", "--silent", "--prefix", directory, `${name}@${OTHER_NODE}`], {
      stdio: "inherit",
    });
    return work(join(directory, "node_modules", name, "bin", "node"));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function versionOf(node) {
  return execFileSync(node, ["-p", "`${process.version}, zstd ${process.versions.zstd}`"], { encoding: "utf8" }).trim();
}

function check(otherNode) {
  process.stdout.write(`Node ${versionOf(process.execPath)} twice, Node ${versionOf(otherNode)} once\n\n`);
  let differences = 0;
  for (const command of COMMANDS) {
    const runs = [process.execPath, process.execPath, otherNode].map((node) => digestOf(node, command));
    const isSame = runs.every(({ digest }) => digest === runs[0].digest);
    if (!isSame) differences++;
    const digests = isSame ? runs[0].digest : runs.map(({ digest }) => digest).join(" ");
    process.stdout.write(
      `${isSame ? "same     " : "DIFFERENT"}  ${String(runs[0].bytes).padStart(8)} bytes  ${digests}  ${command.join(" ")}\n`,
    );
  }
  process.stdout.write(`\n${COMMANDS.length - differences} of ${COMMANDS.length} commands print the same bytes\n`);
  return differences === 0 ? 0 : 1;
}

process.exitCode = withOtherNode(check);
