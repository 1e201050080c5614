// `zlab compare`: every backend over every codec.

import type { Codec } from "@zlab/codecs";
import type { CompareOptions } from "../commands/compare.ts";
import { type BackendVariant, machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { Interrupted, UsageError, checkpointOf } from "../errors.ts";
import { counted } from "../output/format.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { compressPages } from "../pages/compressed-pages.ts";
import type { PageSet } from "../pages/page-set.ts";
import { readPages } from "../pages/read-pages.ts";
import {
  type CodecSummary,
  type Comparison,
  type Run,
  describeEnvironment,
  summariseCodec,
  summariseInput,
  summariseRun,
} from "./comparison.ts";
import { writeReport } from "./report.ts";
import { type RunParameters, runBackend } from "./run-backend.ts";
import { selectCodecs, selectVariants } from "./select.ts";

export async function compare(
  files: readonly string[],
  options: CompareOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const variants = await selectVariants(options.backends, options.driver ?? [], context.cwd, options.chain);
  const codecs = await selectCodecs(options.codec, context.cwd);
  const pageSet = readPages(files, context.cwd, options);
  const times = options.times ?? options.json !== true;
  const parameters: Omit<RunParameters, "isFirst"> = {
    machineOptions: machineFor(pageSet.pageBytes, pageSet.pageCount * pageSet.pageBytes),
    seed: options.seed,
    times,
    checkpoint: checkpointOf(context),
  };
  const { codecSummaries, runs } = runAll(pageSet, codecs, variants, parameters, context);
  const comparison: Comparison = {
    input: summariseInput(pageSet),
    environment: times ? describeEnvironment() : null,
    seed: options.seed,
    chainSize: options.chain,
    codecs: codecSummaries,
    runs,
    failedRuns: runs.filter(({ status }) => status === "failed").length,
    ...interruptionOf(runs.length, codecs.length * variants.length, context),
  };
  if (options.json) writeJson(context.stdout, comparison);
  else writeReport(comparison, context);
  return conclude(comparison, context);
}

/** Every variant under every codec, or as many as were done when the user wanted to end. */
function runAll(
  pageSet: PageSet,
  codecs: readonly Codec[],
  variants: readonly BackendVariant[],
  parameters: Omit<RunParameters, "isFirst">,
  { stderr }: CommandContext,
): { codecSummaries: CodecSummary[]; runs: Run[] } {
  const codecSummaries: CodecSummary[] = [];
  const runs: Run[] = [];
  using progress = startProgress(stderr, codecs.length * (variants.length + 1));
  try {
    for (const codec of codecs) {
      const compressed = compressPages(pageSet, codec, (part) => {
        parameters.checkpoint();
        progress.update(codecSummaries.length + runs.length + part, `compressing with ${codec.name}`);
      });
      const isFirst = codecSummaries.length === 0;
      codecSummaries.push(summariseCodec(compressed));
      for (const variant of variants) {
        parameters.checkpoint();
        progress.update(codecSummaries.length + runs.length, `${variant.label}, ${codec.name}`);
        runs.push(summariseRun(variant, compressed, runBackend(variant, compressed, { ...parameters, isFirst })));
      }
    }
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
  }
  return { codecSummaries, runs };
}

/** What a comparison that the user ended has to say of itself: nothing of one that is complete. */
function interruptionOf(
  runCount: number,
  wantedCount: number,
  { stderr }: CommandContext,
): Pick<Comparison, "interrupted"> {
  if (runCount === wantedCount) return {};
  stderr.write(`zlab: interrupted after ${runCount} of ${counted(wantedCount, "run")}\n`);
  return { interrupted: true };
}

function conclude({ runs, failedRuns }: Comparison, { stderr }: CommandContext): ExitCode {
  const unavailable = runs.find(({ status }) => status === "unavailable");
  if (unavailable !== undefined && runs.every(({ status }) => status === "unavailable")) {
    throw new UsageError(`nothing was compared: ${unavailable.reason ?? ""}`);
  }
  if (failedRuns === 0) return 0;
  const { backend, codec, failure } = runs.find((run) => run.failure !== null)!;
  const others = failedRuns > 1 ? ` (and ${counted(failedRuns - 1, "other run")} failed)` : "";
  stderr.write(`zlab: ${backend} failed with ${codec}, ${failure?.stage}: ${failure?.message}${others}\n`);
  return 1;
}
