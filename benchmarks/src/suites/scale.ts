// The suites "scale" and "terabyte": the cost of an operation from a thousand objects to a hundred million, what comes before the first
// object, and a pool of 1 TiB. All on machines without bytes.

import { performance } from "node:perf_hooks";
import { formatPlot } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import { outputOf } from "../child.ts";
import { LAB_PROGRAM } from "../lab-program.ts";
import { type Figure, type Goal, type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const OBJECTS = [1e3, 1e4, 1e5, 1e6, 1e7, 1e8];
const BASE_OBJECTS = 1e5;
const OPERATIONS = ["fill", "pair", "free"] as const;
const GROWTH_GOAL = 3; // cost at 10^8 objects / cost at 10^5
const GIB = 2 ** 30;

export const scaleSuite: Suite = {
  name: "scale",
  summary: "cost per operation from 10^3 to 10^8 objects, size-only; making a pool, importing, zlab --help",
  isDefault: true,
  run: runScale,
};

export const terabyteSuite: Suite = {
  name: "terabyte",
  summary: "fills a pool of 1 TiB, size-only: 268 million pages, 500 million objects (needs 10 GiB and two minutes)",
  isDefault: false,
  run: runTerabyte,
};

interface Row {
  readonly objects: number;
  readonly result: CaseResult;
  readonly harness: CaseResult;
}

async function runScale(context: SuiteContext): Promise<SuiteReport> {
  const { isTrial, runCase, progress } = context;
  const rows: Row[] = [];
  for (const objects of isTrial ? [1e2, 1e3] : OBJECTS) {
    progress(`scale: ${objects} objects`);
    const measure = (backend: string, count: number): Promise<CaseResult> => {
      const parameters = { backend, objects: count, operations: isTrial ? 1_000 : 1_000_000, samples: isTrial ? 2 : 5 };
      return runCase({ kind: "scale", parameters });
    };
    rows.push({ objects, result: await measure("zsmalloc", objects), harness: await measure("harness", objects) });
    if (objects > BASE_OBJECTS) addSamples(rows, await measure("zsmalloc", BASE_OBJECTS));
  }
  const starts = await measureStarts(context);
  return {
    suite: "scale",
    tables: [scaleTable(rows), startTable(starts)],
    notes: [plotOf(rows)],
    figures: [...rows.flatMap(figuresOf), ...starts.map(startFigureOf)],
    goals: [...(isTrial ? [] : growthGoals(rows)), ...starts.map(startGoalOf)],
  };
}

/** The case that all others are compared with runs again after each larger one, so that a bad moment of the machine doesn't decide. */
function addSamples(rows: Row[], again: CaseResult): void {
  const index = rows.findIndex(({ objects }) => objects === BASE_OBJECTS);
  const row = rows[index]!;
  const samples = Object.fromEntries(
    OPERATIONS.map((name) => [name, [...row.result.samples[name]!, ...again.samples[name]!]]),
  );
  rows[index] = { ...row, result: { ...row.result, samples } };
}

function spreadCell(samples: readonly number[] | undefined): string {
  if (samples === undefined || samples.length === 0) return "-";
  const { median: middle, p10, p90 } = spreadOf(samples);
  return samples.length === 1 ? middle.toFixed(0) : `${middle.toFixed(0)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
}

function scaleTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  return {
    title: "zsmalloc, size-only, ns per operation: median (p10 to p90); harness: a pair with a pool that does nothing",
    columns: [
      { title: "objects" },
      ...OPERATIONS.map((title) => ({ title })),
      { title: "harness" },
      { title: "pages" },
      { title: "GiB resident" },
      { title: "note", align: "left" },
    ],
    rows: rows.map(({ objects, result, harness }) => [
      objects.toLocaleString("en"),
      ...OPERATIONS.map((operation) => spreadCell(result.samples[operation])),
      spreadCell(harness.samples["pair"]),
      (result.facts["pages"] ?? 0).toLocaleString("en"),
      (result.rssBytes / GIB).toFixed(2),
      result.refusal === undefined ? "" : refusalOf(result),
    ]),
  };
}

function refusalOf({ facts, refusal }: CaseResult): string {
  const stored = facts["stored"];
  return stored === undefined ? `refused: ${refusal}` : `refused after ${stored.toLocaleString("en")}: ${refusal}`;
}

/** A log-log plot: equal steps are factors of ten to the right and of two upwards. */
function plotOf(rows: readonly Row[]): string {
  const curves = OPERATIONS.map((name) => ({
    name,
    points: rows
      .filter(({ result }) => result.refusal === undefined)
      .map(({ objects, result }) => [Math.log10(objects), Math.log2(median(result.samples[name]!))] as const),
  }));
  return formatPlot(curves, {
    x: { title: "objects", format: (power) => `10^${power}` },
    y: { title: "\nns per operation", format: (power) => (2 ** power).toFixed(0) },
    columns: 90,
    rows: 14,
  });
}

function figuresOf({ objects, result }: Row): Figure[] {
  return OPERATIONS.filter((operation) => result.samples[operation] !== undefined).map((operation) => ({
    key: `scale/${objects}/${operation}`,
    unit: "ns",
    better: "lower",
    samples: result.samples[operation]!,
  }));
}

function growthGoals(rows: readonly Row[]): Goal[] {
  const base = rows.find(({ objects }) => objects === BASE_OBJECTS)!.result;
  const { result: largest } = rows.at(-1)!;
  return OPERATIONS.map((operation) => {
    const ratio =
      largest.refusal === undefined
        ? median(largest.samples[operation]!) / median(base.samples[operation]!)
        : undefined;
    const note = largest.refusal === undefined ? undefined : refusalOf(largest);
    return makeGoal(`${operation} at 10^8 objects / at 10^5`, "lower", GROWTH_GOAL, ratio, (x) => x.toFixed(2), note);
  });
}

/** Something that is waited for before the first object is stored. */
interface Start {
  readonly what: string;
  readonly goalMs: number;
  readonly samples: readonly number[];
}

async function measureStarts({ isTrial, runCase, progress }: SuiteContext): Promise<Start[]> {
  progress("scale: construction");
  const runs = isTrial ? 1 : 15;
  const pool = await runCase({ kind: "construction", parameters: { what: "pool", samples: isTrial ? 2 : 50 } });
  const imports: number[] = [];
  const helps: number[] = [];
  for (let n = 0; n < runs; n++) {
    const result = await runCase({ kind: "construction", parameters: { what: "import", samples: 1 } });
    imports.push(...result.samples["ms"]!);
    const start = performance.now();
    await outputOf(process.execPath, [LAB_PROGRAM, "--help"]);
    helps.push(performance.now() - start);
  }
  return [
    { what: "a pool of zsmalloc", goalMs: 1, samples: pool.samples["ms"]! },
    { what: "import of zsmalloc, zpool and hw-sim", goalMs: 40, samples: imports },
    { what: "zlab --help, the whole process", goalMs: 120, samples: helps },
  ];
}

function startTable(starts: readonly Start[]): SuiteReport["tables"][number] {
  return {
    title: "before the first object, ms: median (p10 to p90)",
    columns: [{ title: "what", align: "left" }, { title: "ms" }],
    rows: starts.map(({ what, samples }) => {
      const { median: middle, p10, p90 } = spreadOf(samples);
      return [what, `${middle.toFixed(2)} (${p10.toFixed(2)} to ${p90.toFixed(2)})`];
    }),
  };
}

function startFigureOf({ what, samples }: Start): Figure {
  return { key: `scale/${what}`, unit: "ms", better: "lower", samples };
}

function startGoalOf({ what, goalMs, samples }: Start): Goal {
  return makeGoal(what, "lower", goalMs, median(samples), (ms) => `${ms.toFixed(2)} ms`);
}

/** 500 million objects on 2^28 pages: so much is added to zram-like sizes that they fill them at the density of zsmalloc. */
const TERABYTE = { objects: 500_000_000, memoryBytes: 2 ** 40, addedBytes: 770 };
const TERABYTE_RESIDENT_GOAL = 20; // GiB
const TERABYTE_SECONDS_GOAL = 120;

async function runTerabyte({ isTrial, runCase, progress }: SuiteContext): Promise<SuiteReport> {
  progress("terabyte: filling");
  const scale = isTrial ? 2 ** 13 : 1;
  const shape = {
    ...TERABYTE,
    objects: Math.floor(TERABYTE.objects / scale),
    memoryBytes: TERABYTE.memoryBytes / scale,
  };
  const result = await runCase({
    kind: "scale",
    parameters: { backend: "zsmalloc", operations: 0, samples: 0, ...shape },
  });
  const { facts, refusal } = result;
  const gib = facts["filledBytes"] === undefined ? Number.NaN : facts["filledBytes"] / GIB;
  const isFull = refusal === undefined;
  const note = isFull ? undefined : refusalOf(result);
  const row = [
    (facts["stored"] ?? 0).toLocaleString("en"),
    (facts["pages"] ?? 0).toLocaleString("en"),
    facts["fillSeconds"]?.toFixed(1) ?? "-",
    Number.isNaN(gib) ? "-" : gib.toFixed(2),
    note ?? "",
  ];
  const columns = [
    { title: "objects" },
    { title: "pages" },
    { title: "s" },
    { title: "GiB resident" },
    { title: "note" },
  ];
  return {
    suite: "terabyte",
    tables: [{ title: "the fill of a pool on a machine of 1 TiB", columns, rows: [row] }],
    notes: [
      "Sizes: zram-like, seed 1, each with 770 bytes more, at most 4,096, over and over; no handles are kept. Resident: when the fill ends.",
    ],
    figures: isFull ? [{ key: "terabyte/fill", unit: "s", better: "lower", samples: [facts["fillSeconds"]!] }] : [],
    goals: [
      makeGoal(
        "1 TiB: seconds",
        "lower",
        TERABYTE_SECONDS_GOAL,
        isFull ? facts["fillSeconds"] : undefined,
        inSeconds,
        note,
      ),
      makeGoal("1 TiB: resident memory", "lower", TERABYTE_RESIDENT_GOAL, isFull ? gib : undefined, inGib, note),
    ],
  };
}

function inSeconds(seconds: number): string {
  return `${seconds.toFixed(0)} s`;
}

function inGib(gib: number): string {
  return `${gib.toFixed(1)} GiB`;
}
