import { expect, test } from "vitest";
import { runCase } from "../src/cases.ts";
import { quantile } from "../src/statistics.ts";
import { zramLikeSizes } from "../src/workload.ts";

test("quantiles are samples by rank", () => {
  const samples = [5, 1, 4, 2, 3];
  expect([0, 0.1, 0.5, 0.9, 1].map((share) => quantile(samples, share))).toEqual([1, 1, 3, 5, 5]);
});

test("zram-like sizes: a mean of about 1,400 bytes, 8 % whole pages, the same for the same seed", () => {
  const sizes = zramLikeSizes(50_000, 1);
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  expect(mean).toBeGreaterThan(1300);
  expect(mean).toBeLessThan(1500);
  expect(sizes.filter((size) => size === 4096).length / sizes.length).toBeCloseTo(0.08, 2);
  expect(zramLikeSizes(100, 7)).toEqual(zramLikeSizes(100, 7));
});

test("density: compaction gains what thinning cost, for the backend that can", () => {
  const { full, thinned, compacted, refused } = runCase({ suite: "density", backend: "zsmalloc", objects: 5_000 });
  expect(thinned![0]).toBeLessThan(full![0]!);
  expect(compacted![0]).toBeGreaterThan(thinned![0]!);
  expect(refused).toEqual([0]);
});
