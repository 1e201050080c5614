// The thread in which the executable runs a command. What the command writes goes to the main thread in messages, in its order; whether
// the user wants it to end is read from shared memory, since a loop that never waits receives no message.

import process from "node:process";
import { parentPort, workerData } from "node:worker_threads";
import { run } from "./cli.ts";
import type { ExitCode, Terminal } from "./context.ts";

export interface CommandThreadInput {
  readonly argv: readonly string[];
  /** One element: 1 as soon as the command should end. */
  readonly interruption: Int32Array;
  /** What is known of the streams. */
  readonly stdout: Omit<Terminal, "write">;
  readonly stderr: Omit<Terminal, "write">;
}

export type CommandThreadMessage =
  | { readonly stream: "stdout" | "stderr"; readonly text: string }
  /** The command is done. */
  | { readonly exitCode: ExitCode };

const { argv, interruption, stdout, stderr } = workerData as CommandThreadInput;

function send(message: CommandThreadMessage): void {
  parentPort!.postMessage(message, []);
}

// Not awaited: of a module that never finishes loading the main thread speaks, not Node. `run` never rejects.
void run(argv, {
  stdout: { ...stdout, write: (text) => send({ stream: "stdout", text }) },
  stderr: { ...stderr, write: (text) => send({ stream: "stderr", text }) },
  env: process.env,
  cwd: process.cwd(),
  isInterrupted: () => Atomics.load(interruption, 0) === 1,
}).then((exitCode) => send({ exitCode }));
