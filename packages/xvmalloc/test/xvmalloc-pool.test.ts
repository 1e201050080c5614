import { EINVAL, ENOMEM, ENOSPC, GFP_KERNEL, Machine, NO_WATERMARKS, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { type XvmallocPool, xvmallocDriver } from "@zlab/xvmalloc";
import { describe, expect, test } from "vitest";
import { code, machineOf, poolOn, put } from "./fixtures.ts";

/** The blocks of the only page: "header offset:bytes", with "free" and "(previous free)". */
function blocksOf(pool: XvmallocPool): string[] {
  const [page, ...others] = pool.pageBlocks();
  expect(others).toEqual([]);
  return page![1].map(
    ({ headerOffset, bytes, free, previousFree }) =>
      `${headerOffset}:${bytes}${free ? " free" : ""}${previousFree ? " (previous free)" : ""}`,
  );
}

/** The whole pool: pages with their blocks, and lists. */
const stateOf = (pool: XvmallocPool) => [pool.pageBlocks(), pool.freeLists()];

describe("requests", () => {
  test.each([
    [0, GFP_KERNEL, EINVAL],
    [-1, GFP_KERNEL, EINVAL],
    [Number.NaN, GFP_KERNEL, EINVAL],
    [100, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [4089, GFP_KERNEL, ENOSPC],
    [4096, GFP_KERNEL, ENOSPC],
    [4294967295, GFP_KERNEL, ENOSPC],
  ])("malloc(%d, %d) = %d", (bytes, gfp, errno) => {
    const pool = poolOn(machineOf());
    expect(pool.malloc(bytes, gfp)).toBe(errno);
    expect(pool.stats()).toMatchObject({ failures: 1, mallocs: 0, totalPages: 0 });
  });

  test.each([0, -1, Number.NaN, 4093, 4096, 2 ** 40])("xvMalloc(%d) is ENOMEM, and the pool does not grow", (bytes) => {
    const pool = poolOn(machineOf());
    expect(pool.xvMalloc(bytes, GFP_KERNEL)).toBe(ENOMEM);
    expect(pool.stats()).toMatchObject({ failures: 1, totalPages: 0 });
  });

  test.each([4089, 4090, 4091, 4092])("xvMalloc(%d) is ENOMEM after the pool has grown, each time", (bytes) => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = poolOn(machine);
    for (const pages of [1, 2, 3]) {
      expect(pool.xvMalloc(bytes, GFP_KERNEL)).toBe(ENOMEM);
      expect(pool.stats()).toMatchObject({ failures: pages, totalPages: pages, objects: 0 });
      pool.check(3);
    }
    expect(pool.freeLists()).toEqual([
      [
        507,
        [
          [2, 0],
          [1, 0],
          [0, 0],
        ],
      ],
    ]);
    const handle = put(pool, 4088);
    expect(pool.placementOf(handle), "the empty pages are used").toEqual({ pageSeq: 2, byteOffset: 4 });
    pool.free(handle);
    expect(pool.totalPages(), "and only then given back").toBe(2);
    expect(pool.destroy()).toBe(0);
    expect(machine.freePageCount()).toBe(free);
  });

  test.each([
    [4096, 4088],
    [16384, 16376],
    [65536, 65528],
  ])("with pages of %d bytes the largest object has %d", (pageBytes, maxBytes) => {
    const pool = poolOn(machineOf(pageBytes));
    expect(pool.capabilities.maxBytes).toBe(maxBytes);
    expect(xvmallocDriver.capabilities(pageBytes)).toEqual(pool.capabilities);
    const handle = put(pool, maxBytes);
    expect(blocksOf(pool)).toEqual([`0:${maxBytes}`, `${maxBytes + 4}:0 free`]);
    expect(pool.xvMalloc(maxBytes + 1, GFP_KERNEL)).toBe(ENOMEM);
    pool.free(handle);
    pool.check(3);
  });

  test.each([
    [1, 8],
    [4, 8],
    [5, 12],
    [12.5, 20],
    [100, 104],
    [4085, 4092],
  ])("an object of %d bytes takes %d, its header included", (bytes, slotBytes) => {
    const pool = poolOn(machineOf());
    put(pool, bytes);
    expect(pool.stats().slotBytes).toBe(slotBytes);
    pool.check(2);
  });
});

test("the worked example", () => {
  const pool = poolOn(machineOf());
  const first = put(pool, 100);
  expect(pool.placementOf(first)).toEqual({ pageSeq: 0, byteOffset: 4 });
  expect(blocksOf(pool)).toEqual(["0:100", "104:3988 free"]);
  expect(pool.freeLists()).toEqual([[494, [[0, 104]]]]);

  expect(pool.placementOf(put(pool, 99))).toEqual({ pageSeq: 0, byteOffset: 108 });
  expect(blocksOf(pool)).toEqual(["0:100", "104:99", "208:3884 free"]);

  pool.free(first);
  expect(blocksOf(pool)).toEqual(["0:100 free", "104:99 (previous free)", "208:3884 free"]);
  expect(pool.freeLists()).toEqual([
    [8, [[0, 0]]],
    [481, [[0, 208]]],
  ]);

  expect(pool.placementOf(put(pool, 97)), "list 8 is not searched").toEqual({ pageSeq: 0, byteOffset: 212 });
  const exact = put(pool, 96);
  expect(pool.placementOf(exact)).toEqual({ pageSeq: 0, byteOffset: 4 });
  expect(blocksOf(pool).slice(0, 3), "the rest of 4 bytes is a header alone").toEqual([
    "0:96",
    "100:0 free",
    "104:99 (previous free)",
  ]);
  expect(pool.freeLists(), "and on no list").toEqual([[468, [[0, 312]]]]);

  pool.free(exact);
  expect(blocksOf(pool).slice(0, 2)).toEqual(["0:100 free", "104:99 (previous free)"]);
  expect(pool.freeLists()[0]).toEqual([8, [[0, 0]]]);
  pool.check(3);
});

describe("placement", () => {
  test("a block that fits exactly is taken whole", () => {
    const pool = poolOn(machineOf());
    const [first] = [put(pool, 96), put(pool, 50)];
    pool.free(first);
    expect(pool.placementOf(put(pool, 96))).toEqual({ pageSeq: 0, byteOffset: 4 });
    expect(blocksOf(pool)).toEqual(["0:96", "100:50", "156:3936 free"]);
  });

  test("of a list the block that came last is taken", () => {
    const pool = poolOn(machineOf());
    const handles = Array.from({ length: 7 }, () => put(pool, 200));
    for (const i of [3, 1, 5]) pool.free(handles[i]!);
    expect(pool.freeLists()[0]).toEqual([
      21,
      [
        [0, 5 * 204],
        [0, 204],
        [0, 3 * 204],
      ],
    ]);
    expect([1, 2, 3].map(() => pool.placementOf(put(pool, 200)).byteOffset)).toEqual([5, 1, 3].map((i) => i * 204 + 4));
  });

  test("a free block merges with both neighbours, and an empty page goes back at once", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = poolOn(machine);
    const [a, b, c, d] = [put(pool, 16), put(pool, 300), put(pool, 20), put(pool, 40)];
    pool.free(a);
    pool.free(c);
    expect(
      pool.freeLists().map(([list]) => list),
      "fragments below 32 bytes are on no list",
    ).toEqual([458]);
    pool.free(b);
    expect(blocksOf(pool)).toEqual(["0:344 free", "348:40 (previous free)", "392:3700 free"]);
    expect(pool.freeLists()[0]).toEqual([39, [[0, 0]]]);
    pool.free(d);
    expect(pool.totalPages()).toBe(0);
    expect(pool.freeLists()).toEqual([]);
    expect(machine.freePageCount()).toBe(free);
    expect(pool.placementOf(put(pool, 100)).pageSeq, "its number is not used again").toBe(1);
  });

  // Two blocks of 2044 would fill a page exactly. But what the first leaves is on the list of 2040, and a request of 2041 to 2044
  // searches from that of 2048.
  test.each([
    [2040, 1],
    [2041, 2],
    [2044, 2],
    [3000, 2],
  ])("two objects of %i bytes take %i pages", (bytes, pages) => {
    const pool = poolOn(machineOf());
    put(pool, bytes);
    put(pool, bytes);
    expect(pool.totalPages()).toBe(pages);
  });

  test("with no memory left a size may fail right after a block of it was freed", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const handle = put(pool, 100);
    put(pool, 3984);
    machine.faults.failNth(1);
    pool.free(handle);
    expect(pool.malloc(97, GFP_KERNEL)).toBe(ENOMEM);
    expect(pool.placementOf(put(pool, 96))).toEqual({ pageSeq: 0, byteOffset: 4 });
  });
});

