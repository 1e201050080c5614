import { describe, expect, test } from "vitest";
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

function pattern(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => first + i * 7);
}

describe("chunks", () => {
  test("come into being when a page is touched, and zeros don't touch", () => {
    const { memory } = machineOf(4096, 3 * 2 ** 14);
    expect([memory.chunkBytes, memory.residentBytes()]).toEqual([64 * MIB, 0]);
    memory.fill((2 ** 14) as Pfn, 0, 4096, 0);
    expect(memory.residentBytes()).toBe(0);
    memory.fill((2 ** 14) as Pfn, 0, 4096, 1);
    expect(memory.residentBytes()).toBe(64 * MIB);
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

  test("pages outside of the machine don't exist", () => {
    const { memory } = machineOf(4096, 5);
    for (const pfn of [4096, -1, 2 ** 40]) {
      expect(() => memory.fill(pfn as Pfn, 0, 1, 1)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_PAGE" }));
    }
  });
});

describe.each(["array-buffer", "shared-array-buffer"] as const)("copies over %s", (backing) => {
  const { memory } = machineOf(4096, 2 * 2 ** 14, backing);
  const near = (2 ** 14 - 1) as Pfn; // the last page of the first chunk
  const far = (2 ** 14) as Pfn; // the first page of the second

  test("in and out, at any offset", () => {
    memory.copyIn(near, 4090, pattern(10, 1), 3, 6);
    const target = new Uint8Array(8);
    memory.copyOut(near, 4090, target, 1, 6);
    expect([...target]).toEqual([0, ...pattern(10, 1).subarray(3, 9), 0]);
  });

  test("from one chunk to another", () => {
    memory.copyIn(near, 0, pattern(4096, 5), 0, 4096);
    memory.copyWithin(far, 96, near, 0, 4000);
    const target = new Uint8Array(4000);
    memory.copyOut(far, 96, target, 0, 4000);
    expect(target).toEqual(pattern(4096, 5).subarray(0, 4000));
  });

  test("within one page, overlapping", () => {
    memory.copyIn(far, 0, pattern(100, 9), 0, 100);
    memory.copyWithin(far, 10, far, 0, 100);
    const target = new Uint8Array(100);
    memory.copyOut(far, 10, target, 0, 100);
    expect(target).toEqual(pattern(100, 9));
  });

  test("are refused when they leave the chunk or the buffer", () => {
    const buffer = new Uint8Array(8);
    expect(() => memory.copyIn(near, 4090, buffer, 0, 8)).toThrow(rangeError);
    expect(() => memory.copyOut(near, 4090, buffer, 0, 8)).toThrow(rangeError);
    expect(() => memory.copyWithin(near, 4090, far, 0, 8)).toThrow(rangeError);
    expect(() => memory.copyWithin(far, 0, near, 4090, 8)).toThrow(rangeError);
    expect(() => memory.copyIn(far, -1, buffer, 0, 8)).toThrow(rangeError);
    expect(() => memory.copyIn(far, 0, buffer, 1, 8)).toThrow(rangeError);
    expect(() => memory.copyOut(far, 0, buffer, 4, 5)).toThrow(rangeError);
    expect(() => memory.copyOut(far, 0, buffer, 0, -1)).toThrow(rangeError);
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
    expect(PAGE_SIZES.map((bytes) => new PhysicalMemory(bytes, 2 ** 20, "array-buffer").chunkBytes)).toEqual(
      PAGE_SIZES.map(() => 64 * MIB),
    );
  });
});
