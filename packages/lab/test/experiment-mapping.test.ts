import { describe, expect, test } from "vitest";
import { mapCostsOfSize } from "../src/experiments/map-costs.ts";
import { type MappingData, mapping } from "../src/experiments/mapping.ts";
import { variantNamed } from "../src/experiments/with-pool.ts";

const data = mapping.run({ seed: 1, scale: 0.05, progress: () => {} });

describe("costs of a mapping", () => {
  // Class 2,720 has three slots on two pages; the second one spans.
  const objects = { objects: 3, spanningObjects: 1, slotBytes: 2720 };

  test("of copying are the bytes of the slot, in both directions for an update", () => {
    const copy = variantNamed("zsmalloc", { mapping: "copy" });
    expect(mapCostsOfSize(copy, 2712, { copyBytesPerCycle: 1 })).toEqual({
      ...objects,
      read: 2720 / 3,
      write: 2712 / 3,
      update: (2720 + 2712) / 3,
      longestPreemptOffCycles: 2720 + 2712,
    });
  });

  test("of the page table are two entries and a flush", () => {
    const pageTable = variantNamed("zsmalloc", { mapping: "page-table" });
    const costs = mapCostsOfSize(pageTable, 2712, { kmapCycles: 10, tlbFlushLocalCycles: 1000 });
    expect(costs).toEqual({ ...objects, read: 340, write: 340, update: 340, longestPreemptOffCycles: 1020 });
  });
});

describe("mapping", () => {
  const crossover = (access: string, copyBytesPerCycle: number, flushCycles: number): number | null =>
    data.crossovers.find(
      (candidate) =>
        candidate.access === access &&
        candidate.copyBytesPerCycle === copyBytesPerCycle &&
        candidate.flushCycles === flushCycles,
    )!.fromSlotBytes;

  test("finds where the page table becomes cheaper", () => {
    // A read of a slot of s bytes at 4 bytes per cycle costs s / 4, the page table 2 x 60 + 200: they meet at 1,280 bytes.
    expect(crossover("read", 4, 200)).toBe(1296);
    expect(crossover("update", 4, 200)).toBe(656);
    expect(crossover("read", 32, 50)).toBeNull();
    for (const copyPrice of data.copyPrices) expect(crossover("read", copyPrice, 4000)).toBeNull();
  });

  test("needs larger slots the faster copies and the dearer flushes are", () => {
    const or = (bytes: number | null): number => bytes ?? 5000;
    for (const access of ["read", "update"]) {
      for (const [i, copyPrice] of data.copyPrices.entries()) {
        for (const [j, flushPrice] of data.flushPrices.entries()) {
          const here = or(crossover(access, copyPrice, flushPrice));
          if (i > 0) expect(here).toBeGreaterThanOrEqual(or(crossover(access, data.copyPrices[i - 1]!, flushPrice)));
          if (j > 0) expect(here).toBeGreaterThanOrEqual(or(crossover(access, copyPrice, data.flushPrices[j - 1]!)));
        }
      }
    }
  });

  test("charges two entries and the flush of each kind for a mapping by page table", () => {
    for (const { local, broadcast } of data.sizes) {
      expect([local.longestPreemptOffCycles, broadcast.longestPreemptOffCycles]).toEqual([320, 4120]);
    }
  });

  test("has more objects on two pages the longer the chains", () => {
    const share = ({ copy }: MappingData["chains"][number]): number => copy.spanningObjects / copy.objects;
    expect(share(data.chains.at(-1)!)).toBeGreaterThan(share(data.chains[0]!));
  });

  test("concludes from the data", () => {
    expect(mapping.conclude(data)).toMatch(
      /16 bytes per cycle and a flush is local, copying is cheaper for all reads, and the page table for updates/,
    );
    const changed: MappingData = {
      ...data,
      crossovers: data.crossovers.map((row) => ({ ...row, fromSlotBytes: row.access === "read" ? 777 : null })),
      sizes: data.sizes.map((row) => ({ ...row, local: { ...row.local, longestPreemptOffCycles: 98_765 } })),
    };
    expect(mapping.conclude(changed)).toContain("and the page table for reads of slots from 777 bytes");
    expect(mapping.conclude(changed)).toContain("98,765 with the page table");
    const never = { ...data, crossovers: data.crossovers.map((row) => ({ ...row, fromSlotBytes: null })) };
    expect(mapping.conclude(never)).toContain("copying is cheaper for every object");
  });

  test("says the same for the same seed", () => {
    const run = (seed: number): string => JSON.stringify(mapping.run({ seed, scale: 0.05, progress: () => {} }));
    expect(run(1)).toBe(JSON.stringify(data));
    expect(run(8)).not.toBe(run(1));
  });

  test("prints tables and a plot", () => {
    const view = { paint: { bold: String, dim: String, good: String, bad: String }, columns: 80 };
    expect(mapping.render(data, view)).toContain("cycles per read, mean over all objects of the size");
  });
});
