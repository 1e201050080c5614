#!/usr/bin/env node
// The executable `zlab`: takes care of what only a process has, its streams, signals and exit code. The command runs in a thread of its
// own (command-thread.ts), so that this one hears a signal at any time, also while the command is in a loop that takes minutes.

import process from "node:process";
import { Worker } from "node:worker_threads";
import type { CommandThreadInput, CommandThreadMessage } from "./command-thread.ts";
import { messageOf } from "./errors.ts";

/** Signals that end the program, with the exit codes that shells give for them. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;
type EndingSignal = keyof typeof EXIT_CODES;

/** A command has so long after a signal to write what it has so far; then it is cut off. */
const GRACE_MS = 600;
/** What a module of the user's leaves behind, such as a timer, has so long after the end of the command. */
const LEFTOVER_MS = 2000;

const WIPE_LINE = "\r\x1b[K";

let hasEnded = false;
let signalled: EndingSignal | undefined;
/** Whether the last thing on stderr is a progress bar that the command hasn't wiped out. */
let hasProgressBar = false;

// A reader that has seen enough (`zlab compare | head`) closes the pipe; that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") end(0);
  fail(`cannot write the output: ${error.message}`);
});
// Of messages that nobody can read nothing is to be said.
process.stderr.on("error", () => {});
process.on("uncaughtException", (error: unknown) => fail(`uncaught: ${messageOf(error)}`));

const interruption = new Int32Array(new SharedArrayBuffer(4));
const input: CommandThreadInput = {
  argv: process.argv.slice(2),
  interruption,
  stdout: { isTTY: process.stdout.isTTY, columns: process.stdout.columns },
  stderr: { isTTY: process.stderr.isTTY, columns: process.stderr.columns },
};
const thread = new Worker(new URL("command-thread.js", import.meta.url), { workerData: input });
thread.on("message", (message: CommandThreadMessage) => {
  if ("exitCode" in message) conclude(message.exitCode);
  else if (message.stream === "stdout") process.stdout.write(message.text);
  else writeStderr(message.text);
});
// What a module leaves behind, a rejected promise or a timer that throws, ends the program like any other error.
thread.on("error", (error: unknown) => fail(describeThreadError(error)));
// A module that waits for ever leaves the thread nothing to do, and it would end without a word.
thread.on("exit", () => {
  if (signalled !== undefined) end(EXIT_CODES[signalled]);
  if (!hasEnded) fail("a module that was imported never finished loading");
});
for (const signal of Object.keys(EXIT_CODES) as EndingSignal[]) process.on(signal, () => interrupt(signal));

/** The code is set and not exited with, so that what was written is still flushed. */
function conclude(exitCode: number): void {
  hasEnded = true;
  if (signalled === undefined) process.exitCode = exitCode;
  else endBySignal(signalled);
  setTimeout(() => void thread.terminate(), LEFTOVER_MS).unref();
}

/** Asks the command to end; at the second signal, or when it doesn't listen in time, cuts it off. */
function interrupt(signal: EndingSignal): void {
  if (signalled !== undefined) cutOff(signal);
  signalled = signal;
  Atomics.store(interruption, 0, 1);
  setTimeout(() => cutOff(signal), GRACE_MS);
}

function endBySignal(signal: EndingSignal): never {
  writeStderr(`${hasProgressBar ? WIPE_LINE : ""}zlab: ended by ${signal}\n`);
  return end(EXIT_CODES[signal]);
}

/** Ends at once, even while the thread is in a system call that doesn't return: by the signal itself, for which shells give the
 * same exit code. */
function cutOff(signal: EndingSignal): void {
  writeStderr(`${hasProgressBar ? WIPE_LINE : ""}zlab: ended by ${signal}\n`);
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function writeStderr(text: string): void {
  hasProgressBar = text.startsWith(WIPE_LINE) && text !== WIPE_LINE;
  process.stderr.write(text);
}

function describeThreadError(error: unknown): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code !== "ERR_WORKER_OUT_OF_MEMORY") return `uncaught: ${messageOf(error)}`;
  return "there is not enough memory for this input; give less of it, or more memory: NODE_OPTIONS=--max-old-space-size=<MiB>";
}

function fail(message: string): never {
  process.stderr.write(`zlab: ${message}\n`);
  return end(2);
}

function end(exitCode: number): never {
  hasEnded = true;
  process.exit(exitCode);
}
