#!/usr/bin/env node
// The executable `zlab`: hands the process to `run` and takes care of what only a process has, its streams and its exit code.

import process from "node:process";
import { run } from "./cli.ts";
import { messageOf } from "./errors.ts";

let hasEnded = false;

// A reader that has seen enough (`zlab compare | head`) closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") end(0);
  fail(`cannot write the output: ${error.message}`);
});

// What a driver module leaves behind, a rejected promise or a timer that throws, ends the program like any other error.
process.on("uncaughtException", (error: unknown) => fail(`uncaught: ${messageOf(error)}`));

// A driver module that waits for ever leaves nothing to do, and Node would end without a word.
process.on("exit", () => {
  if (!hasEnded) fail("a module that was imported never finished loading");
});

// The code is set and not exited with, so that what was written is still flushed. `run` never rejects.
void run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
}).then((exitCode) => {
  hasEnded = true;
  process.exitCode = exitCode;
});

function fail(message: string): never {
  process.stderr.write(`zlab: ${message}\n`);
  return end(2);
}

function end(exitCode: number): never {
  hasEnded = true;
  process.exit(exitCode);
}
