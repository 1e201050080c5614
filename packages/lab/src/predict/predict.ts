// `zlab predict`: what memory pages would cost in a zram device. The pages are read once, one after the other; each is compressed once per
// codec, for its length, and written to the devices of all combinations.

import { type Codec, type CodecStream, isSameFilled } from "@zlab/codecs";
import type { PredictOptions } from "../commands/predict.ts";
import { type InputSummary, summariseInput } from "../compare/comparison.ts";
import { selectCodecs } from "../compare/select.ts";
import { machineFor } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { writeJson } from "../output/json.ts";
import { type Progress, startProgress } from "../output/progress.ts";
import type { PageSet } from "../pages/page-set.ts";
import { readPages } from "../pages/read-pages.ts";
import { type Candidate, candidatesOf } from "./candidates.ts";
import { PredictedDevice, type Prediction } from "./prediction.ts";
import { writeReport } from "./report.ts";

const PAGES_PER_REPORT = 256;

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
  {
    using progress = startProgress(context.stderr, pageSet.pageCount);
    writePages(pageSet, codecs, devices, progress);
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

/** The devices of one codec, and its stream. */
interface Lane {
  readonly stream: CodecStream;
  readonly devices: readonly PredictedDevice[];
}

function writePages(
  pageSet: PageSet,
  codecs: readonly Codec[],
  devices: readonly PredictedDevice[],
  progress: Progress,
): void {
  const lanes: Lane[] = codecs.map((codec) => ({
    stream: codec.createStream(),
    devices: devices.filter(({ candidate }) => candidate.codec === codec),
  }));
  for (let pageIndex = 0; pageIndex < pageSet.pageCount; pageIndex++) {
    if (pageIndex % PAGES_PER_REPORT === 0) progress.update(pageIndex, "pages");
    const page = pageSet.page(pageIndex);
    if (isSameFilled(page)) {
      for (const device of devices) device.writeSameFilled(pageIndex);
      continue;
    }
    for (const lane of lanes) {
      const bytes = lane.stream.compressedSize(page);
      for (const device of lane.devices) device.write(pageIndex, bytes);
    }
  }
}

/** Results by memory used, those that refuse pages after those that take all. */
function ranked(devices: readonly PredictedDevice[]): Prediction[] {
  return devices
    .map((device) => device.result())
    .toSorted((a, b) => a.refusedPages - b.refusedPages || a.memoryUsedBytes - b.memoryUsedBytes)
    .map((result, i) => ({ rank: i + 1, ...result }));
}
