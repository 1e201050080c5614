// Brings a clone to the point where its programs run: installs the dependencies when the manifests or the
// lockfile have changed since the last time, then builds. Plain JavaScript for any Node >= 20, since it is what
// installs the Node that everything else runs on. All its output goes to stderr: stdout belongs to the program.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stampFile = join(root, "node_modules", ".zlab-setup");

const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

// Packages under tools/ are for special commands, which install them when they are called.
const WITHOUT_TOOLS = ["--filter", "!./tools/*"];

function hashOfManifests() {
  const hash = createHash("sha256");
  const packages = readdirSync(join(root, "packages")).map((name) => `packages/${name}/package.json`);
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", "benchmarks/package.json", ...packages];
  for (const file of files.toSorted()) {
    const path = join(root, file);
    if (existsSync(path)) hash.update(file).update("\0").update(readFileSync(path)).update("\0");
  }
  return hash.digest("hex");
}

function run(command, args, env) {
  const result = spawnSync(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status === 0) return;
  process.stderr.write(String(result.stdout ?? "") + String(result.stderr ?? ""));
  process.stderr.write(
    `setup: "${command} ${args.join(" ")}" failed${result.error ? `: ${result.error.message}` : ""}\n`,
  );
  process.exit(1);
}

function install() {
  const stamp = hashOfManifests();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  process.stderr.write("setup: installing dependencies\n");
  const flags = ["install", "--frozen-lockfile", "--prefer-offline", "--reporter=append-only", ...WITHOUT_TOOLS];
  run("npx", ["-y", manifest.packageManager, ...flags], { CI: "true" });
  mkdirSync(dirname(stampFile), { recursive: true });
  writeFileSync(stampFile, stamp);
}

install();
run(join(root, "node_modules", ".bin", "tsc"), ["-b"], {});
