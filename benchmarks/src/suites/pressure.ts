// The suite "pressure": pools on a machine that runs full, compaction, and replay of a long trace.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { backendVariants } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import { PRESSURE_LEVELS } from "../cases/pressure-levels.ts";
import { runLab } from "../lab-program.ts";
import { type Figure, type Goal, type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import { writeTrace } from "../trace-file.ts";

const MEMORY_BYTES = 256 * 2 ** 20;
const MILLION = 1e6;
const COMPACTION_GOAL = 4 * MILLION; // objects a second
const REPLAY_GOAL = 8 * MILLION; // operations a second
const VERIFIED_REPLAY_GOAL = 3 * MILLION; // operations a second
const REPLAY_RUNS = 3;

export const pressureSuite: Suite = {
  name: "pressure",
  summary: "speed and refusals as a machine runs full; compaction and trace replay, objects and operations a second",
  isDefault: true,
  run: runPressure,
};

/** Something done so many times a second. */
interface Rate {
  readonly what: string;
  readonly unit: string;
  readonly goal?: number | undefined;
  readonly samples: readonly number[];
}

async function runPressure(context: SuiteContext): Promise<SuiteReport> {
  const rows = await measureFullMachines(context);
  const rates = [...(await measureCompaction(context)), ...(await measureReplay(context))];
  return {
    suite: "pressure",
    tables: [pressureTable(rows), rateTable(rates)],
    notes: [
      "The machine has 256 MiB and no bytes. Full: the first malloc was refused. Refused: share of the pairs at that level that found no room.",
      "Compaction: half of 200,000 objects freed at random. Bare copies: the same lengths from page to page at random, the most that moving could be.",
      "Replay: `zlab replay` of a generated trace with 100,000 live objects, from its first operation to its last, the parsing of lines and JIT",
      "compilation included; reading the file is not. Verified: every byte of every object is compared before it is freed and at the end.",
    ],
    figures: [...rows.flatMap(pressureFiguresOf), ...rates.map(rateFigureOf)],
    goals: rates.flatMap(rateGoalsOf),
  };
}

interface Row {
  readonly backend: string;
  readonly result: CaseResult;
}

async function measureFullMachines({ backends, isTrial, runCase, progress }: SuiteContext): Promise<Row[]> {
  const labels = backendVariants().map(({ label }) => label);
  const chosen = labels.filter((label) => backends.length === 0 || label === "zsmalloc" || backends.includes(label));
  const rows: Row[] = [];
  for (const backend of chosen) {
    progress(`pressure: ${backend}`);
    const memoryBytes = isTrial ? MEMORY_BYTES / 16 : MEMORY_BYTES;
    const parameters = { backend, memoryBytes, operations: isTrial ? 500 : 100_000 };
    rows.push({ backend, result: await runCase({ kind: "pressure", parameters }) });
  }
  return rows;
}

const SMALL_BYTES = 64;

async function measureCompaction({ isTrial, runCase, progress }: SuiteContext): Promise<Rate[]> {
  const rates: Rate[] = [];
  const objects = isTrial ? 2_000 : 200_000;
  for (const objectBytes of [0, SMALL_BYTES]) {
    for (const isBacked of [false, true]) {
      const sizes = objectBytes === 0 ? "zram-like sizes" : `${objectBytes} bytes`;
      const what = `zsmalloc: compaction, ${sizes}, ${isBacked ? "backed" : "size-only"}`;
      progress(`pressure: ${what}`);
      const parameters = { backend: "zsmalloc", objects, objectBytes, isBacked, samples: isTrial ? 2 : 7 };
      const { samples } = await runCase({ kind: "compaction", parameters });
      const goal = objectBytes === 0 ? COMPACTION_GOAL : undefined;
      rates.push({ what, unit: "objects/s", goal, samples: samples["objects per second"]! });
      const copies = samples["copies per second"];
      if (copies !== undefined) rates.push({ what: `bare copies, ${sizes}`, unit: "copies/s", samples: copies });
    }
  }
  return rates;
}

async function measureReplay({ isTrial, progress }: SuiteContext): Promise<Rate[]> {
  const directory = mkdtempSync(join(tmpdir(), "zlab-bench-"));
  const trace = join(directory, "benchmark.trace.jsonl");
  const scale = isTrial ? 1_000 : 1;
  try {
    progress("pressure: writing a trace");
    await writeTrace(trace, 100_000 / scale, 4_000_000 / scale);
    const rates: Rate[] = [];
    for (const isVerified of [false, true]) {
      const what = `zlab replay, ${isVerified ? "backed, payload verified" : "size-only"}`;
      const samples: number[] = [];
      for (let run = 0; run < (isTrial ? 1 : REPLAY_RUNS); run++) {
        progress(`pressure: ${what}, run ${run + 1}`);
        samples.push(await replayRate(trace, isVerified));
      }
      const goal = isVerified ? VERIFIED_REPLAY_GOAL : REPLAY_GOAL;
      rates.push({ what, unit: "operations/s", goal, samples });
    }
    return rates;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function replayRate(trace: string, isVerified: boolean): Promise<number> {
  const output = await runLab(["replay", trace, "--times", "--json", ...(isVerified ? ["--payload"] : [])]);
  const { totals } = JSON.parse(output) as { totals: { operationsPerSecond: number } };
  return totals.operationsPerSecond;
}

function pressureTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  return {
    title: "ns per pair when the pool holds so much of the machine: median (p10 to p90); refused when full",
    columns: [
      { title: "backend", align: "left" },
      ...PRESSURE_LEVELS.map((level) => ({ title: level === 1 ? "full" : `${level * 100} %` })),
      { title: "refused" },
    ],
    rows: rows.map(({ backend, result }) => [
      backend,
      ...PRESSURE_LEVELS.map((level) => {
        const { median: middle, p10, p90 } = spreadOf(result.samples[`ns at ${level}`]!);
        return `${middle.toFixed(0)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
      }),
      `${(100 * result.facts["refused at 1"]!).toFixed(2)} %`,
    ]),
  };
}

function pressureFiguresOf({ backend, result }: Row): Figure[] {
  return PRESSURE_LEVELS.map((level) => ({
    key: `pressure/${backend}/pair at ${level}`,
    unit: "ns",
    better: "lower",
    samples: result.samples[`ns at ${level}`]!,
  }));
}

function rateTable(rates: readonly Rate[]): SuiteReport["tables"][number] {
  return {
    title: "millions a second: median (p10 to p90)",
    columns: [{ title: "what", align: "left" }, { title: "M/s" }, { title: "unit", align: "left" }],
    rows: rates.map(({ what, unit, samples }) => {
      const spread = spreadOf(samples.map((rate) => rate / MILLION));
      return [what, `${spread.median.toFixed(2)} (${spread.p10.toFixed(2)} to ${spread.p90.toFixed(2)})`, unit];
    }),
  };
}

function rateFigureOf({ what, unit, samples }: Rate): Figure {
  return { key: `pressure/${what}`, unit, better: "higher", samples };
}

function rateGoalsOf({ what, unit, goal, samples }: Rate): Goal[] {
  if (goal === undefined) return [];
  return [makeGoal(what, "higher", goal, median(samples), (rate) => `${(rate / MILLION).toFixed(1)} M ${unit}`)];
}
