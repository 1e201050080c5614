import { describe, expect, test, vi } from "vitest";
import {
  GFP_KERNEL,
  MAX_PAGE_ORDER,
  Machine,
  type MemoryBacking,
  NO_WATERMARKS,
  PAGE_SIZES,
  type Pfn,
  PhysicalMemory,
} from "../src/index.ts";

const MIB = 2 ** 20;
const rangeError = expect.objectContaining({ code: "ZLAB_MEMORY_RANGE" });

function machineOf(pageBytes: number, pages: number, backing: MemoryBacking = "array-buffer"): Machine {
  return new Machine({ pageBytes, backing, zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }] });
}

describe("chunks", () => {
  test("come into being when a page is touched, and zeros don't touch", () => {
    const { memory } = machineOf(4096, 3 * 2 ** 18); // 3 GiB
    expect([memory.chunkBytes, memory.residentBytes()]).toEqual([1024 * MIB, 0]);
    memory.fill((2 ** 18) as Pfn, 0, 4096, 0);
    expect(memory.residentBytes()).toBe(0);
    memory.fill((2 ** 18) as Pfn, 0, 4096, 1);
    expect(memory.residentBytes()).toBe(1024 * MIB);
  });

  test("a machine of a few pages costs a few pages", () => {
    const { memory } = machineOf(4096, 5);
    memory.fill(1024 as Pfn, 0, 1, 1);
    expect(memory.residentBytes()).toBe(5 * 4096);
    memory.fill(1028 as Pfn, 4095, 1, 1);
    expect(() => memory.fill(1028 as Pfn, 4095, 2, 1)).toThrow(rangeError);
  });

  test.each(PAGE_SIZES)("a block of the highest order of %i-byte pages never crosses a chunk", (pageBytes) => {
    const machine = machineOf(pageBytes, 40 * 1024 + 77, "array-buffer");
    const blockPages = 2 ** MAX_PAGE_ORDER;
    let blocks = 0;
    for (;;) {
      const pfn = machine.allocPages(MAX_PAGE_ORDER, GFP_KERNEL, 0) as Pfn;
      if (pfn < 0) break;
      blocks++;
      expect(machine.memory.offsetOf(pfn) + blockPages * pageBytes).toBeLessThanOrEqual(machine.memory.chunkBytes);
      const last = (pfn + blockPages - 1) as Pfn;
      expect(machine.memory.offsetOf(last) - machine.memory.offsetOf(pfn)).toBe((blockPages - 1) * pageBytes);
    }
    expect(blocks).toBe(40);
  });

  test("of a gigabyte and more are counted right when the code is hot", () => {
    for (const pages of [2 ** 18 - 1024, 2 ** 19 - 1025, 2 ** 19 - 1024, 2 ** 19]) {
      const { memory } = machineOf(4096, pages);
      const bytes = new Uint8Array(64);
      for (let i = 0; i < 20_000; i++) memory.copyIn((1024 + (i & 7)) as Pfn, i & 31, bytes, 0, 8);
      expect(memory.chunkOf(1024 as Pfn).length).toBeLessThan(2 ** 31);
    }
  });

  test("pages outside of the machine don't exist", () => {
    const { memory } = machineOf(4096, 5);
    for (const pfn of [4096, -1, 2 ** 40]) {
      expect(() => memory.fill(pfn as Pfn, 0, 1, 1)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_PAGE" }));
    }
  });
});

describe("backings", () => {
  test("shared memory is seen by whoever holds the buffer", () => {
    const { memory } = machineOf(4096, 16, "shared-array-buffer");
    const pfn = 1024 as Pfn;
    const { buffer } = memory.chunkOf(pfn);
    expect(buffer).toBeInstanceOf(SharedArrayBuffer);
    memory.copyIn(pfn, 0, Uint8Array.of(1, 2, 3), 0, 3);
    expect([...new Uint8Array(buffer, memory.offsetOf(pfn), 3)]).toEqual([1, 2, 3]);
    expect(machineOf(4096, 16).memory.chunkOf(pfn).buffer).toBeInstanceOf(ArrayBuffer);
  });

  test("size-only memory accepts and drops everything", () => {
    const { memory } = machineOf(65_536, 2 ** 24, "size-only");
    const target = Uint8Array.of(9, 9);
    const high = (2 ** 24) as Pfn;
    memory.copyIn(high, 0, Uint8Array.of(1, 2), 0, 2);
    memory.copyWithin(1024 as Pfn, 0, high, 0, 2);
    memory.fill(high, 0, 2, 1);
    memory.copyOut(high, 0, target, 0, 2);
    expect([memory.hasBytes, memory.residentBytes(), memory.chunkOf(high).length, ...target]).toEqual([
      false,
      0,
      0,
      9,
      9,
    ]);
  });

  test("a chunk holds a block of the highest order, however small the memory", () => {
    const memory = new PhysicalMemory(4096, 100, "array-buffer");
    memory.fill(99 as Pfn, 0, 4096, 1);
    expect([memory.chunkBytes, memory.residentBytes()]).toEqual([4 * MIB, 100 * 4096]);
  });

  test("the page size and chunk size fit together", () => {
    const chunkBytes = (): number[] =>
      PAGE_SIZES.map((bytes) => new PhysicalMemory(bytes, 2 ** 20, "array-buffer").chunkBytes);
    expect(chunkBytes()).toEqual(PAGE_SIZES.map(() => 1024 * MIB));
    expect(new PhysicalMemory(4096, 2 ** 19 - 1, "array-buffer").chunkBytes).toBe(2048 * MIB);
    vi.stubGlobal("WebAssembly", undefined);
    try {
      expect(chunkBytes()).toEqual(PAGE_SIZES.map(() => 64 * MIB));
    } finally {
      vi.unstubAllGlobals();
    }
  });
});
