#!/usr/bin/env node
// The executable `zlab`: hands the process to `run` and takes care of what only a process has, its streams and its exit code.
import process from "node:process";
import { run } from "./cli.ts";
import { messageOf } from "./errors.ts";

// A reader that has seen enough (`zlab compare | head`) closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  fail(`cannot write the output: ${error.message}`);
});

// What a driver module leaves behind, a rejected promise or a timer that throws, ends the program like any other error.
process.on("uncaughtException", (error: unknown) => fail(`uncaught: ${messageOf(error)}`));

// The code is set and not exited with, so that what was written is still flushed.
process.exitCode = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
});

function fail(message: string): never {
  process.stderr.write(`zlab: ${message}\n`);
  process.exit(2);
}
