// The suite "codecs": the speed of the page compressors on the corpus, and of a prediction for a gibibyte of pages.

import { spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { zstdDecompressSync } from "node:zlib";
import type { CaseResult } from "../case-result.ts";
import { collectOutput } from "../child.ts";
import { LAB_PROGRAM } from "../lab-program.ts";
import { type Goal, type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const CODECS = ["lzo-rle", "lzo", "lz4", "zstd", "deflate"];
const DIRECTIONS = ["compress", "decompress"] as const;
const CORPUS = new URL("../../../packages/lab/corpus/pages.bin.zst", import.meta.url);
const GIB = 2 ** 30;

/** MB/s that a codec is to reach, where a goal is set. */
const SPEED_GOALS: Readonly<Record<string, Partial<Record<(typeof DIRECTIONS)[number], number>>>> = {
  lz4: { compress: 500, decompress: 800 },
  "lzo-rle": { compress: 300, decompress: 800 },
};
const PREDICT_SECONDS_GOAL = 6;
const PREDICT_RESIDENT_GOAL = 2; // GiB
const PREDICT_SCALING_GOAL = 1.7; // time with one job / time with two
const PREDICT_RUNS = 2;

export const codecsSuite: Suite = {
  name: "codecs",
  summary: "MB/s of the page compressors on the corpus; zlab predict on a gibibyte",
  isDefault: true,
  run: runCodecs,
};

interface Row {
  readonly codec: string;
  readonly result: CaseResult;
}

async function runCodecs(context: SuiteContext): Promise<SuiteReport> {
  const { isTrial, runCase, progress } = context;
  const rows: Row[] = [];
  for (const codec of CODECS) {
    progress(`codecs: ${codec}`);
    const parameters = isTrial
      ? { codec, sampleSeconds: 0, samples: 2, mostPages: 8 }
      : { codec, sampleSeconds: 0.3, samples: 5 };
    rows.push({ codec, result: await runCase({ kind: "codec", parameters }) });
  }
  const predictions = await measurePredictions(context);
  return {
    suite: "codecs",
    tables: [codecTable(rows), predictionTable(predictions)],
    notes: ["The file of a prediction is the corpus over and over; every page of it is compressed and stored."],
    figures: [
      ...rows.flatMap(({ codec, result }) =>
        DIRECTIONS.map((direction) => ({
          key: `codecs/${codec}/${direction}`,
          unit: "MB/s",
          better: "higher" as const,
          samples: result.samples[direction]!,
        })),
      ),
      ...predictions.map(({ jobs, seconds }) => ({
        key: `codecs/predict with ${jobs} jobs`,
        unit: "s",
        better: "lower" as const,
        samples: seconds,
      })),
    ],
    goals: [...rows.flatMap(speedGoals), ...predictionGoals(predictions)],
  };
}

function codecTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  return {
    title: "MB of pages per second of CPU time, one thread: median (p10 to p90)",
    columns: [{ title: "codec", align: "left" }, ...DIRECTIONS.map((title) => ({ title }))],
    rows: rows.map(({ codec, result }) => [
      codec,
      ...DIRECTIONS.map((direction) => {
        const { median: middle, p10, p90 } = spreadOf(result.samples[direction]!);
        return `${middle.toFixed(0)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
      }),
    ]),
  };
}

function speedGoals({ codec, result }: Row): Goal[] {
  return DIRECTIONS.flatMap((direction) => {
    const bound = SPEED_GOALS[codec]?.[direction];
    if (bound === undefined) return [];
    return [makeGoal(`${codec}: ${direction}`, "higher", bound, median(result.samples[direction]!), inMegabytes)];
  });
}

function inMegabytes(rate: number): string {
  return `${rate.toFixed(0)} MB/s`;
}

/** Runs of `zlab predict` with so many threads. */
interface Prediction {
  readonly jobs: number;
  readonly seconds: number[];
  /** The most memory that a run had, in bytes. */
  residentBytes: number;
}

async function measurePredictions({ isTrial, progress }: SuiteContext): Promise<Prediction[]> {
  const directory = mkdtempSync(join(tmpdir(), "zlab-bench-"));
  const file = join(directory, "pages.bin");
  const predictions: Prediction[] = [1, 2].map((jobs) => ({ jobs, seconds: [], residentBytes: 0 }));
  try {
    progress("codecs: writing a file of pages");
    writePages(file, isTrial ? 2 ** 16 : GIB);
    for (let run = 0; run < (isTrial ? 1 : PREDICT_RUNS); run++) {
      for (const prediction of predictions) {
        progress(`codecs: predict with ${prediction.jobs} jobs, run ${run + 1}`);
        await predict(file, prediction);
      }
    }
    return predictions;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The corpus over and over. */
function writePages(path: string, bytes: number): void {
  const corpus = zstdDecompressSync(readFileSync(CORPUS));
  const file = openSync(path, "w");
  for (let written = 0; written < bytes; written += corpus.length) {
    writeSync(file, corpus, 0, Math.min(corpus.length, bytes - written));
  }
  closeSync(file);
}

async function predict(file: string, prediction: Prediction): Promise<void> {
  const args = [LAB_PROGRAM, "predict", file, "--codec", "lz4", "--jobs", String(prediction.jobs), "--json"];
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
  const watch = setInterval(() => {
    prediction.residentBytes = Math.max(prediction.residentBytes, residentBytesOf(child.pid));
  }, 50);
  try {
    await collectOutput(child, "zlab predict");
  } finally {
    clearInterval(watch);
  }
  prediction.seconds.push((performance.now() - start) / 1e3);
}

/** Resident memory of a running process; 0 where the system doesn't tell. */
function residentBytesOf(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0; // it has ended, or there is no such file system
  }
}

function predictionTable(predictions: readonly Prediction[]): SuiteReport["tables"][number] {
  return {
    title: "zlab predict of 1 GiB, lz4 into zsmalloc, the whole process",
    columns: [{ title: "jobs" }, { title: "s" }, { title: "GiB resident" }],
    rows: predictions.map(({ jobs, seconds, residentBytes }) => [
      String(jobs),
      median(seconds).toFixed(2),
      (residentBytes / GIB).toFixed(2),
    ]),
  };
}

function predictionGoals(predictions: readonly Prediction[]): Goal[] {
  const [one, two] = predictions as [Prediction, Prediction];
  const resident = Math.max(one.residentBytes, two.residentBytes) / GIB;
  const scaling = median(one.seconds) / median(two.seconds);
  const note = availableParallelism() < 2 ? "this machine has one processor" : undefined;
  return [
    makeGoal(
      "predict of 1 GiB, one job",
      "lower",
      PREDICT_SECONDS_GOAL,
      median(one.seconds),
      (s) => `${s.toFixed(1)} s`,
    ),
    makeGoal("predict of 1 GiB: resident", "lower", PREDICT_RESIDENT_GOAL, resident, (gib) => `${gib.toFixed(2)} GiB`),
    makeGoal("predict: one job / two", "higher", PREDICT_SCALING_GOAL, scaling, (ratio) => ratio.toFixed(2), note),
  ];
}
