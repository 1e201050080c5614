import { describe, expect, test } from "vitest";
import { type HighmemData, highmem } from "../src/experiments/highmem.ts";

const data = highmem.run({ seed: 1, scale: 0.02, progress: () => {} });
const runOf = (backend: string) => data.runs.find((run) => run.backend === backend)!;

describe("highmem", () => {
  test("fills both zones with zsmalloc, HIGHMEM first, and only low memory with the others", () => {
    const zsmalloc = runOf("zsmalloc");
    expect(zsmalloc.highmemPages).toBeGreaterThan(0.99 * data.highmemPages);
    expect(zsmalloc.lowmemPages).toBeGreaterThan(0.9 * data.lowmemPages);
    expect(zsmalloc.objectsBeforeLowmem! / zsmalloc.objects).toBeCloseTo(
      zsmalloc.highmemPages / (zsmalloc.highmemPages + zsmalloc.lowmemPages),
      1,
    );
    for (const backend of ["zbud", "z3fold", "kmalloc", "kmalloc-slab", "zblock", "zsmalloc, lowmem only"]) {
      expect(runOf(backend)).toMatchObject({ usesHighmem: false, highmemPages: 0, objectsBeforeLowmem: 0 });
    }
  });

  test("counts a mapping and a flush for every HIGHMEM page that a read touches", () => {
    const { reads } = runOf("zsmalloc");
    expect(reads.kmaps).toBe(reads.tlbFlushes);
    expect(reads.kmaps).toBeGreaterThan(0.7 * reads.count);
    expect(reads.kmaps).toBeLessThan(1.3 * reads.count);
    expect(runOf("zsmalloc, lowmem only").reads).toMatchObject({ kmaps: 0, tlbFlushes: 0 });
    expect(runOf("kmalloc").reads).toMatchObject({ kmaps: 0, tlbFlushes: 0, copiedBytes: 0, cycles: 0 });
  });

  test("follows low memory while the pool is filled", () => {
    const { freeLowmem, lowmemPages, bytes } = runOf("kmalloc");
    expect(freeLowmem[0]![1] - freeLowmem.at(-1)![1]).toBe(lowmemPages);
    expect(freeLowmem.at(-1)![0]).toBe(bytes);
  });

  test("concludes from the data", () => {
    expect(highmem.conclude(data)).toMatch(/zsmalloc stores [\d,]+ objects, 4\.\d\d times as many as without HIGHMEM/);
    const changed: HighmemData = {
      ...data,
      runs: data.runs.map((run) =>
        run.backend === "zsmalloc"
          ? {
              ...run,
              objectsBeforeLowmem: null,
              reads: { ...run.reads, count: 1, kmaps: 7, tlbFlushes: 8, cycles: 900 },
            }
          : run.backend === "zbud"
            ? { ...run, objects: 2 * runOf("zsmalloc").objects }
            : run,
      ),
    };
    const sentence = highmem.conclude(changed);
    expect(sentence).toContain("0.50 times as many as zbud, the best");
    expect(sentence).toContain("takes no page of low memory at all");
    expect(sentence).toContain("7.00 temporary mappings");
    expect(sentence).toContain("900 cycles");
  });

  test("says the same for the same seed", () => {
    const run = (seed: number): string => JSON.stringify(highmem.run({ seed, scale: 0.01, progress: () => {} }));
    expect(run(7)).toBe(run(7));
    expect(run(8)).not.toBe(run(7));
  });

  test("prints tables and a plot", () => {
    const view = { paint: { bold: String, dim: String, good: String, bad: String }, columns: 80 };
    expect(highmem.render(data, view)).toContain("free low memory while the pool is filled, MiB");
  });
});
