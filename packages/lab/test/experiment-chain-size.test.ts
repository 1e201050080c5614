// Experiment 5: the lesson of published table T7, and the effect of small pools against densities that were measured with the
// kernel's code.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { type ChainSizeData, type SmallPoolPages, chainSize, measureSmallPool } from "../src/experiments/chain-size.ts";

const data = chainSize.run({ seed: 1, scale: 1, progress: () => {} });
const [shortest, longest] = [data.chains[0]!, data.chains.at(-1)!];

describe("files that are cut", () => {
  test("long chains win full and lose fragmented", () => {
    expect(longest.full).toBeLessThan(0.98 * shortest.full);
    expect(longest.cut).toBeGreaterThan(1.05 * shortest.cut);
  });

  test("a compaction takes most of that away", () => {
    for (const { full, cut, compacted } of data.chains) {
      expect(cut).toBeLessThan(full);
      expect(compacted).toBeLessThan(cut);
    }
    expect(longest.compacted).toBeLessThan(shortest.compacted);
  });
});

interface GoldenDensity {
  readonly chain: number;
  readonly objects: number;
  readonly bytes: number;
  readonly afterFill: number;
  readonly afterChurn: number;
}

/** Rows of zsmalloc in the golden table. Its sizes are drawn by a generator that is not known, so that only the shape can be met. */
function goldenDensities(): GoldenDensity[] {
  const text = readFileSync(new URL("../../../golden/tables/density.csv", import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","))
    .filter(([allocator, , slots]) => allocator === "zsmalloc" && Number(slots) <= 10_000)
    .map((cells) => {
      const [, chain, objects, , bytes, afterFill, afterChurn] = cells.map(Number);
      return { chain: chain!, objects: objects!, bytes: bytes!, afterFill: afterFill!, afterChurn: afterChurn! };
    });
}

describe("small pools", () => {
  test("have, in the mean over eight seeds, the densities of the golden table to a tenth", () => {
    for (const { chain, objects, bytes, afterFill, afterChurn } of goldenDensities()) {
      const own = Array.from({ length: 8 }, (_, i) => measureSmallPool(chain, objects, i + 1));
      const meanOf = (density: (row: SmallPoolPages) => number): number =>
        own.reduce((sum, row) => sum + density(row), 0) / own.length;
      const full = meanOf((row) => row.bytes / row.afterFill) / (bytes / afterFill);
      const churned = meanOf((row) => row.bytes / row.afterChurn) / (bytes / afterChurn);
      const where = `chain ${chain}, ${objects} objects: ${full}, ${churned}`;
      expect(Math.max(full, churned), where).toBeLessThan(1.1);
      expect(Math.min(full, churned), where).toBeGreaterThan(0.9);
    }
  });

  test("a pool of few objects is the sparser the longer the chains, and that passes as it grows", () => {
    const fills = (objects: number): number[] =>
      data.small.filter((row) => row.objects === objects).map((row) => row.afterFill);
    expect(fills(100)).toEqual(fills(100).toSorted((a, b) => a - b));
    expect(fills(100).at(-1)!).toBeGreaterThan(4 * fills(100)[0]!);
    expect(fills(100_000).at(-1)!).toBeLessThan(fills(100_000)[0]!);
  });
});

describe("the conclusion", () => {
  test("names the best chains and what long ones cost", () => {
    expect(chainSize.conclude(data)).toMatch(
      /^Chain \d+ makes the smallest full pool, chain 4 the smallest after the cut .* take -3\.\d % of pages .* those of 100,000 and more/,
    );
  });

  test("is another for other data", () => {
    const chains = data.chains.map((row) => ({ ...row, full: row.chainSize === 7 ? 1 : 100, cut: 50, compacted: 20 }));
    const small = data.small.map((row) => ({ ...row, afterFill: row.chainSize }));
    const changed: ChainSizeData = { ...data, chains, small };
    expect(chainSize.conclude(changed)).toMatch(
      /^Chain 7 makes the smallest full pool, chain 4 the .* take \+0\.0 % .* none is smaller with chain 16 than with chain 4\.$/,
    );
  });
});

test("is the same for the same seed", () => {
  const run = (seed: number): string => JSON.stringify(chainSize.run({ seed, scale: 0.05, progress: () => {} }));
  expect(run(5)).toBe(run(5));
  expect(run(6)).not.toBe(run(5));
});
