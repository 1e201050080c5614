// The command line: which commands there are, and how every run ends.
//
// A command is a file src/commands/<name>.ts that exports `register: RegisterCommand` (context.ts). It describes the command to
// commander: description, arguments, options (parsers: options.ts), `--json`, and examples (commands/examples.ts). It must
// stay light, since all of them are loaded for `zlab --help`; what the command does is imported in its action:
//
//     export const register: RegisterCommand = (program, context) => {
//       program
//         .command("classes")
//         .description("prints the size classes of a zsmalloc pool")
//         .option("--chain <n>", "largest number of pages in a zspage, 4 to 16", chainOption, 8)
//         .option("--json", "print the result as JSON")
//         .addHelpText("after", examples([["zlab classes --chain 4", "the classes of a kernel built with chains of 4 pages"]]))
//         .action(
//           context.action(async (options: ClassesOptions) => {
//             const { printClasses } = await import("../classes/print-classes.ts");
//             return printClasses(options, context);
//           }),
//         );
//     };
//
// An implementation writes results to context.stdout (helpers: output/), remarks and progress to context.stderr, returns 0 if
// all is well and 1 if it found a difference or a failure, and throws a `UsageError` (errors.ts) for misuse.

import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { register as registerBackends } from "./commands/backends.ts";
import { register as registerCapture } from "./commands/capture.ts";
import { register as registerClasses } from "./commands/classes.ts";
import { register as registerCompare } from "./commands/compare.ts";
import { register as registerConformance } from "./commands/conformance.ts";
import { examples } from "./commands/examples.ts";
import { register as registerExperiment } from "./commands/experiment.ts";
import { register as registerExplain } from "./commands/explain.ts";
import { register as registerImage } from "./commands/image.ts";
import { register as registerPredict } from "./commands/predict.ts";
import { register as registerReplay } from "./commands/replay.ts";
import { register as registerReproduce } from "./commands/reproduce.ts";
import { register as registerStat } from "./commands/stat.ts";
import type { CommandContext, ExitCode, RegisterCommand, RunEnvironment } from "./context.ts";
import { Interrupted, UsageError, WriteFailure, messageOf } from "./errors.ts";

const commands: readonly RegisterCommand[] = [
  registerCompare,
  registerReplay,
  registerClasses,
  registerPredict,
  registerStat,
  registerImage,
  registerExplain,
  registerCapture,
  registerBackends,
  registerConformance,
  registerExperiment,
  registerReproduce,
];

/** Runs one command line, without the names of the interpreter and the program. Never throws; returns the exit code. */
export async function run(argv: readonly string[], environment: RunEnvironment): Promise<ExitCode> {
  let exitCode: ExitCode = 0;
  const context: CommandContext = {
    ...environment,
    action:
      (implementation) =>
      async (...args) => {
        exitCode = await implementation(...args);
      },
  };
  const program = createProgram(context);
  const args = completeArguments(argv, program);
  try {
    await program.parseAsync(args, { from: "user" });
    return exitCode;
  } catch (error) {
    const command = program.commands.find((candidate) => candidate.name() === args[0]);
    return reportError(error, command, environment);
  }
}

function createProgram(context: CommandContext): Command {
  const program = new Command("zlab")
    .description(
      "A laboratory for allocators of compressed memory: zsmalloc, zbud, z3fold and kmalloc as Linux has them.",
    )
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand(false)
    .usage("[command] [options]")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      outputError: () => {}, // reported by `reportError`, on one line
      getOutHelpWidth: () => Math.min(context.stdout.columns ?? 100, 120),
    })
    .addHelpText(
      "after",
      `
Without a command zlab compares all allocators over its built-in corpus of memory pages.
Exit codes: 0 fine, 1 a difference or failure was found, 2 misuse.
${examples([
  ["zlab", "compare all allocators over the built-in pages"],
  ["zlab compare memory.bin --codec zstd", "compare them over pages of your own"],
  ["zlab replay golden/zsmalloc-6.12/*.gz --verify", "check zsmalloc against the kernel's traces"],
  ["zlab compare --help", "the options of one command"],
])}`,
    );
  for (const register of commands) register(program, context);
  program.commands.forEach(showDefaultsAsTyped);
  return program;
}

/** Lets the help show the default of an option that takes several values as one would type it. */
function showDefaultsAsTyped(command: Command): void {
  for (const option of command.options) {
    const value: unknown = option.defaultValue;
    if (Array.isArray(value)) option.default(value, value.join(","));
    else if (typeof value === "string") option.default(value, value);
  }
}

/** Without a command, `compare` is meant; `help x` is `x --help`; and of a command that doesn't exist nothing else is looked at. */
function completeArguments(argv: readonly string[], program: Command): string[] {
  const [first, ...rest] = argv;
  if (first === "help") return rest.length === 0 ? ["--help"] : completeArguments([...rest, "--help"], program);
  if (first !== undefined && ["-h", "--help", "-V", "--version"].includes(first)) return [first];
  if (first === undefined || first.startsWith("-")) return ["compare", ...argv];
  return program.commands.some((command) => command.name() === first) ? [...argv] : [first];
}

function packageVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

/** Prints what went wrong on one line and returns the exit code; with ZLAB_DEBUG set the stack follows. */
function reportError(error: unknown, command: Command | undefined, { stderr, env }: RunEnvironment): ExitCode {
  if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help and --version
  stderr.write(`zlab: ${describeError(error, command)}\n`);
  if (env["ZLAB_DEBUG"] && error instanceof Error) stderr.write(`${error.stack ?? ""}\n`);
  return error instanceof WriteFailure ? 1 : 2;
}

function describeError(error: unknown, command: Command | undefined): string {
  if (error instanceof CommanderError) {
    const help = command === undefined ? "zlab --help" : `zlab ${command.name()} --help`;
    return `${messageOf(error)
      .replace(/^error: /, "")
      .replace(/\.$/, "")}; see ${help}`;
  }
  if (error instanceof UsageError || error instanceof Interrupted || isConfigurationError(error))
    return messageOf(error);
  return `internal error: ${messageOf(error)}; set ZLAB_DEBUG=1 to see where`;
}

/** An exception that a package of zlab threw on purpose (`ZlabError`), told by its code so that no package must be loaded. */
function isConfigurationError(error: unknown): boolean {
  return error instanceof Error && "code" in error && String(error.code).startsWith("ZLAB_");
}
