import type { CommandContext, ExitCode } from "../context.ts";
import { UsageError } from "../errors.ts";
import type { BackendsOptions } from "../commands/backends.ts";

export async function listBackends(_options: BackendsOptions, _context: CommandContext): Promise<ExitCode> {
  throw new UsageError("not available");
}
