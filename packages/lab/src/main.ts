#!/usr/bin/env node
// The executable `zlab`: hands the process to `run` and takes care of what only a process has, its streams and its exit code.
import process from "node:process";
import { run } from "./cli.ts";

// A reader that has seen enough (`zlab compare | head`) closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(0);
});

// The code is set and not exited with, so that what was written is still flushed.
process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});
