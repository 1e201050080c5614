// The program behind `npm run fuzz`: hands the process to `fuzz` and takes care of signals and the exit code.

import process from "node:process";
import { fuzz } from "./fuzz.ts";

const interruption = new AbortController();

// The first signal ends the campaign, with a report of what was done; a second one ends the process.
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => interruption.abort());

// A reader that has seen enough closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 2));

process.exitCode = await fuzz(
  process.argv.slice(2),
  { stdout: process.stdout, stderr: process.stderr, env: process.env, cwd: process.cwd() },
  interruption.signal,
);
