import { EINVAL, ENOMEM, ENOSPC, GFP_KERNEL, Machine, NO_WATERMARKS, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { Z3foldPool, z3foldDriver } from "@zlab/z3fold";
import { describe, expect, test } from "vitest";
import { code, machineOf, put, putChunks } from "./helpers.ts";

describe("requests", () => {
  test.each([
    [0, GFP_KERNEL, EINVAL],
    [-1, GFP_KERNEL, EINVAL],
    [Number.NaN, GFP_KERNEL, EINVAL],
    [100, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [5000, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [4097, GFP_KERNEL, ENOSPC],
    [4294967295, GFP_KERNEL, ENOSPC],
  ])("malloc(%d, %d) = %d", (bytes, gfp, errno) => {
    const pool = new Z3foldPool(machineOf(), "p");
    expect(pool.malloc(bytes, gfp)).toBe(errno);
    expect(pool.stats()).toMatchObject({ failures: 1, mallocs: 0, totalPages: 0 });
  });

  // The header of 88 bytes takes two chunks of 64 bytes, but one of 256 or 1024.
  test.each([
    [4096, 3904, 128, { ZHDR_CHUNKS: 2, NCHUNKS: 62 }],
    [16384, 15872, 256, { ZHDR_CHUNKS: 1, NCHUNKS: 63 }],
    [65536, 63488, 1024, { ZHDR_CHUNKS: 1, NCHUNKS: 63 }],
  ])("with pages of %d bytes objects above %d go headless", (pageBytes, maxBuddyBytes, byteOffset, totals) => {
    const pool = new Z3foldPool(machineOf(pageBytes), "p");
    expect(z3foldDriver.capabilities(pageBytes)).toMatchObject({ maxBytes: pageBytes, movable: false, compact: false });
    expect(pool.placementOf(put(pool, maxBuddyBytes))).toEqual({ pageSeq: 0, buddy: 1, byteOffset });
    expect(pool.placementOf(put(pool, maxBuddyBytes + 1))).toEqual({ pageSeq: 1, buddy: 0, byteOffset: 0 });
    expect(pool.placementOf(put(pool, pageBytes))).toEqual({ pageSeq: 2, buddy: 0, byteOffset: 0 });
    expect(pool.malloc(pageBytes + 1, GFP_KERNEL)).toBe(ENOSPC);
    expect(pool.totals()).toMatchObject({ totalPages: 3, ...totals });
    expect(pool.stats().slotBytes).toBe(maxBuddyBytes + 2 * pageBytes);
    pool.check(3);
  });
});

describe("placement", () => {
  test("first, last, then middle directly behind the first", () => {
    const pool = new Z3foldPool(machineOf(), "p");
    expect(pool.placementOf(putChunks(pool, 20))).toEqual({ pageSeq: 0, buddy: 1, byteOffset: 128 });
    expect(pool.unbuddiedLists()).toEqual([[42, [[0, 20, 0, 0, 0]]]]);
    expect(pool.placementOf(putChunks(pool, 20))).toEqual({ pageSeq: 0, buddy: 3, byteOffset: 44 * 64 });
    expect(pool.unbuddiedLists()).toEqual([[22, [[0, 20, 0, 20, 0]]]]);
    expect(pool.placementOf(putChunks(pool, 22))).toEqual({ pageSeq: 0, buddy: 2, byteOffset: 22 * 64 });
    expect(pool.unbuddiedLists()).toEqual([]);
    pool.check(3);
  });

  test("with a middle object, one that fits before it becomes first, a longer one last", () => {
    for (const [chunks, buddy] of [
      [10, 1],
      [11, 3],
    ] as const) {
      const pool = new Z3foldPool(machineOf(), "p");
      const [first, last] = [putChunks(pool, 10), putChunks(pool, 30)];
      const middle = putChunks(pool, 18);
      pool.map(middle, MapMode.RO); // stays where it is while the others are freed
      pool.free(first);
      pool.free(last);
      expect(pool.unbuddiedLists()).toEqual([[34, [[0, 0, 18, 0, 12]]]]);
      expect(pool.placementOf(putChunks(pool, chunks))).toMatchObject({ pageSeq: 0, buddy });
      pool.unmap(middle);
      pool.check(3);
    }
  });

  test("the page with the least room that is enough is taken, among equals the one listed last", () => {
    const pool = new Z3foldPool(machineOf(), "p");
    for (const chunks of [33, 40, 40, 45]) putChunks(pool, chunks);
    expect(pool.unbuddiedLists().map(([free, pages]) => [free, pages.map(([pageSeq]) => pageSeq)])).toEqual([
      [17, [3]],
      [22, [2, 1]],
      [29, [0]],
    ]);
    const pagesTaken = [18, 18, 18, 29].map((chunks) => pool.placementOf(putChunks(pool, chunks)).pageSeq);
    expect(pagesTaken).toEqual([2, 1, 0, 4]);
  });

  test("list 0 fills up and is never searched", () => {
    const pool = new Z3foldPool(machineOf(), "p");
    putChunks(pool, 31);
    putChunks(pool, 31);
    expect(pool.unbuddiedLists()).toEqual([[0, [[0, 31, 0, 31, 0]]]]);
    expect(pool.placementOf(put(pool, 1)).pageSeq).toBe(1);
  });
});

describe("CPUs", () => {
  test("another CPU's pages are taken only at the exact number of free chunks", () => {
    const machine = machineOf(4096, 256, 2);
    const pool = new Z3foldPool(machine, "p");
    putChunks(pool, 40);
    machine.cpus.runOn(1, () => {
      expect(pool.unbuddiedLists()).toEqual([]);
      expect(pool.placementOf(putChunks(pool, 21)).pageSeq).toBe(1);
      expect(pool.placementOf(putChunks(pool, 22)).pageSeq).toBe(1);
      expect(pool.placementOf(putChunks(pool, 22)).pageSeq).toBe(0);
    });
    expect(pool.unbuddiedLists(0)).toEqual([]);
    expect(pool.unbuddiedLists(1)).toHaveLength(2);
    pool.check(3);
  });

  test("a freed object's page is compacted on the CPU that has it on its list", () => {
    const machine = machineOf(4096, 256, 2);
    const pool = new Z3foldPool(machine, "p");
    const [first] = [putChunks(pool, 20), putChunks(pool, 20)];
    machine.cpus.runOn(1, () => pool.free(first));
    expect(pool.unbuddiedLists(0)).toEqual([[42, [[0, 0, 0, 20, 0]]]]);
    expect(pool.unbuddiedLists(1)).toEqual([]);
  });
});

describe("handles", () => {
  test("those of cells are even, those of headless pages odd, and none is 0", () => {
    const pool = new Z3foldPool(machineOf(), "p");
    const handles = Array.from({ length: 300 }, (_, i) => put(pool, i % 7 === 0 ? 4000 : 10 + i));
    expect(new Set(handles).size).toBe(300);
    handles.forEach((handle, i) => expect(handle % 2).toBe(i % 7 === 0 ? 1 : 0));
    expect(Math.min(...handles)).toBeGreaterThan(0);
  });

  test("what is not live is refused by every call", () => {
    const machine = machineOf();
    const pool = new Z3foldPool(machine, "p");
    const other = new Z3foldPool(machine, "other");
    const stale = [putChunks(pool, 10), put(pool, 4096)];
    const kept = [putChunks(pool, 10), put(pool, 4096)];
    const elsewhere = [putChunks(other, 10), putChunks(other, 10), put(other, 4096)];
    for (const handle of stale) pool.free(handle);
    const madeUp = [0, -22, 1, 2, 64, kept[0]! + 1, kept[0]! + 0.5, kept[0]! + 2 ** 32, kept[1]! - 1, kept[1]! + 4096];
    const others = [kept[1]! + 2, 2 ** 40 + 1, 2 ** 60, Number.NaN, Number.POSITIVE_INFINITY];
    for (const handle of [...stale, ...elsewhere, ...madeUp, ...others] as Handle[]) {
      expect(() => pool.free(handle), `free ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.map(handle, MapMode.RO), `map ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.read(handle, new Uint8Array(1), 0, 1), `read ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.write(handle, new Uint8Array(1), 0, 1), `write ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
    }
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 2, frees: 2 });
  });

  test("a page address of a page with header is no headless handle", () => {
    const zones = [{ kind: "NORMAL" as const, pages: 16, watermarks: NO_WATERMARKS }];
    const machine = new Machine({ pageBytes: 4096, zones });
    const pool = new Z3foldPool(machine, "p");
    const headless = put(pool, 4096);
    pool.free(headless);
    put(pool, 100); // takes the same page frame
    expect(() => pool.free(headless)).toThrow(code("ZLAB_BAD_HANDLE"));
  });
});

describe("mapping", () => {
  test("the mapping is the place, whatever the mode", () => {
    const pool = new Z3foldPool(machineOf(), "p");
    const handles = [putChunks(pool, 10), putChunks(pool, 10), putChunks(pool, 10), put(pool, 4000)];
    const lengths = handles.map((handle) => {
      for (const mode of [MapMode.RW, MapMode.RO, MapMode.WO]) {
        const mapping = pool.map(handle, mode);
        mapping.bytes[mapping.offset + 99] = 7 + mode;
        pool.unmap(handle);
        const copy = new Uint8Array(100);
        pool.read(handle, copy, 0, 100);
        expect(copy[99]).toBe(7 + mode);
      }
      const { length } = pool.map(handle, MapMode.RO);
      pool.unmap(handle);
      return length;
    });
    expect(lengths).toEqual([640, 640, 640, 4096]);
  });

  test("one object a CPU; a mapped object is not freed; sleeping is allowed", () => {
    const machine = machineOf(4096, 256, 2);
    const pool = new Z3foldPool(machine, "p");
    const [a, b] = [put(pool, 100), put(pool, 4096)];
    pool.map(a, MapMode.RW);
    expect(machine.cpus.preemptCount()).toBe(0);
    expect(() => pool.map(b, MapMode.RW)).toThrow(code("ZLAB_NESTED_MAP"));
    expect(() => pool.unmap(b)).toThrow(code("ZLAB_NOT_MAPPED"));
    machine.cpus.runOn(1, () => {
      pool.map(b, MapMode.RO);
      expect(() => pool.free(a)).toThrow(code("ZLAB_MAPPED"));
      expect(() => pool.free(b)).toThrow(code("ZLAB_MAPPED"));
      pool.unmap(b);
    });
    expect(() => pool.destroy()).toThrow(code("ZLAB_MAPPED"));
    pool.unmap(a);
    pool.free(a);
    pool.check(3);
  });

  test("copies stay within the object's chunks and are counted", () => {
    const machine = machineOf();
    const pool = new Z3foldPool(machine, "p");
    const handle = put(pool, 100);
    const buffer = new Uint8Array(200);
    expect(() => pool.write(handle, buffer, 0, 129)).toThrow(code("ZLAB_RANGE"));
    expect(() => pool.read(handle, buffer, 150, 51)).toThrow(code("ZLAB_RANGE"));
    pool.write(handle, buffer, 0, 128);
    pool.read(handle, buffer, 0, 100);
    expect(machine.cost.copiedBytes).toBe(228);
  });
});

describe("machine", () => {
  test.each([3000, 4000])("without a page malloc(%d) is ENOMEM and changes nothing", (bytes) => {
    const machine = machineOf();
    const pool = new Z3foldPool(machine, "p");
    put(pool, 3000);
    machine.faults.failNth(1);
    expect(pool.malloc(bytes, GFP_KERNEL)).toBe(ENOMEM);
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 1, totalPages: 1, failures: 1 });
    machine.faults.failNth(1);
    expect(isErrno(pool.malloc(800, GFP_KERNEL)), "a page with room needs no page").toBe(false);
  });

  test("destroy gives all pages back and tells what was left", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = new Z3foldPool(machine, "p");
    const handles = Array.from({ length: 100 }, (_, i) => put(pool, 1 + i * 41));
    for (const handle of handles.splice(0, 30)) pool.free(handle);
    expect(pool.destroy()).toBe(70);
    expect(machine.freePageCount()).toBe(free);
    pool.check(3);
    for (const handle of handles) expect(() => pool.free(handle)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => pool.destroy()).toThrow(code("ZLAB_DESTROYED"));
    expect(() => pool.malloc(100, GFP_KERNEL)).toThrow(code("ZLAB_DESTROYED"));
    expect(() => pool.malloc(4096, GFP_KERNEL)).toThrow(code("ZLAB_DESTROYED"));
  });

  test("the driver makes pools and knows no options", () => {
    expect(z3foldDriver.create(machineOf(), "p", {}).type).toBe("z3fold");
    expect(() => z3foldDriver.create(machineOf(), "p", { chainSize: 8 })).toThrow(code("ZLAB_POOL_OPTIONS"));
  });
});
