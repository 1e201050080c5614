// The suite "speed": pair, store, load and free of every backend beside the yardstick. zsmalloc's and the yardstick's processes take
// turns, and each ratio is that of neighbours, since the machine's mood changes within a run.

import { backendVariants } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import { type NativeYardstick, buildYardstick } from "../native.ts";
import { type Figure, type Goal, type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";
import type { WorkloadShape } from "../workload.ts";

const OPERATIONS = ["pair", "store", "load", "free"] as const;
const LIVE = [2_000, 100_000];
const GARBAGE_OPERATIONS = 10_000_000;
const MAIN = "zsmalloc";
const YARDSTICK = "glibc malloc (C)";
const HARNESS = "harness";

/** Processes of zsmalloc and of the yardstick, in turns; of any other backend. */
const MAIN_ROUNDS = 5;
const OTHER_ROUNDS = 2;

/** Most that zsmalloc may cost as a multiple of the yardstick, by live objects and operation. */
const RATIO_GOALS: Readonly<Record<number, Partial<Record<(typeof OPERATIONS)[number], number>>>> = {
  2_000: { pair: 0.6, store: 1.5, load: 2.5 },
  100_000: { pair: 0.22, store: 1.8, load: 2.2, free: 0.7 },
};
/** Most that another backend's pair may cost as a multiple of zsmalloc's. */
const OTHERS_PAIR_GOAL = 1.5;

/** All processes of one backend at one number of live objects, in the order in which they ran. */
interface Row {
  readonly backend: string;
  readonly live: number;
  readonly rounds: CaseResult[];
}

export const speedSuite: Suite = {
  name: "speed",
  summary: "ns per pair, store, load and free of every backend, beside glibc's malloc",
  isDefault: true,
  run: runSpeed,
};

async function runSpeed(context: SuiteContext): Promise<SuiteReport> {
  const yardstick = buildYardstick();
  const native = "missing" in yardstick ? undefined : yardstick;
  try {
    const rows: Row[] = [];
    for (const live of context.isTrial ? [200] : LIVE) rows.push(...(await measureRows(live, context, native)));
    const missing = "missing" in yardstick ? yardstick.missing : undefined;
    return makeReport(rows, native, missing, await countGarbage(context));
  } finally {
    native?.[Symbol.dispose]();
  }
}

/** Collections during ten million operations of each kind. */
async function countGarbage({ isTrial, runCase, progress }: SuiteContext): Promise<CaseResult> {
  progress("speed: counting collections");
  const operations = isTrial ? 1_000 : GARBAGE_OPERATIONS;
  return runCase({ kind: "garbage", parameters: { backend: MAIN, live: isTrial ? 100 : 2_000, operations } });
}

function shapeFor(live: number, isTrial: boolean): WorkloadShape {
  if (isTrial) return { live, operations: 1_000, warmUps: 1, samples: 2 };
  return { live, operations: 100_000, warmUps: 2, samples: 5 };
}

/** Runs the processes in rounds: every round runs each case that still has rounds to go. */
async function measureRows(
  live: number,
  { backends, isTrial, runCase, progress }: SuiteContext,
  native: NativeYardstick | undefined,
): Promise<Row[]> {
  const shape = shapeFor(live, isTrial);
  const labels = backendVariants().map(({ label }) => label);
  const chosen = labels.filter((label) => backends.length === 0 || label === MAIN || backends.includes(label));
  const rows = [...(native === undefined ? [] : [YARDSTICK]), ...chosen, HARNESS].map((backend): Row => {
    return { backend, live, rounds: [] };
  });
  for (let round = 0; round < (isTrial ? 1 : MAIN_ROUNDS); round++) {
    for (const { backend, rounds } of rows) {
      const isMain = backend === MAIN || backend === YARDSTICK;
      if (!isMain && round >= (backend === HARNESS ? 1 : OTHER_ROUNDS)) continue;
      progress(`speed: ${backend}, ${live} live, round ${round + 1}`);
      const isNative = backend === YARDSTICK;
      rounds.push(
        isNative ? await native!.run(shape) : await runCase({ kind: "speed", parameters: { backend, ...shape } }),
      );
    }
  }
  assertSameWork(rows);
  return rows;
}

/** Every process, the C program included, must have done the same. */
function assertSameWork(rows: readonly Row[]): void {
  const sums = new Set(rows.flatMap(({ rounds }) => rounds.map(({ facts }) => facts["checksum"])));
  if (sums.size > 1) throw new Error(`the cases did not do the same work: checksums ${[...sums].join(", ")}`);
}

/** The median over the rounds of a row's median over a base's median of the same round. */
function ratioOf(row: Row, base: Row | undefined, operation: string): number {
  if (base === undefined) return Number.NaN;
  const pairs = Math.min(row.rounds.length, base.rounds.length);
  const ratios = Array.from({ length: pairs }, (_, n) => {
    return median(row.rounds[n]!.samples[operation]!) / median(base.rounds[n]!.samples[operation]!);
  });
  return median(ratios);
}

function samplesOf({ rounds }: Row, operation: string): number[] {
  return rounds.flatMap(({ samples }) => samples[operation]!);
}

function makeReport(
  rows: readonly Row[],
  native: NativeYardstick | undefined,
  missing: string | undefined,
  garbage: CaseResult,
): SuiteReport {
  const notes = [
    "pair: free and malloc of one object at random, payload untouched. store: malloc and write. load: read into the caller's buffer.",
    "free: free, in random order. The harness row is what the loops cost with a pool that does nothing; it is part of every other row.",
    missing === undefined
      ? `Yardstick: the same work on glibc's malloc in C, ${native!.compiler}, -O2.`
      : `No yardstick, so no ratios: ${missing}.`,
  ];
  return {
    suite: "speed",
    tables: [nanosecondTable(rows), ...(native === undefined ? [] : [ratioTable(rows)])],
    notes,
    figures: rows.flatMap(figuresOf),
    goals: [...ratioGoals(rows, missing), ...garbageGoals(garbage), ...otherGoals(rows)],
  };
}

function figuresOf(row: Row): Figure[] {
  return OPERATIONS.map((operation) => ({
    key: `speed/${row.backend}/${row.live}/${operation}`,
    unit: "ns",
    better: "lower",
    samples: samplesOf(row, operation),
  }));
}

function nanosecondTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  const cell = (row: Row, operation: string): string => {
    const { median: middle, p10, p90 } = spreadOf(samplesOf(row, operation));
    return `${middle.toFixed(1)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
  };
  return {
    title: "ns per operation: median (p10 to p90); operations a second; collections; resident memory",
    columns: [
      { title: "live" },
      { title: "backend", align: "left" },
      ...OPERATIONS.map((title) => ({ title })),
      { title: "pair M/s" },
      { title: "scavenges" },
      { title: "other GC" },
      { title: "RSS MB" },
    ],
    rows: rows.map((row) => [
      row.live.toLocaleString("en"),
      row.backend,
      ...OPERATIONS.map((operation) => cell(row, operation)),
      (1e3 / median(samplesOf(row, "pair"))).toFixed(1),
      String(median(row.rounds.map(({ scavenges }) => scavenges))),
      String(median(row.rounds.map(({ otherCollections }) => otherCollections))),
      (median(row.rounds.map(({ rssBytes }) => rssBytes)) / 1e6).toFixed(0),
    ]),
  };
}

function ratioTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  const shown = rows.filter(({ backend }) => backend !== YARDSTICK && backend !== HARNESS);
  return {
    title: "multiples of glibc's malloc, and of zsmalloc's pair (median of the rounds)",
    columns: [
      { title: "live" },
      { title: "backend", align: "left" },
      ...OPERATIONS.map((title) => ({ title })),
      { title: "pair / zsmalloc's" },
    ],
    rows: shown.map((row) => [
      row.live.toLocaleString("en"),
      row.backend,
      ...OPERATIONS.map((operation) => ratioOf(row, find(rows, YARDSTICK, row.live), operation).toFixed(2)),
      ratioOf(row, find(rows, MAIN, row.live), "pair").toFixed(2),
    ]),
  };
}

function find(rows: readonly Row[], backend: string, live: number): Row | undefined {
  return rows.find((row) => row.backend === backend && row.live === live);
}

function ratioGoals(rows: readonly Row[], missing: string | undefined): Goal[] {
  return rows
    .filter(({ backend }) => backend === MAIN)
    .flatMap((row) =>
      Object.entries(RATIO_GOALS[row.live] ?? {}).map(([operation, most]) => {
        const ratio = ratioOf(row, find(rows, YARDSTICK, row.live), operation);
        const what = `zsmalloc, ${row.live.toLocaleString("en")} live: ${operation} / glibc's`;
        return makeGoal(what, "lower", most, ratio, (value) => value.toFixed(2), missing);
      }),
    );
}

function garbageGoals({ facts }: CaseResult): Goal[] {
  return ["pair", "store", "load"].map((operation) => {
    const what = `zsmalloc: scavenges during 10 million operations of ${operation}`;
    return makeGoal(what, "lower", 0, facts[`${operation}Scavenges`], String);
  });
}

function otherGoals(rows: readonly Row[]): Goal[] {
  return rows
    .filter(({ backend }) => ![MAIN, YARDSTICK, HARNESS].includes(backend))
    .map((row) => {
      const ratio = ratioOf(row, find(rows, MAIN, row.live), "pair");
      const what = `${row.backend}, ${row.live.toLocaleString("en")} live: pair / zsmalloc's`;
      return makeGoal(what, "lower", OTHERS_PAIR_GOAL, ratio, (value) => value.toFixed(2));
    });
}
