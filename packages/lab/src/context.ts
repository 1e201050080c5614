// What a command gets from its surroundings, so that it can be run in a process or in a test alike.

import type { Command } from "commander";

/** A stream of text. `process.stdout` is one; so is an object that collects what is written. */
export interface Terminal {
  write(text: string): unknown;
  /** Whether a person looks at it: decides on colours and progress bars. */
  readonly isTTY?: boolean;
  /** Width in characters, where known. */
  readonly columns?: number;
}

/** What `run` needs to know about the process. */
export interface RunEnvironment {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory against which file names are resolved. */
  readonly cwd: string;
  /** Whether the user wants the command to end (SIGINT, SIGTERM). A command with a result worth showing asks between its steps, at least
   * every 100 ms, and ends with what it has; all others are cut off. Absent where nobody can interrupt. */
  readonly isInterrupted?: () => boolean;
}

/** 0: fine. 1: a difference or a failure was found. 2: misuse, or zlab itself failed. */
export type ExitCode = 0 | 1 | 2;

export interface CommandContext extends RunEnvironment {
  /** Makes a commander action of an implementation, whose result becomes the exit code. */
  action<Arguments extends unknown[]>(
    implementation: (...args: Arguments) => Promise<ExitCode>,
  ): (...args: Arguments) => Promise<void>;
}

/** Adds one command to the program. */
export type RegisterCommand = (program: Command, context: CommandContext) => void;
