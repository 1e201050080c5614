// `zlab predict`: what memory pages would cost in a zram device. Each page is compressed once per codec, for its length, and written to
// the devices of all combinations: once, in order, or as often as a history does it.

import type { Codec } from "@zlab/codecs";
import type { PredictOptions } from "../commands/predict.ts";
import { type InputSummary, summariseInput } from "../compare/comparison.ts";
import { selectCodecs } from "../compare/select.ts";
import { machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { History } from "../history/history.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import type { PageSet } from "../pages/page-set.ts";
import { readPages } from "../pages/read-pages.ts";
import { defaultJobs } from "../sizing/jobs.ts";
import { type SizingTask, sizePages } from "../sizing/size-pages.ts";
import type { SizeTable } from "../sizing/size-table.ts";
import { type Candidate, candidatesOf } from "./candidates.ts";
import { type HistorySummary, summariseHistory } from "./history-summary.ts";
import { PredictedDevice, type Prediction } from "./prediction.ts";
import { ReplayedDevice } from "./replayed-device.ts";
import { writeReport } from "./report.ts";

/** The result, as `--json` prints it. */
export interface PredictResult {
  readonly input: InputSummary;
  /** Only with `--history`. */
  readonly history?: HistorySummary;
  readonly codecs: readonly {
    readonly name: string;
    readonly description: string;
    readonly deviation: string | null;
  }[];
  /** Least memory first. */
  readonly predictions: readonly Prediction[];
}

/** What is predicted, and how. */
interface Job {
  readonly codecs: readonly Codec[];
  readonly candidates: readonly Candidate[];
  readonly pageSet: PageSet;
  readonly options: PredictOptions;
  readonly context: CommandContext;
}

type Outcome = Pick<PredictResult, "history"> & { readonly results: readonly Omit<Prediction, "rank">[] };

export async function predict(
  files: readonly string[],
  options: PredictOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const codecs = await selectCodecs(options.codec, context.cwd);
  const candidates = await candidatesOf(codecs, options.backends, options.chain, context.cwd);
  const pageSet = readPages(files, context.cwd, options);
  const job: Job = { codecs, candidates, pageSet, options, context };
  const { history, results } = await (options.history === undefined ? writeOnce(job) : replay(job, options.history));
  const result: PredictResult = {
    input: summariseInput(pageSet),
    ...(history === undefined ? {} : { history }),
    codecs: codecs.map(({ name, description, deviation }) => ({ name, description, deviation: deviation ?? null })),
    predictions: ranked(results),
  };
  if (options.json) writeJson(context.stdout, result);
  else writeReport(result, context);
  return 0;
}

/** Writes each page once, in order, while the next ones are still being compressed. */
async function writeOnce(job: Job): Promise<Outcome> {
  const { pageCount } = job.pageSet;
  const machineOptions = machineOf(job, pageCount);
  const devices = job.candidates.map((candidate) => new PredictedDevice(candidate, machineOptions, pageCount));
  await sizes(job, pageCount, (table, firstPage, endPage) => {
    for (const device of devices) device.writePages(table, firstPage, endPage);
  });
  return { results: devices.map((device) => device.result()) };
}

/** Does what the block trace says. */
async function replay(job: Job, file: string): Promise<Outcome> {
  const { pageBytes, pageCount } = job.pageSet;
  const { stderr, cwd } = job.context;
  const { historyFormat: format, historyAction: action } = job.options;
  const history = await History.read({ file, cwd, format, action, pageBytes, contentPages: pageCount }, (totalCount) =>
    startProgress(stderr, totalCount),
  );
  const table = await sizes(job, history.contentPagesUsed);
  const machineOptions = machineOf(job, history.slotCount);
  const devices = job.candidates.map((candidate) => new ReplayedDevice(candidate, machineOptions, history.slotCount));
  using progress = startProgress(stderr, history.operationCount);
  const traffic = await history.replay((request) => {
    for (const device of devices) device.perform(request, table);
  }, progress);
  return { history: summariseHistory(history, traffic), results: devices.map((device) => device.result()) };
}

/** What the first `pageCount` pages compress to. */
async function sizes(job: Job, pageCount: number, onSized?: SizingTask["onSized"]): Promise<SizeTable> {
  const { pageSet, codecs, options, context } = job;
  using progress = startProgress(context.stderr, pageCount);
  return sizePages({
    pages: pageSet,
    pageCount,
    codecItems: options.codec,
    codecs,
    cwd: context.cwd,
    jobs: options.jobs ?? defaultJobs(pageSet, pageCount),
    onSized(table, firstPage, endPage) {
      onSized?.(table, firstPage, endPage);
      progress.update(endPage, "pages");
    },
  });
}

function machineOf({ pageSet: { pageBytes } }: Job, slotCount: number): ReturnType<typeof machineFor> {
  return machineFor(pageBytes, slotCount * pageBytes);
}

/** Results by memory used, those that refuse pages after those that take all. */
function ranked(results: readonly Omit<Prediction, "rank">[]): Prediction[] {
  return results
    .toSorted((a, b) => a.refusedPages - b.refusedPages || a.memoryUsedBytes - b.memoryUsedBytes)
    .map((result, i) => ({ rank: i + 1, ...result }));
}
