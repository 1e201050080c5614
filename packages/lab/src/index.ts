export { run } from "./cli.ts";
export type { CommandContext, ExitCode, RunEnvironment, Terminal } from "./context.ts";
export { UsageError } from "./errors.ts";
