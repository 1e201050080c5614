import { MAX_PAGE_ORDER, Machine, NO_WATERMARKS } from "@zlab/hw-sim";
import { describe, expect, test } from "vitest";
import { fragmentMemory } from "../src/experiments/fragment-memory.ts";
import { type PressureData, pressure } from "../src/experiments/pressure.ts";

const data = pressure.run({ seed: 1, scale: 0.125, progress: () => {} });

function runOf(backend: string, fraction: number, order = 0) {
  return data.runs.find((run) => run.backend === backend && run.fraction === fraction && run.order === order)!;
}

describe("fragmentMemory", () => {
  const machineOf = (pages: number) =>
    new Machine({
      pageBytes: 4096,
      zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
      backing: "size-only",
    });

  test.each([0, 1, 2, 3])("leaves nothing but blocks of order %i", (order) => {
    const machine = machineOf(2048);
    fragmentMemory(machine, { freePages: 1024, fraction: 1, order, seed: 5 });
    const blocks = machine.zones[0]!.buddy.freeBlocksByOrder();
    expect(blocks.map((count, o) => count * 2 ** o)).toEqual(
      Array.from({ length: MAX_PAGE_ORDER + 1 }, (_, o) => (o === order ? 1024 : 0)),
    );
    machine.check();
  });

  test.each([0, 0.1, 0.5, 0.9])("scatters the fraction %d of the free pages, and gives all back", (fraction) => {
    const machine = machineOf(2048);
    const restore = fragmentMemory(machine, { freePages: 1024, fraction, order: 0, seed: 5 });
    expect(machine.freePageCount()).toBe(1024);
    const single = machine.zones[0]!.buddy.freeBlocksByOrder()[0]!;
    expect(Math.abs(single - 1024 * fraction)).toBeLessThanOrEqual(32);
    restore();
    expect(machine.freePageCount()).toBe(2048);
    machine.check();
  });

  test("frees either of two buddies", () => {
    const machine = machineOf(2048);
    fragmentMemory(machine, { freePages: 1024, fraction: 1, order: 0, seed: 5 });
    const odd: boolean[] = [];
    machine.zones[0]!.buddy.forEachListed((pfn) => odd.push(pfn % 2 === 1));
    expect(odd.filter(Boolean).length).toBeGreaterThan(400);
    expect(odd.filter(Boolean).length).toBeLessThan(624);
  });

  test("depends on the seed", () => {
    const firstFree = (seed: number): number => {
      const machine = machineOf(2048);
      fragmentMemory(machine, { freePages: 512, fraction: 1, order: 0, seed });
      return machine.zones[0]!.buddy.firstFree(0);
    };
    expect(firstFree(1)).toBe(firstFree(1));
    expect(firstFree(2)).not.toBe(firstFree(1));
  });
});

describe("pressure", () => {
  test("lets single-page allocators use every page, however scattered", () => {
    for (const backend of ["zsmalloc", "zbud", "z3fold", "xvmalloc", "kmalloc-slab"]) {
      const scattered = runOf(backend, 1);
      expect(scattered.freePages).toBe(0);
      expect(scattered.failedRequests.slice(1)).toEqual([0, 0, 0]);
      expect(scattered.objectsAtFirstFailure).toBe(runOf(backend, 0).objectsAtFirstFailure);
    }
  });

  test("fills zsmalloc to less than the pages of one zspage at the first failure", () => {
    expect(runOf("zsmalloc", 1).freePagesAtFirstFailure).toBeLessThan(8);
  });

  test("makes kmalloc fail at higher orders and live on its fallback", () => {
    const scattered = runOf("kmalloc", 1);
    expect(scattered.blocks.slice(1)).toEqual([0, 0, 0]);
    expect(scattered.failedRequests[3]).toBeGreaterThan(0);
    expect(scattered.freePages).toBe(0);
    expect(runOf("kmalloc", 0).blocks[3]).toBeGreaterThan(0);
    const without = runOf("kmalloc, no fallback", 1);
    expect(without.objectsAtFirstFailure).toBeLessThan(10);
    expect(without.freePages).toBeGreaterThan(0.9 * data.freePages);
  });

  test("makes zblock fail where there are no blocks", () => {
    expect(runOf("zblock", 1).freePages).toBeGreaterThan(0);
    expect(runOf("zblock", 1, 3).objectsAtFirstFailure).toBe(runOf("zblock", 0).objectsAtFirstFailure);
  });

  test("concludes from the data", () => {
    const sentence = pressure.conclude(data);
    expect(sentence).toMatch(/to the last page come zsmalloc, .*zbud.*; "zblock" leaves/);
    const changed: PressureData = {
      ...data,
      runs: data.runs.map((run) =>
        run.backend === "zbud" || run.backend === "zsmalloc"
          ? { ...run, freePages: 17, objectsAtFirstFailure: 4321 }
          : run,
      ),
    };
    expect(pressure.conclude(changed)).toContain("zsmalloc stores 4,321 objects");
    expect(pressure.conclude(changed)).toContain('"zbud" leaves 17');
  });

  test("says the same for the same seed", () => {
    const run = (seed: number): string => JSON.stringify(pressure.run({ seed, scale: 0.05, progress: () => {} }));
    expect(run(7)).toBe(run(7));
    expect(run(8)).not.toBe(run(7));
  });

  test("prints tables and a plot", () => {
    const view = { paint: { bold: String, dim: String, good: String, bad: String }, columns: 80 };
    const text = pressure.render(data, view);
    expect(text).toContain("part of the free pages that lie singly, per cent");
    expect(text).toMatch(/^kmalloc, no fallback +\d/m);
  });
});
