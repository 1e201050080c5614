// Runs kept as JSON, one file each, and the comparison of a run with an earlier one.

import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatTable } from "@zlab/lab";
import type { Figure, SuiteReport } from "./report.ts";
import { type Spread, spreadOf } from "./statistics.ts";

/** Where runs are kept. */
export const RESULTS_DIRECTORY: string = fileURLToPath(new URL("../results/", import.meta.url));

/** What measured, and when. */
export interface RunHead {
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly runtime: string;
}

/** A run as it is kept. */
export interface KeptRun extends RunHead {
  readonly reports: readonly SuiteReport[];
}

/** A change that is smaller than this share is noise on any machine that does something else as well. */
const NOISE_SHARE = 0.1;

/** Writes the run, a line for each suite, as `name`.json, by default named by its date: "2026-11-21T08-15-00.json". Returns the path. */
export function keepRun(run: KeptRun, directory: string, name?: string): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name ?? run.date.slice(0, 19).replaceAll(":", "-")}.json`);
  const { reports, ...head } = run;
  const lines = reports.map((report) => JSON.stringify(report, rounded)).join(",\n");
  writeFileSync(path, `${JSON.stringify(head).slice(0, -1)},"reports":[\n${lines}\n]}\n`);
  return path;
}

/** Numbers to six figures: more are noise. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(6)) : value;
}

/** Reads a kept run. Throws with the path when it isn't there or isn't one. */
export function readRun(path: string): KeptRun {
  if (!existsSync(path)) throw new Error(`there is no kept run ${path}`);
  try {
    const run = JSON.parse(readFileSync(path, "utf8")) as KeptRun;
    if (Array.isArray(run.reports)) return run;
  } catch (error) {
    throw new Error(`${path} is no kept run: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  throw new Error(`${path} is no kept run: it has no reports`);
}

/** The latest run of the directory that measured any of these suites; undefined if there is none. */
export function latestRun(directory: string, suites: readonly string[]): KeptRun | undefined {
  if (!existsSync(directory)) return undefined;
  const files = readdirSync(directory).filter((name) => name.endsWith(".json"));
  return files
    .map((name) => readRun(join(directory, name)))
    .filter(({ reports }) => reports.some(({ suite }) => suites.includes(suite)))
    .toSorted((a, b) => a.date.localeCompare(b.date))
    .at(-1);
}

/** Every figure that both runs have, and by how much it changed. */
interface Change {
  readonly figure: Figure;
  readonly before: Spread;
  readonly now: Spread;
  /** now / before */
  readonly ratio: number;
  readonly verdict: "better" | "worse" | "same";
}

/** Compares by key. A figure has changed when its median moved by more than a tenth and the two spreads (p10 to p90) don't overlap. */
export function compareRuns(before: readonly SuiteReport[], now: readonly SuiteReport[]): Change[] {
  const old = new Map(before.flatMap(({ figures }) => figures.map((figure) => [figure.key, figure])));
  return now
    .flatMap(({ figures }) => figures)
    .flatMap((figure) => {
      const earlier = old.get(figure.key);
      if (earlier === undefined || earlier.samples.length === 0 || figure.samples.length === 0) return [];
      return [changeOf(figure, spreadOf(earlier.samples), spreadOf(figure.samples))];
    });
}

function changeOf(figure: Figure, before: Spread, now: Spread): Change {
  const ratio = now.median / before.median;
  const overlap = now.p10 <= before.p90 && before.p10 <= now.p90;
  if (overlap || Math.abs(ratio - 1) <= NOISE_SHARE) return { figure, before, now, ratio, verdict: "same" };
  const isBetter = ratio < 1 === (figure.better === "lower");
  return { figure, before, now, ratio, verdict: isBetter ? "better" : "worse" };
}

/** The changes as a table, and how many figures stayed the same. */
export function formatComparison(baseline: RunHead, changes: readonly Change[]): string {
  const head = `\ncompared with the run of ${baseline.date} (${baseline.cpu}, ${baseline.runtime})\n`;
  const moved = changes.filter(({ verdict }) => verdict !== "same");
  const rest = `${changes.length - moved.length} of ${changes.length} figures are the same within their spread or a tenth.\n`;
  if (moved.length === 0) return head + rest;
  const rows = moved.map(({ figure, before, now, ratio, verdict }) => [
    figure.key,
    figure.unit,
    before.median.toPrecision(3),
    now.median.toPrecision(3),
    ratio.toFixed(2),
    verdict,
  ]);
  const columns = [
    { title: "figure", align: "left" as const },
    { title: "unit", align: "left" as const },
    { title: "before" },
    { title: "now" },
    { title: "now / before" },
    { title: "verdict", align: "left" as const },
  ];
  return `${head}${formatTable(columns, rows)}${rest}`;
}
