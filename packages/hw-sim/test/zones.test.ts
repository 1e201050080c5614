import { describe, expect, test } from "vitest";
import {
  ENOMEM,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOWAIT,
  Machine,
  MachineError,
  type MachineOptions,
  NO_WATERMARKS,
  type Pfn,
  __GFP_DMA32,
  __GFP_HIGHMEM,
  __GFP_MEMALLOC,
  arm64_16k,
  kernelWatermarks,
  largePages,
  x86_32,
  x86_64,
} from "../src/index.ts";

const marks = { minPages: 4, lowPages: 6, highPages: 8 };

function threeZones(): Machine {
  return new Machine({
    pageBytes: 4096,
    backing: "size-only",
    zones: [
      { kind: "DMA32", pages: 16, watermarks: marks },
      { kind: "NORMAL", pages: 16, watermarks: marks },
      { kind: "HIGHMEM", pages: 16, watermarks: marks },
    ],
  });
}

function zonesOfRequests(machine: Machine, gfp: number): string {
  let zones = "";
  for (;;) {
    const pfn = machine.allocPages(0, gfp, 0);
    if (pfn === ENOMEM) return zones;
    zones += machine.zoneOf(pfn as Pfn).kind[0];
  }
}

describe("zone fallback", () => {
  const low = (zone: string) => zone.repeat(10);
  const min = (zone: string) => zone.repeat(2);

  test("each zone is used down to its low watermark first, then each down to its minimum", () => {
    expect(zonesOfRequests(threeZones(), GFP_KERNEL | __GFP_HIGHMEM)).toBe(
      low("H") + low("N") + low("D") + min("H") + min("N") + min("D"),
    );
  });

  test("the flags say which zones may be used", () => {
    expect(zonesOfRequests(threeZones(), GFP_KERNEL)).toBe(low("N") + low("D") + min("N") + min("D"));
    expect(zonesOfRequests(threeZones(), GFP_KERNEL | __GFP_DMA32)).toBe(low("D") + min("D"));
  });

  test("__GFP_HIGH goes to half of the minimum, __GFP_MEMALLOC to the last page", () => {
    const machine = threeZones();
    zonesOfRequests(machine, GFP_KERNEL);
    expect(zonesOfRequests(machine, GFP_ATOMIC)).toBe("NNDD");
    expect(zonesOfRequests(machine, GFP_NOWAIT | __GFP_MEMALLOC)).toBe("NNDD");
    expect(machine.zones.map((zone) => zone.freePages)).toEqual([0, 0, 16]);
  });

  test("the reclaimer is woken when no zone is above its low watermark, if the flags ask for it", () => {
    const machine = threeZones();
    for (let i = 0; i < 10; i++) machine.allocPages(0, GFP_KERNEL | __GFP_DMA32, 0);
    expect(machine.zones.map((zone) => zone.kswapdWakeups)).toEqual([0, 0, 0]);
    machine.allocPages(0, __GFP_DMA32, 0);
    expect(machine.zones[0]!.kswapdWakeups).toBe(0);
    machine.allocPages(0, GFP_KERNEL | __GFP_DMA32, 0);
    expect(machine.zones.map((zone) => zone.kswapdWakeups)).toEqual([1, 0, 0]);
  });

  test("a large block is had from a lower zone when the higher is in pieces", () => {
    const machine = threeZones();
    for (let i = 0; i < 3; i++) machine.allocPages(1, GFP_KERNEL, 0);
    expect(machine.zoneOf(machine.allocPages(3, GFP_KERNEL, 0) as Pfn).kind).toBe("DMA32");
  });

  test("without a DMA32 zone, __GFP_DMA32 means NORMAL", () => {
    const machine = new Machine({ ...x86_32(2 ** 24), backing: "size-only" });
    expect(machine.zoneOf(machine.allocPages(0, __GFP_DMA32, 0) as Pfn).kind).toBe("NORMAL");
  });

  test("__GFP_DMA32 with __GFP_HIGHMEM is a mistake", () => {
    expect(() => threeZones().allocPages(0, __GFP_DMA32 | __GFP_HIGHMEM, 0)).toThrow(
      expect.objectContaining({ code: "ZLAB_GFP" }),
    );
  });

  test("a machine of HIGHMEM only has nothing for a request without __GFP_HIGHMEM", () => {
    const zones = [{ kind: "HIGHMEM" as const, pages: 8, watermarks: NO_WATERMARKS }];
    expect(new Machine({ pageBytes: 4096, zones }).allocPages(0, GFP_KERNEL, 0)).toBe(ENOMEM);
  });

  test("pages outside of the machine are in no zone", () => {
    const machine = threeZones();
    for (const pfn of [0, 1023, machine.endPfn, -1, Number.NaN]) {
      expect(() => machine.zoneOf(pfn as Pfn)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_PAGE" }));
    }
    expect(machine.zones.map((zone) => machine.zoneOf(zone.startPfn as Pfn).kind)).toEqual([
      "DMA32",
      "NORMAL",
      "HIGHMEM",
    ]);
    expect(machine.zones.map((zone) => machine.isHighmem(zone.startPfn as Pfn))).toEqual([false, false, true]);
  });
});

describe("kernelWatermarks", () => {
  test("min_free_kbytes grows with the root of memory and is shared by size", () => {
    expect(kernelWatermarks("NORMAL", 2 ** 18, 4096)).toEqual({ minPages: 1024, lowPages: 1286, highPages: 1548 });
    expect(kernelWatermarks("DMA32", 2 ** 18, 4096, 2 ** 20).minPages).toBe(512);
    expect(kernelWatermarks("NORMAL", 2 ** 28, 4096).minPages).toBe(262_144 / 8);
    expect(kernelWatermarks("NORMAL", 2 ** 14, 65_536).minPages).toBe(64);
  });

  test("HIGHMEM keeps a 1024th, 32 to 128 pages", () => {
    expect(kernelWatermarks("HIGHMEM", 2 ** 12, 4096).minPages).toBe(32);
    expect(kernelWatermarks("HIGHMEM", 2 ** 16, 4096).minPages).toBe(64);
    expect(kernelWatermarks("HIGHMEM", 2 ** 20, 4096).minPages).toBe(128);
  });

  test("a zone of a few pages keeps at most a quarter", () => {
    expect(kernelWatermarks("NORMAL", 16, 4096)).toEqual({ minPages: 4, lowPages: 5, highPages: 6 });
    expect(kernelWatermarks("NORMAL", 1, 4096)).toEqual({ minPages: 0, lowPages: 0, highPages: 0 });
  });
});

describe("presets", () => {
  const GIB = 2 ** 30;
  const shape = (options: MachineOptions) => {
    const machine = new Machine({ ...options, backing: "size-only" });
    return [machine.pageBytes, ...machine.zones.flatMap((zone) => [zone.kind, zone.totalPages])];
  };

  test("x86-64", () => {
    expect(shape(x86_64())).toEqual([4096, "DMA32", GIB / 4096]);
    expect(shape(x86_64(6 * GIB))).toEqual([4096, "DMA32", 2 ** 20, "NORMAL", 2 ** 19]);
  });

  test("32-bit x86 with 896 MiB of low memory", () => {
    expect(shape(x86_32())).toEqual([4096, "NORMAL", 896 * 256, "HIGHMEM", 2 ** 20 - 896 * 256]);
    expect(shape(x86_32(GIB / 2))).toEqual([4096, "NORMAL", 2 ** 17]);
  });

  test("large pages", () => {
    expect(shape(arm64_16k())).toEqual([16_384, "NORMAL", 2 ** 16]);
    expect(shape(largePages(65_536, 3 * 65_536))).toEqual([65_536, "NORMAL", 3]);
    expect(() => shape(largePages(8192))).toThrow(MachineError);
  });
});
