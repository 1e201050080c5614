export { run } from "./cli.ts";
export type { CommandContext, ExitCode, RunEnvironment, Terminal } from "./context.ts";
export { UsageError } from "./errors.ts";
export { type BackendVariant, backendVariants, createPool, machineFor } from "./compose.ts";
export { type Curve, type PlotOptions, formatPlot } from "./output/plot.ts";
export { type Column, formatTable } from "./output/table.ts";
