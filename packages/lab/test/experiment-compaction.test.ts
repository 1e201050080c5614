import { describe, expect, test } from "vitest";
import { type CompactionData, compaction } from "../src/experiments/compaction.ts";

const run = (seed: number): CompactionData => compaction.run({ seed, scale: 0.2, progress: () => {} });
const data = run(1);
const moved = (strategy: string): Map<number, number> =>
  new Map(
    data.runs
      .filter((row) => row.strategy === strategy)
      .map(({ keptPercent, objectsMoved }) => [keptPercent, objectsMoved]),
  );

describe("compaction", () => {
  test("all strategies free the same pages", () => {
    for (const { keptPercent } of data.runs) {
      const rows = data.runs.filter((row) => row.keptPercent === keptPercent);
      expect(new Set(rows.map((row) => row.pagesFreed)).size).toBe(1);
      expect(rows[0]!.pagesFreed).toBeGreaterThan(0);
    }
  });

  test("the rework of 2023 moves fewer objects with each of its halves where a third is left, as published", () => {
    const at = (strategy: string): number => moved(strategy).get(30)!;
    expect(at("old groups, old algorithm")).toBeGreaterThan(1.1 * at("old groups, new algorithm"));
    expect(at("old groups, new algorithm")).toBeGreaterThan(1.1 * at("new groups, new algorithm"));
  });

  test("nothing moves fewer objects than the ideal, and Linux 6.12 is near it", () => {
    for (const [percent, ideal] of moved("ideal")) {
      for (const strategy of new Set(data.runs.map((row) => row.strategy))) {
        expect(moved(strategy).get(percent)!).toBeGreaterThanOrEqual(ideal);
      }
      expect(moved("new groups, new algorithm").get(percent)!).toBeLessThan(1.1 * ideal);
    }
  });

  test("is the same for the same seed, and another for another", () => {
    expect(run(1)).toEqual(data);
    expect(run(2)).not.toEqual(data);
  });

  test("concludes from the data", () => {
    expect(compaction.conclude(data)).toMatch(/moves more than the old one where 50, 60, .* free the same pages\.$/);
    const level = data.runs.map((row) => ({ ...row, objectsMoved: 100 }));
    expect(compaction.conclude({ ...data, runs: level })).toBe(
      "Over all parts together the new algorithm changes the objects moved by +0.0 % and with the new groups by +0.0 %, against an " +
        "ideal of +0.0 %; the new algorithm never moves more than the old one; the strategies free the same pages.",
    );
    const uneven = data.runs.map((row, i) => ({ ...row, pagesFreed: i }));
    expect(compaction.conclude({ ...data, runs: uneven })).toContain("free different numbers of pages");
  });
});
