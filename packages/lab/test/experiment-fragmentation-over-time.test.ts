import { describe, expect, test } from "vitest";
import { type FragmentationData, fragmentationOverTime } from "../src/experiments/fragmentation-over-time.ts";

const run = (seed: number): FragmentationData => fragmentationOverTime.run({ seed, scale: 0.2, progress: () => {} });
const data = run(1);
type Run = FragmentationData["runs"][number];
const find = (backend: string, policy: string): Run =>
  data.runs.find((candidate) => candidate.backend === backend && candidate.policy === policy)!;
const later = ({ density }: Run): number[] =>
  density.flatMap(([operations, value]) => (operations >= data.warmUpOperations ? [value] : []));
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("fragmentation over time", () => {
  test("follows every backend through the same operations", () => {
    expect(data.runs.map(({ backend }) => backend)).toContain("zblock");
    for (const { density } of data.runs) {
      expect(density.map(([operations]) => operations)).toEqual(
        data.runs[0]!.density.map(([operations]) => operations),
      );
      for (const [, value] of density) expect(value > 0 && value < 1).toBe(true);
    }
  });

  test("a fall of the load leaves zsmalloc sparse, and compaction brings it back", () => {
    const [never, intervals, trigger] = ["never", "at intervals", "by trigger"].map((policy) =>
      later(find("zsmalloc", policy)),
    );
    expect(Math.min(...never!)).toBeLessThan(0.75 * Math.max(...never!));
    expect(mean(intervals!)).toBeGreaterThan(1.05 * mean(never!));
    expect(mean(trigger!)).toBeGreaterThan(mean(intervals!));
  });

  test("only runs with a policy compact", () => {
    for (const { policy, compactions, objectsMoved, backend } of data.runs) {
      expect(compactions > 0).toBe(policy !== "never");
      if (backend === "zsmalloc") expect(objectsMoved > 0).toBe(policy !== "never");
    }
  });

  test("the trigger compacts when there is something to free, not at every look", () => {
    const { compactions, density } = find("zsmalloc", "by trigger");
    expect(compactions).toBeLessThan(0.5 * density.length);
  });

  test("is the same for the same seed, and another for another", () => {
    expect(run(1)).toEqual(data);
    expect(run(2)).not.toEqual(data);
  });

  test("concludes from the data", () => {
    const never = find("zsmalloc", "never");
    const sentence = fragmentationOverTime.conclude(data);
    expect(sentence).toContain(`zsmalloc keeps ${mean(later(never)).toFixed(3)} bytes per byte of pool`);
    expect(sentence).toContain("without compaction z3fold is the densest");
    const runs = data.runs.map((row) => ({
      ...row,
      density: row.density.map(([operations]) => [operations, row.backend === "zbud" ? 0.9 : 0.5] as const),
    }));
    expect(fragmentationOverTime.conclude({ ...data, runs })).toMatch(
      /^zsmalloc keeps 0\.500 .* \(the lowest is 0\.500\), .* without compaction zbud is the densest with 0\.900\.$/,
    );
  });
});
