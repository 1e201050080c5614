import { EINVAL, ENOMEM, ENOSPC, GFP_KERNEL, Machine, NO_WATERMARKS, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { SlotTable, zblockDriver } from "@zlab/zblock";
import { describe, expect, test } from "vitest";
import { code, machineOf, poolOn, put } from "./fixtures.ts";

describe("requests", () => {
  test.each([
    [0, GFP_KERNEL, EINVAL],
    [-1, GFP_KERNEL, EINVAL],
    [Number.NaN, GFP_KERNEL, EINVAL],
    [100, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [4080, GFP_KERNEL, ENOSPC],
    [4096, GFP_KERNEL, ENOSPC],
    [4294967295, GFP_KERNEL, ENOSPC],
  ])("malloc(%d, %d) = %d", (bytes, gfp, errno) => {
    const pool = poolOn(machineOf());
    expect(pool.malloc(bytes, gfp)).toBe(errno);
    expect(pool.stats()).toMatchObject({ failures: 1, mallocs: 0, totalPages: 0 });
  });

  test.each([
    [1, 64, 1],
    [63, 64, 1],
    [64, 120, 1],
    [1000, 1016, 2],
    [1016, 1128, 8],
    [4079, 4080, 4],
  ])("an object of %d bytes takes a slot of %d in a block of %d pages", (bytes, slotBytes, pages) => {
    const pool = poolOn(machineOf());
    put(pool, bytes);
    expect(pool.stats()).toMatchObject({ slotBytes, totalPages: pages, objects: 1 });
  });

  test("the early table stores whole pages", () => {
    const pool = poolOn(machineOf(), "early");
    expect(pool.placementOf(put(pool, 4096))).toEqual({ type: 28, blockSeq: 0, slot: 0, byteOffset: 32 });
    expect(pool.malloc(4097, GFP_KERNEL)).toBe(ENOSPC);
  });
});

describe("placement", () => {
  test("the slots lie behind the header, and the handle is the block's address with type and slot", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const handles = [put(pool, 4000), put(pool, 4000), put(pool, 4000)];
    expect(handles.map((handle) => pool.placementOf(handle))).toEqual([
      { type: 30, blockSeq: 0, slot: 0, byteOffset: 40 },
      { type: 30, blockSeq: 0, slot: 1, byteOffset: 4120 },
      { type: 30, blockSeq: 0, slot: 2, byteOffset: 8200 },
    ]);
    expect(handles.map((handle) => handle % 4096)).toEqual([30 * 128, 30 * 128 + 1, 30 * 128 + 2]);
    expect(Math.floor(handles[0]! / 4096) % 4, "a block of 4 pages is aligned to 4 pages").toBe(0);
    const early = poolOn(machine, "early");
    expect([put(early, 4000), put(early, 4000)].map((handle) => handle % 4096)).toEqual([28 * 32, 28 * 32 + 1]);
  });

  test("the lowest free slot is taken, beyond the first 32 too", () => {
    const pool = poolOn(machineOf());
    const handles = Array.from({ length: 63 }, () => put(pool, 10));
    expect(handles.map((handle) => pool.placementOf(handle).slot)).toEqual(Array.from({ length: 63 }, (_, i) => i));
    for (const slot of [40, 31, 7, 62]) pool.free(handles[slot]!);
    expect([1, 2, 3, 4].map(() => pool.placementOf(put(pool, 10)).slot)).toEqual([7, 31, 40, 62]);
    expect(pool.totalPages()).toBe(1);
    expect(pool.placementOf(put(pool, 10))).toMatchObject({ blockSeq: 1, slot: 0 });
  });

  test("a full block goes to the front of the full list, a block with a slot again to the tail of the active one", () => {
    const pool = poolOn(machineOf());
    const handles = Array.from({ length: 14 }, () => put(pool, 4000)); // 4 slots a block
    const row = () => pool.types()[30]!;
    expect(row()).toMatchObject({ activeBlockSeqs: [3], fullBlockSeqs: [2, 1, 0], objects: 14 });
    pool.free(handles[4]!);
    pool.free(handles[0]!);
    pool.free(handles[1]!);
    expect(row()).toMatchObject({ activeBlockSeqs: [3, 1, 0], fullBlockSeqs: [2], objects: 11 });
    expect(pool.placementOf(put(pool, 4000)), "the front block is filled first").toMatchObject({
      blockSeq: 3,
      slot: 2,
    });
    put(pool, 4000);
    expect(row()).toMatchObject({ activeBlockSeqs: [1, 0], fullBlockSeqs: [3, 2] });
    expect(pool.placementOf(put(pool, 4000))).toMatchObject({ blockSeq: 1, slot: 0 });
    expect(row()).toMatchObject({ activeBlockSeqs: [0], fullBlockSeqs: [1, 3, 2] });
    pool.check(3);
  });

  test("an empty block goes back at once, even the only one, and its number is not used again", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = poolOn(machine);
    const handle = put(pool, 4000);
    expect(machine.freePageCount()).toBe(free - 4);
    pool.free(handle);
    expect(machine.freePageCount()).toBe(free);
    expect(pool.placementOf(put(pool, 4000)).blockSeq).toBe(1);
  });
});