describe("handles", () => {
  test("what is not live is refused by every call", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const kept = put(pool, 640);
    const stale = put(pool, 640);
    const merged = put(pool, 640);
    const elsewhere = put(poolOn(machine), 640);
    pool.free(stale);
    pool.free(merged);
    const near = [1, 2, 4, 8, -1, -4, -5, 64, 0.5, 644, 4096, -4096].map((delta) => kept + delta);
    const far = [0, -22, 1, Number.NaN, Infinity, 2 ** 40, 2 ** 60];
    for (const handle of [stale, merged, elsewhere, ...far, ...near] as Handle[]) {
      expect(() => pool.free(handle), `free ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.map(handle, MapMode.RO), `map ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.read(handle, new Uint8Array(1), 0, 1), `read ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.write(handle, new Uint8Array(1), 0, 1), `write ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
    }
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 1, frees: 2 });
  });

  test("a handle into a block that has merged does not lead to the one behind it", () => {
    const pool = poolOn(machineOf());
    const [a, b, c] = [put(pool, 100), put(pool, 100), put(pool, 100)];
    pool.free(a);
    pool.free(b);
    expect(() => pool.free(b)).toThrow(code("ZLAB_BAD_HANDLE"));
    pool.free(c);
    expect(pool.totalPages()).toBe(0);
  });

  test("an address beyond 32 bits is exact", () => {
    const zones = [{ kind: "NORMAL" as const, pages: 3 << 20, watermarks: NO_WATERMARKS }];
    const machine = new Machine({ pageBytes: 4096, zones, backing: "size-only" });
    const owner = machine.registerOwner("filler");
    for (let block = 0; block < (2 << 20) / 1024; block++) machine.allocPages(10, GFP_KERNEL, owner);
    const pool = poolOn(machine);
    put(pool, 100);
    const handle = put(pool, 100);
    expect(handle).toBeGreaterThan(2 ** 32);
    expect(handle % 4096).toBe(108);
    pool.free(handle);
    pool.check(3);
  });
});

