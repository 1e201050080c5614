// What the programs beside zlab share (`npm run fuzz`, `npm run verify:kernel` and the like): reading their one command line.

import { type Command, CommanderError, type OptionValues } from "commander";
import type { Terminal } from "./context.ts";
import { UsageError } from "./errors.ts";

/** The options of a command line, undefined if only help was asked for. Throws a `UsageError` for what the command doesn't know. */
export function parseSideProgram(
  command: Command,
  argv: readonly string[],
  stdout: Terminal,
): OptionValues | undefined {
  command.exitOverride().configureOutput({ writeOut: (text) => stdout.write(text), outputError: () => {} });
  try {
    return command.parse(argv, { from: "user" }).opts();
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return undefined;
    throw new UsageError(error.message.replace(/^error: /, ""));
  }
}