describe("handles", () => {
  test("what is not live is refused by every call", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const kept = put(pool, 4000);
    const stale = put(pool, 4000);
    const elsewhere = put(poolOn(machine), 4000);
    pool.free(stale);
    const near = [1, 2, 4, -1, -128, 128, 4096, -4096, 0.5].map((delta) => kept + delta);
    for (const handle of [stale, elsewhere, 0, -22, 1, Number.NaN, Infinity, 2 ** 40, 2 ** 60, ...near] as Handle[]) {
      expect(() => pool.free(handle), `free ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.map(handle, MapMode.RO), `map ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.read(handle, new Uint8Array(1), 0, 1), `read ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.write(handle, new Uint8Array(1), 0, 1), `write ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
    }
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 1, frees: 1 });
  });

  test("a slot that no block has is not looked for in the next one", () => {
    const pool = poolOn(machineOf());
    const handles = Array.from({ length: 8 }, () => put(pool, 4000)); // two blocks
    for (let slot = 4; slot < 128; slot++) {
      expect(() => pool.free((handles[0]! + slot) as Handle), `slot ${slot}`).toThrow(code("ZLAB_BAD_HANDLE"));
    }
    pool.check(3);
  });

  test("an address beyond 32 bits is exact", () => {
    const zones = [{ kind: "NORMAL" as const, pages: 3 << 20, watermarks: NO_WATERMARKS }];
    const machine = new Machine({ pageBytes: 4096, zones, backing: "size-only" });
    const owner = machine.registerOwner("filler");
    for (let block = 0; block < (2 << 20) / 1024; block++) machine.allocPages(10, GFP_KERNEL, owner);
    const pool = poolOn(machine);
    put(pool, 4000);
    const handle = put(pool, 4000);
    expect(handle).toBeGreaterThan(2 ** 32);
    expect(pool.placementOf(handle)).toMatchObject({ type: 30, slot: 1 });
    pool.free(handle);
    pool.check(3);
  });
});

