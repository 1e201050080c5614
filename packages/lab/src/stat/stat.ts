import type { CommandContext, ExitCode } from "../context.ts";
import { UsageError } from "../errors.ts";
import type { StatOptions } from "../commands/stat.ts";

export async function stat(
  _files: readonly string[],
  _options: StatOptions,
  _context: CommandContext,
): Promise<ExitCode> {
  throw new UsageError("not available");
}
