import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { UsageError, readArguments } from "../src/arguments.ts";
import { type Figure, type SuiteReport, formatGoals, makeGoal } from "../src/report.ts";
import { compareRuns, formatComparison, keepRun, latestRun, readRun } from "../src/results.ts";

const head = { date: "2026-11-21T08:15:52.251Z", cpu: "a CPU", cores: 2, runtime: "Node v26" };

let directory: string;

beforeEach(() => (directory = mkdtempSync(join(tmpdir(), "zlab-results-"))));

afterEach(() => rmSync(directory, { recursive: true }));

function reportOf(suite: string, ...figures: Figure[]): SuiteReport {
  return { suite, tables: [], notes: [], figures, goals: [] };
}

function figure(key: string, better: Figure["better"], ...samples: number[]): Figure {
  return { key, unit: "ns", better, samples };
}

test("a run is kept by its date, and found again by its suites", () => {
  keepRun({ ...head, reports: [reportOf("speed")] }, directory);
  keepRun({ ...head, date: "2026-11-22T08:00:00.000Z", reports: [reportOf("density")] }, directory);
  keepRun({ ...head, date: "2026-11-20T08:00:00.000Z", reports: [reportOf("speed")] }, directory, "reference");
  expect(readdirSync(directory)).toEqual(["2026-11-21T08-15-52.json", "2026-11-22T08-00-00.json", "reference.json"]);
  expect(latestRun(directory, ["speed"])!.date).toBe(head.date);
  expect(latestRun(directory, ["scale"])).toBeUndefined();
  expect(latestRun(join(directory, "none"), ["speed"])).toBeUndefined();
});

test("what is no kept run is told with its path", () => {
  const path = join(directory, "x.json");
  expect(() => readRun(path)).toThrow(`there is no kept run ${path}`);
  writeFileSync(path, "{}");
  expect(() => readRun(path)).toThrow(`${path} is no kept run: it has no reports`);
  writeFileSync(path, "{");
  expect(() => readRun(path)).toThrow(`${path} is no kept run: `);
});

test("a figure has changed when its median moved by a tenth and the spreads don't overlap", () => {
  const before = [
    reportOf(
      "s",
      figure("faster", "lower", 100, 101, 102),
      figure("slower", "lower", 100, 101, 102),
      figure("noisy", "lower", 50, 100, 150),
      figure("near", "lower", 100, 101, 102),
      figure("rate", "higher", 10, 10, 10),
      figure("gone", "lower", 1),
    ),
  ];
  const now = [
    reportOf(
      "s",
      figure("faster", "lower", 79, 80, 81),
      figure("slower", "lower", 119, 120, 121),
      figure("noisy", "lower", 140, 145, 150),
      figure("near", "lower", 109, 109, 109),
      figure("rate", "higher", 20, 20, 20),
      figure("new", "lower", 1),
    ),
  ];
  const changes = compareRuns(before, now);
  expect(changes.map(({ figure: { key }, verdict }) => [key, verdict])).toEqual([
    ["faster", "better"],
    ["slower", "worse"],
    ["noisy", "same"],
    ["near", "same"],
    ["rate", "better"],
  ]);
  const text = formatComparison(head, changes);
  expect(text).toContain("faster  ns");
  expect(text).toContain("2 of 5 figures are the same");
});

test("a goal is met at its bound, from either side, and has no figure without a number", () => {
  const format = (value: number): string => value.toFixed(1);
  expect(makeGoal("a", "lower", 1.5, 1.5, format)).toEqual({ what: "a", goal: "<= 1.5", figure: "1.5", isMet: true });
  expect(makeGoal("a", "lower", 1.5, 1.51, format)).toMatchObject({ figure: "1.5", isMet: false });
  expect(makeGoal("a", "higher", 4, 3.9, format)).toMatchObject({ goal: ">= 4.0", isMet: false });
  expect(makeGoal("a", "higher", 4, Number.NaN, format, "no compiler")).toMatchObject({
    figure: "-",
    isMet: undefined,
  });
  const text = formatGoals([
    { ...reportOf("s"), goals: [makeGoal("a", "lower", 1, undefined, format, "no compiler")] },
  ]);
  expect(text).toContain("no figure  no compiler");
});

test("the command line: suites, a baseline with or without a file, and what is wrong", () => {
  const read = (...argv: string[]) => readArguments(argv, ["speed", "density"]);
  expect(read()).toMatchObject({ suites: [], backends: [], isJson: false, baseline: undefined });
  expect(read("speed", "--json", "--backend", "zbud")).toMatchObject({
    suites: ["speed"],
    isJson: true,
    backends: ["zbud"],
  });
  expect(read("--baseline", "speed")).toMatchObject({ baseline: "", suites: ["speed"] });
  expect(read("--baseline", "old.json", "speed")).toMatchObject({ baseline: "old.json", suites: ["speed"] });
  expect(() => read("spede")).toThrow(new UsageError('there is no suite "spede"; there are: speed, density'));
  expect(() => read("--nosuch")).toThrow(UsageError);
  expect(() => read("--save", "a/b")).toThrow('--save takes a plain name, not "a/b"');
});
