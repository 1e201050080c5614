// Experiment 7: what a compaction costs. All strategies free the same pages; what differs is how many objects they move for them, and
// that depends on how full the zspages are when it begins.

import { signedPercent, thousands } from "../output/format.ts";
import { formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { type Experiment, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { withZsPool } from "./own-pages.ts";
import { fillAndRelease } from "./random-release.ts";

const CHAIN_SIZE = 10;
const OBJECT_COUNT = 100_000;
const KEPT_PERCENTS = [10, 20, 30, 40, 50, 60, 70, 80, 90];

/** The strategies that are compared, the oldest first. */
const STRATEGIES = [
  { name: "old groups, old algorithm", fullness: "three-quarters", compaction: "before-2023" },
  { name: "old groups, new algorithm", fullness: "three-quarters", compaction: "linux-6.12" },
  { name: "new groups, new algorithm", fullness: "tenths", compaction: "linux-6.12" },
  { name: "ideal", fullness: "tenths", compaction: "ideal" },
] as const;

const [OLD, NEW_ALGORITHM, NEW, IDEAL] = STRATEGIES.map(({ name }) => name) as [string, string, string, string];

export interface CompactionData {
  readonly chainSize: number;
  readonly objects: number;
  readonly runs: readonly CompactionRun[];
}

interface CompactionRun {
  readonly strategy: string;
  /** Part of the objects, in per cent, that is left when the compaction begins. */
  readonly keptPercent: number;
  readonly pagesBefore: number;
  readonly pagesFreed: number;
  readonly objectsMoved: number;
}

export const compaction: Experiment<CompactionData> = {
  name: "compaction",
  summary: "how many objects does a compaction move, by strategy?",
  question:
    "A pool with chains of up to 10 pages is filled with objects of random sizes, a part of them is freed at random, and the pool is " +
    "compacted: with the four fullness groups and the algorithm before 2023, with the algorithm of Linux 6.12, with its eleven groups " +
    "too, and ideally. How many objects are moved, and how many pages come free?",

  run(options: ExperimentOptions): CompactionData {
    const objects = scaled(OBJECT_COUNT, options);
    const runs = KEPT_PERCENTS.flatMap((keptPercent, i) => {
      options.progress(i / KEPT_PERCENTS.length, `${keptPercent} % kept`);
      return STRATEGIES.map((strategy) => measure(strategy, keptPercent, objects, options.seed));
    });
    return { chainSize: CHAIN_SIZE, objects, runs };
  },

  render(data: CompactionData, view: View): string {
    return [
      `Objects moved, of ${thousands(data.objects)} that were stored, and change against the old state:\n`,
      formatTable(COLUMNS, rowsOf(data), view.paint),
      formatPlot(
        STRATEGIES.map(({ name }) => ({
          name,
          points: data.runs
            .filter((run) => run.strategy === name)
            .map((run) => [run.keptPercent, run.objectsMoved] as const),
        })),
        {
          x: { title: "objects left when the compaction begins, per cent" },
          y: { title: "objects moved", min: 0, format: thousands },
          columns: Math.min(view.columns, 100),
        },
      ),
    ].join("\n");
  },

  conclude(data: CompactionData): string {
    const total = (strategy: string): number => movedIn(data, strategy).reduce((sum, moved) => sum + moved, 0);
    const change = (strategy: string): string => signedPercent(total(strategy) / total(OLD) - 1);
    const worse = percentsWhere(data, (row) => row.get(NEW_ALGORITHM)! > row.get(OLD)!);
    const equal = sameFreed(data);
    return (
      `Over all parts together the new algorithm changes the objects moved by ${change(NEW_ALGORITHM)} and with the new groups by ` +
      `${change(NEW)}, against an ideal of ${change(IDEAL)}; ` +
      (worse.length === 0
        ? "the new algorithm never moves more than the old one"
        : `in the old groups the new algorithm moves more than the old one where ${listOf(worse)} % are left`) +
      `; the strategies free ${equal ? "the same pages" : "different numbers of pages"}.`
    );
  },
};

function measure(
  { name, fullness, compaction: strategy }: (typeof STRATEGIES)[number],
  keptPercent: number,
  objectCount: number,
  seed: number,
): CompactionRun {
  return withZsPool({ chainSize: CHAIN_SIZE, fullness, compaction: strategy }, (pool) => {
    fillAndRelease(pool, { objectCount, kept: keptPercent / 100, seed });
    const pagesBefore = pool.totalPages();
    const pagesFreed = pool.compact();
    return { strategy: name, keptPercent, pagesBefore, pagesFreed, objectsMoved: pool.stats().objectsMoved };
  });
}

function movedIn({ runs }: CompactionData, strategy: string): number[] {
  return runs.filter((run) => run.strategy === strategy).map((run) => run.objectsMoved);
}

function percentsOf({ runs }: CompactionData): number[] {
  return [...new Set(runs.map((run) => run.keptPercent))];
}

/** Objects moved at one part, by strategy. */
function movedAt({ runs }: CompactionData, keptPercent: number): Map<string, number> {
  return new Map(
    runs.filter((run) => run.keptPercent === keptPercent).map((run) => [run.strategy, run.objectsMoved] as const),
  );
}

function percentsWhere(data: CompactionData, holds: (row: Map<string, number>) => boolean): number[] {
  return percentsOf(data).filter((percent) => holds(movedAt(data, percent)));
}

function sameFreed(data: CompactionData): boolean {
  return percentsOf(data).every((percent) => {
    const freed = data.runs.filter((run) => run.keptPercent === percent).map((run) => run.pagesFreed);
    return new Set(freed).size === 1;
  });
}

function listOf(numbers: readonly number[]): string {
  return numbers.length === 1 ? String(numbers[0]) : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;
}

const COLUMNS = [
  { title: "objects\nleft" },
  { title: "pages\nbefore" },
  { title: "pages\nfreed" },
  { title: "old groups,\nold algorithm" },
  { title: "old groups,\nnew algorithm" },
  { title: "" },
  { title: "new groups,\nnew algorithm" },
  { title: "" },
  { title: "ideal" },
  { title: "" },
];

function rowsOf(data: CompactionData): string[][] {
  return percentsOf(data).map((percent) => {
    const { pagesBefore, pagesFreed } = data.runs.find((run) => run.keptPercent === percent)!;
    const moved = movedAt(data, percent);
    const old = moved.get(OLD)!;
    const cells = [NEW_ALGORITHM, NEW, IDEAL].flatMap((name) => [
      thousands(moved.get(name)!),
      signedPercent(moved.get(name)! / old - 1),
    ]);
    return [`${percent} %`, thousands(pagesBefore), thousands(pagesFreed), thousands(old), ...cells];
  });
}
