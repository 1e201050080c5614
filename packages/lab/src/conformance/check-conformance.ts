import type { CommandContext, ExitCode } from "../context.ts";
import { UsageError } from "../errors.ts";
import type { ConformanceOptions } from "../commands/conformance.ts";

export async function checkConformance(
  _driver: string,
  _options: ConformanceOptions,
  _context: CommandContext,
): Promise<ExitCode> {
  throw new UsageError("not available");
}