describe("contents", () => {
  test.each([4096, 16384, 65536])("objects keep their bytes in blocks of pages of %d", (pageBytes) => {
    const pool = poolOn(machineOf(pageBytes, 512));
    const { maxBytes } = pool.capabilities;
    const objects = Array.from({ length: 80 }, (_, i) => {
      const bytes = new Uint8Array(1 + ((i * 379 * 31) % maxBytes)).fill(i + 1);
      const handle = put(pool, bytes.length);
      pool.write(handle, bytes, 0, bytes.length);
      return { handle, bytes };
    });
    for (const { handle, bytes } of objects) {
      const mapping = pool.map(handle, MapMode.RO);
      expect(mapping.length).toBeGreaterThan(bytes.length);
      expect(mapping.bytes.subarray(mapping.offset, mapping.offset + bytes.length)).toEqual(bytes);
      pool.unmap(handle);
      const copy = new Uint8Array(bytes.length + 2);
      pool.read(handle, copy, 1, bytes.length);
      expect(copy.subarray(1, -1)).toEqual(bytes);
    }
  });

  test("copies stay within the slot and are counted", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const handle = put(pool, 100);
    const buffer = new Uint8Array(200);
    expect(() => pool.write(handle, buffer, 0, 121)).toThrow(code("ZLAB_RANGE"));
    expect(() => pool.read(handle, buffer, 150, 51)).toThrow(code("ZLAB_RANGE"));
    pool.write(handle, buffer, 0, 120);
    pool.read(handle, buffer, 0, 100);
    expect(machine.cost.copiedBytes).toBe(220);
  });

  test("one object a CPU; a mapped object is not freed; sleeping is allowed", () => {
    const machine = machineOf(4096, 256, 2);
    const pool = poolOn(machine);
    const [a, b] = [put(pool, 100), put(pool, 100)];
    pool.map(a, MapMode.RW);
    expect(machine.cpus.preemptCount()).toBe(0);
    expect(() => pool.map(b, MapMode.RW)).toThrow(code("ZLAB_NESTED_MAP"));
    machine.cpus.runOn(1, () => expect(() => pool.free(a)).toThrow(code("ZLAB_MAPPED")));
    expect(() => pool.destroy()).toThrow(code("ZLAB_MAPPED"));
    pool.unmap(a);
    pool.free(a);
    pool.check(3);
  });
});

describe("machine", () => {
  test("a block of contiguous pages can't be had from single ones: ENOMEM, and nothing changes", () => {
    const machine = machineOf(4096, 1024);
    const owner = machine.registerOwner("filler");
    const singles = Array.from({ length: machine.freePageCount() }, () => machine.allocPages(0, GFP_KERNEL, owner));
    for (const pfn of singles) if (!isErrno(pfn) && pfn % 2 === 0) machine.freePages(pfn, 0);
    const pool = poolOn(machine);
    expect(machine.freePageCount()).toBe(512);
    expect(pool.malloc(4000, GFP_KERNEL)).toBe(ENOMEM);
    expect(pool.stats()).toMatchObject({ failures: 1, totalPages: 0 });
    expect(isErrno(pool.malloc(500, GFP_KERNEL)), "types of single pages still work").toBe(false);
    pool.check(3);
    expect(machine.failedRequestsByOrder().slice(0, 4)).toEqual([0, 0, 1, 0]);
  });

  test("without a block malloc is ENOMEM, but a free slot needs none", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    machine.faults.failNth(1);
    expect(pool.malloc(3000, GFP_KERNEL)).toBe(ENOMEM);
    pool.check(3);
    put(pool, 3000);
    machine.faults.failNth(1);
    expect(isErrno(pool.malloc(3100, GFP_KERNEL))).toBe(false);
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 2, totalPages: 8, failures: 1 });
  });

  test("destroy gives all pages back and tells what was left", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = poolOn(machine);
    const handles = Array.from({ length: 100 }, (_, i) => put(pool, 1 + i * 37));
    expect(pool.destroy()).toBe(100);
    expect(machine.freePageCount()).toBe(free);
    pool.check(3);
    expect(() => pool.free(handles[0]!)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => pool.destroy()).toThrow(code("ZLAB_DESTROYED"));
    expect(() => pool.malloc(100, GFP_KERNEL)).toThrow(code("ZLAB_DESTROYED"));
  });

  test("the driver knows its option and its tables", () => {
    expect(zblockDriver.create(machineOf(), "p").capabilities.maxBytes).toBe(4079);
    expect(zblockDriver.create(machineOf(), "p", { table: "early" }).capabilities.maxBytes).toBe(4096);
    expect(zblockDriver.capabilities(16384, { table: "v4" }).maxBytes).toBe(new SlotTable("v4", 16384).maxBytes);
    for (const options of [{ table: "v5" }, { table: 4 }, { chainSize: 8 }]) {
      expect(() => zblockDriver.create(machineOf(), "p", options)).toThrow(code("ZLAB_POOL_OPTIONS"));
      expect(() => zblockDriver.capabilities(4096, options)).toThrow(code("ZLAB_POOL_OPTIONS"));
    }
  });
});
