// `zlab predict`: what memory pages would cost in a zram device. The pages are read once, one after the other; each is compressed once per
// codec, for its length, and written to the devices of all combinations.

import type { PredictOptions } from "../commands/predict.ts";
import { type InputSummary, summariseInput } from "../compare/comparison.ts";
import { selectCodecs } from "../compare/select.ts";
import { machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { writeJson } from "../output/json.ts";
import { type Progress, startProgress } from "../output/progress.ts";
import type { PageSet } from "../pages/page-set.ts";
import { readPages } from "../pages/read-pages.ts";
import { defaultJobs } from "../sizing/jobs.ts";
import { type SizingTask, sizePages } from "../sizing/size-pages.ts";
import { type Candidate, candidatesOf } from "./candidates.ts";
import { PredictedDevice, type Prediction } from "./prediction.ts";
import { writeReport } from "./report.ts";

/** The result, as `--json` prints it. */
export interface PredictResult {
  readonly input: InputSummary;
  readonly codecs: readonly {
    readonly name: string;
    readonly description: string;
    readonly deviation: string | null;
  }[];
  /** Least memory first. */
  readonly predictions: readonly Prediction[];
}

export async function predict(
  files: readonly string[],
  options: PredictOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const codecs = await selectCodecs(options.codec, context.cwd);
  const candidates = await candidatesOf(codecs, options.backends, options.chain, context.cwd);
  const pageSet = readPages(files, context.cwd, options);
  const devices = createDevices(candidates, pageSet);
  const jobs = options.jobs ?? defaultJobs(pageSet, pageSet.pageCount);
  const task = { pages: pageSet, codecItems: options.codec, codecs, cwd: context.cwd, jobs };
  {
    using progress = startProgress(context.stderr, pageSet.pageCount);
    await writePages(task, devices, progress);
  }
  const result: PredictResult = {
    input: summariseInput(pageSet),
    codecs: codecs.map(({ name, description, deviation }) => ({ name, description, deviation: deviation ?? null })),
    predictions: ranked(devices),
  };
  if (options.json) writeJson(context.stdout, result);
  else writeReport(result, context);
  return 0;
}

function createDevices(candidates: readonly Candidate[], { pageBytes, pageCount }: PageSet): PredictedDevice[] {
  const machineOptions = machineFor(pageBytes, pageCount * pageBytes);
  return candidates.map((candidate) => new PredictedDevice(candidate, machineOptions, pageCount));
}

/** Writes each page once, in order. */
async function writePages(
  task: Omit<SizingTask, "pageCount" | "onSized">,
  devices: readonly PredictedDevice[],
  progress: Progress,
): Promise<void> {
  const { pageCount } = task.pages;
  await sizePages({
    ...task,
    pageCount,
    onSized(sizes, firstPage, endPage) {
      for (const device of devices) device.writePages(sizes, firstPage, endPage);
      progress.update(endPage, "pages");
    },
  });
}

/** Results by memory used, those that refuse pages after those that take all. */
function ranked(devices: readonly PredictedDevice[]): Prediction[] {
  return devices
    .map((device) => device.result())
    .toSorted((a, b) => a.refusedPages - b.refusedPages || a.memoryUsedBytes - b.memoryUsedBytes)
    .map((result, i) => ({ rank: i + 1, ...result }));
}
