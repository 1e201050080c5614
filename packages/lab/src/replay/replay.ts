// The command `replay`: replays trace files one after the other and reports on them.

import type { CommandContext, ExitCode } from "../context.ts";
import type { ReplayOptions } from "../commands/replay.ts";
import { UsageError, checkpointOf } from "../errors.ts";
import { createRegistry, machineFor } from "../compose.ts";
import { plural } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { type ReplayResult, replayTrace } from "./replay-trace.ts";
import { divergenceLine, jsonReport, textReport } from "./report.ts";
import { readTraceBytes } from "./trace-file.ts";

/** Replays the files. 1 if a recorded fact was not reproduced, 2 if a file is faulty; the other files are replayed all the same. */
export async function replay(
  files: readonly string[],
  options: ReplayOptions,
  context: CommandContext,
): Promise<ExitCode> {
  if (options.backend !== undefined) createRegistry(machineFor(4096, 0)).driver(options.backend);
  const results: ReplayResult[] = [];
  const errors: UsageError[] = [];
  for (const file of files) {
    try {
      if (context.isInterrupted?.() === true) break;
      const result = await replayFile(file, options, context);
      results.push(result);
      if (options.json !== true && result.divergence !== null) context.stdout.write(`${divergenceLine(result)}\n`);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      errors.push(error);
    }
  }
  const isInterrupted = reportInterruption(files, results, errors.length, context);
  if (options.json === true) {
    const report = jsonReport(results, errors, options.times === true);
    writeJson(context.stdout, { ...report, ...(isInterrupted && { interrupted: true }) });
  } else if (results.length > 0) context.stdout.write(textReport(results, options, context));
  for (const { message } of errors) context.stderr.write(`zlab: ${message}\n`);
  if (errors.length > 0) return 2;
  return results.some(({ divergence }) => divergence !== null) ? 1 : 0;
}

/** Says how far an ended replay came. False of one that is complete. */
function reportInterruption(
  files: readonly string[],
  results: readonly ReplayResult[],
  errorCount: number,
  { stderr }: CommandContext,
): boolean {
  const last = results.at(-1);
  const doneCount = results.length + errorCount;
  const wholeCount = doneCount - (last?.interruptedAtLine === undefined ? 0 : 1);
  if (wholeCount === files.length) return false;
  const within = wholeCount === doneCount ? "" : `, at line ${last!.interruptedAtLine} of ${last!.file}`;
  stderr.write(`zlab: interrupted after ${wholeCount} of ${files.length} ${plural(files.length, "file")}${within}\n`);
  return true;
}

async function replayFile(file: string, options: ReplayOptions, context: CommandContext): Promise<ReplayResult> {
  const bytes = await readTraceBytes(file, context.cwd);
  return replayTrace(file, bytes, {
    backend: options.backend,
    chainSize: options.chain,
    verify: options.verify ?? false,
    payload: options.payload ?? false,
    checkpoint: checkpointOf(context),
  });
}
