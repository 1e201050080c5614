import type { CommandContext, ExitCode } from "../context.ts";
import { UsageError } from "../errors.ts";
import type { CompareOptions } from "../commands/compare.ts";

export async function compare(
  _files: readonly string[],
  _options: CompareOptions,
  _context: CommandContext,
): Promise<ExitCode> {
  throw new UsageError("not available");
}