describe("contents", () => {
  test.each([4096, 16384, 65536])("objects keep their bytes in pages of %d", (pageBytes) => {
    const pool = poolOn(machineOf(pageBytes));
    const objects = Array.from({ length: 80 }, (_, i) => {
      const bytes = new Uint8Array(1 + ((i * 379 * 31) % (pageBytes - 8))).fill(i + 1);
      const handle = put(pool, bytes.length);
      pool.write(handle, bytes, 0, bytes.length);
      return { handle, bytes };
    });
    for (const { handle, bytes } of objects) {
      const mapping = pool.map(handle, MapMode.RO);
      expect(mapping.length).toBe(Math.ceil(bytes.length / 4) * 4);
      expect(mapping.bytes.subarray(mapping.offset, mapping.offset + bytes.length)).toEqual(bytes);
      pool.unmap(handle);
      const copy = new Uint8Array(bytes.length + 2);
      pool.read(handle, copy, 1, bytes.length);
      expect(copy.subarray(1, -1)).toEqual(bytes);
    }
  });

  test("copies stay within the size rounded up to 4, and are counted", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    const handle = put(pool, 101);
    const buffer = new Uint8Array(200);
    expect(() => pool.write(handle, buffer, 0, 105)).toThrow(code("ZLAB_RANGE"));
    expect(() => pool.read(handle, buffer, 150, 51)).toThrow(code("ZLAB_RANGE"));
    pool.write(handle, buffer, 0, 104);
    pool.read(handle, buffer, 0, 100);
    expect(machine.cost.copiedBytes).toBe(204);
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
  test("without a page malloc is ENOMEM and changes nothing", () => {
    const machine = machineOf();
    const pool = poolOn(machine);
    put(pool, 3000);
    const before = stateOf(pool);
    machine.faults.failNth(1);
    expect(pool.malloc(3000, GFP_KERNEL)).toBe(ENOMEM);
    expect(stateOf(pool)).toEqual(before);
    expect(pool.stats()).toMatchObject({ objects: 1, totalPages: 1, failures: 1 });
    machine.faults.failNth(1);
    expect(isErrno(pool.malloc(900, GFP_KERNEL)), "a page with room needs no page").toBe(false);
    pool.check(3);
  });

  test("destroy gives all pages back and tells what was left", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = poolOn(machine);
    const handles = Array.from({ length: 100 }, (_, i) => put(pool, 1 + i * 37));
    for (let i = 0; i < 100; i += 3) pool.free(handles[i]!);
    expect(pool.destroy()).toBe(66);
    expect(machine.freePageCount()).toBe(free);
    pool.check(3);
    expect(() => pool.free(handles[1]!)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => pool.destroy()).toThrow(code("ZLAB_DESTROYED"));
    expect(() => pool.malloc(100, GFP_KERNEL)).toThrow(code("ZLAB_DESTROYED"));
  });

  test("the driver makes pools and knows no options", () => {
    expect(xvmallocDriver.create(machineOf(), "p", {}).type).toBe("xvmalloc");
    expect(() => xvmallocDriver.create(machineOf(), "p", { chainSize: 8 })).toThrow(code("ZLAB_POOL_OPTIONS"));
    expect(() => xvmallocDriver.capabilities(4096, { chainSize: 8 })).toThrow(code("ZLAB_POOL_OPTIONS"));
  });
});
