import { expect, test } from "vitest";
import { runCase } from "../src/cases.ts";
import { GarbageCounter } from "../src/garbage.ts";
import { buildYardstick } from "../src/native.ts";
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

test("memory: of zsmalloc's tables every word in use is counted once", async () => {
  const parameters = { backend: "zsmalloc", objects: 100, objectBytes: 4096, isBacked: false };
  const { facts } = await runCase({ kind: "memory", parameters });
  // a page each, in records of 4 + 1 + 1 words, of which 341 fit a segment of 2,048
  const counted = { slotWords: 400, zspageHeaders: 1600, frameNumbers: 400, descriptors: 1100, segments: 4 * (2 + 1) };
  expect(facts).toMatchObject({ pages: 100, handleCells: 128 * 4, ...counted });
});

test("density: compaction gains what thinning cost, for the backend that can", async () => {
  const { facts } = await runCase({ kind: "density", parameters: { backend: "zsmalloc", objects: 5_000 } });
  expect(facts["thinned"]).toBeLessThan(facts["full"]!);
  expect(facts["compacted"]).toBeGreaterThan(facts["thinned"]!);
  expect(facts["refused"]).toBe(0);
});

test("the C program does the same operations as the backends", async () => {
  const shape = { live: 100, operations: 1_000, warmUps: 1, samples: 2 };
  const { samples, facts } = await runCase({ kind: "speed", parameters: { backend: "zsmalloc", ...shape } });
  expect(Object.keys(samples)).toEqual(["pair", "load", "store", "free"]);
  const built = buildYardstick();
  if ("missing" in built) return;
  using yardstick = built;
  const native = await yardstick.run(shape);
  expect(native.facts["checksum"]).toBe(facts["checksum"]);
  expect(native.samples["pair"]).toHaveLength(2);
});

test("collections are counted by kind, and from zero after each look", async () => {
  using garbage = new GarbageCounter();
  const kept: number[][] = [];
  for (let i = 0; i < 2_000_000; i++) kept[i % 1000] = [i, i, i, i];
  expect((await garbage.take()).scavenges).toBeGreaterThan(0);
  expect(kept).toHaveLength(1000);
  expect((await garbage.take()).scavenges).toBeLessThan(3); // of what runs beside
});
