// What the tools share: where the repository is, which packages are the allocator cores, and how to start things.

import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../", import.meta.url));

/** The allocator cores: what the tools judge when nothing is named. */
export const cores = ["hw-sim", "zpool", "zsmalloc", "zbud", "kmalloc-sim"];

/** All packages, by the names of their directories. */
export const packages = readdirSync(`${root}packages`);

/** Installs what a tool needs and the normal set-up leaves out. */
export function installTool(directory) {
  const { packageManager } = JSON.parse(readFileSync(`${root}package.json`, "utf8"));
  const options = ["install", "--frozen-lockfile", "--prefer-offline", "--filter", `./tools/${directory}`];
  run("npx", ["-y", packageManager, ...options], { CI: "true" }, ["ignore", "ignore", "inherit"]);
}

/** Runs a command in the root of the repository; ends this process with status 1 where it fails. */
export function run(command, options, env, stdio = ["ignore", "inherit", "inherit"]) {
  const { status, error } = spawnSync(command, options, { cwd: root, env: { ...process.env, ...env }, stdio });
  if (status === 0) return;
  process.stderr.write(`"${command} ${options.join(" ")}" failed${error ? `: ${error.message}` : ""}\n`);
  process.exit(1);
}

/** Ends this process with status 2 and the usage if an argument is neither a known flag nor begins with a package's name. */
export function assertArguments(given, flags, usage) {
  const unknown = given.find((argument) => !flags.includes(argument) && !packages.includes(argument.split(":")[0]));
  if (unknown === undefined) return;
  process.stderr.write(`"${unknown}" is no option and no package\n${usage}`);
  process.exit(2);
}
