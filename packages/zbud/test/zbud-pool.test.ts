import { EINVAL, ENOMEM, ENOSPC, GFP_KERNEL, Machine, NO_WATERMARKS, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { ZbudPool, zbudDriver } from "@zlab/zbud";
import { describe, expect, test } from "vitest";

function machineOf(pageBytes = 4096, pages = 256, cpus = 1): Machine {
  return new Machine({ pageBytes, zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }], cpus });
}

function put(pool: ZbudPool, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error(`malloc(${bytes}) = ${handle}`);
  return handle;
}

const code = (name: string) => expect.objectContaining({ code: name }) as Error;

describe("requests", () => {
  test.each([
    [0, GFP_KERNEL, EINVAL],
    [-1, GFP_KERNEL, EINVAL],
    [Number.NaN, GFP_KERNEL, EINVAL],
    [100, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [5000, GFP_KERNEL | __GFP_HIGHMEM, EINVAL],
    [3969, GFP_KERNEL, ENOSPC],
    [4096, GFP_KERNEL, ENOSPC],
    [4294967295, GFP_KERNEL, ENOSPC],
  ])("malloc(%d, %d) = %d", (bytes, gfp, errno) => {
    const machine = machineOf();
    const pool = new ZbudPool(machine, "p");
    expect(pool.malloc(bytes, gfp)).toBe(errno);
    expect(pool.stats()).toMatchObject({ failures: 1, mallocs: 0, totalPages: 0 });
  });

  test.each([
    [4096, 3968],
    [16384, 15872],
    [65536, 63488],
  ])("with pages of %d bytes the largest object has %d", (pageBytes, maxBytes) => {
    const pool = new ZbudPool(machineOf(pageBytes), "p");
    expect(pool.capabilities).toEqual({
      maxBytes,
      movable: false,
      sleepMapped: true,
      compact: false,
      crossPage: false,
      maxPageOrder: 0,
    });
    expect(zbudDriver.capabilities(pageBytes)).toEqual(pool.capabilities);
    expect(pool.malloc(maxBytes + 1, GFP_KERNEL)).toBe(ENOSPC);
    expect(pool.placementOf(put(pool, maxBytes))).toEqual({ pageSeq: 0, buddy: 0, byteOffset: pageBytes / 64 });
    expect(pool.stats().slotBytes).toBe(maxBytes);
  });

  test.each([
    [1, 64],
    [64, 64],
    [65, 128],
    [3904, 3904],
    [3905, 3968],
  ])("an object of %d bytes takes %d", (bytes, slotBytes) => {
    const pool = new ZbudPool(machineOf(), "p");
    put(pool, bytes);
    expect(pool.stats().slotBytes).toBe(slotBytes);
  });
});

describe("messages", () => {
  const NOT_LIVE = "which is not live: it is 0, was freed before, or comes from elsewhere";

  test.each<[string, (pool: ZbudPool, live: Handle) => unknown]>([
    [`p: free of handle 5, ${NOT_LIVE}`, (pool) => pool.free(5 as Handle)],
    [`p: map of handle 5, ${NOT_LIVE}`, (pool) => pool.map(5 as Handle, MapMode.RW)],
    [`p: read of handle 5, ${NOT_LIVE}`, (pool) => pool.read(5 as Handle, new Uint8Array(1), 0, 1)],
    [`p: write of handle 5, ${NOT_LIVE}`, (pool) => pool.write(5 as Handle, new Uint8Array(1), 0, 1)],
    [`p: placementOf of handle 5, ${NOT_LIVE}`, (pool) => pool.placementOf(5 as Handle)],
    ["zbud p: free of object LIVE, which CPU 0 has mapped", (pool, live) => pool.free(live)],
    ["zbud p: destroy while 1 objects are mapped", (pool) => pool.destroy()],
    ["p: destroy of a destroyed pool", (pool, live) => [pool.unmap(live), pool.destroy(), pool.destroy()]],
    ["p: malloc of a destroyed pool", (pool, live) => [pool.unmap(live), pool.destroy(), put(pool, 1)]],
  ])("%s", (message, action) => {
    const pool = new ZbudPool(machineOf(), "p");
    const live = put(pool, 100);
    pool.map(live, MapMode.RW);
    const thrown = expect.objectContaining({ message: message.replace("LIVE", String(live)) }) as Error;
    expect(() => action(pool, live)).toThrow(thrown);
  });

  test("the machine knows the pool's pages by its name", () => {
    const machine = machineOf();
    const pfn = Math.floor(put(new ZbudPool(machine, "p"), 100) / 4096);
    expect(machine.ownerName(machine.pages.ownerOf(pfn))).toBe("zbud p");
  });
});

describe("placement", () => {
  test("first begins behind the header, last ends with the page, and the handle is the address", () => {
    const pool = new ZbudPool(machineOf(), "p");
    const first = put(pool, 1000);
    const last = put(pool, 100);
    expect(pool.placementOf(first)).toEqual({ pageSeq: 0, buddy: 0, byteOffset: 64 });
    expect(pool.placementOf(last)).toEqual({ pageSeq: 0, buddy: 1, byteOffset: 4096 - 128 });
    expect(last - first).toBe(4096 - 128 - 64);
    expect(pool.totals()).toEqual({ totalPages: 1, buddied: 1, unbuddied: 0, pagesEverAllocated: 1 });
  });

  test("63 chunks are shared exactly, and not one more", () => {
    const pool = new ZbudPool(machineOf(), "p");
    put(pool, 40 * 64);
    expect(pool.placementOf(put(pool, 23 * 64))).toMatchObject({ pageSeq: 0, buddy: 1 });
    put(pool, 40 * 64);
    expect(pool.placementOf(put(pool, 24 * 64))).toMatchObject({ pageSeq: 2, buddy: 0 });
    pool.check(3);
  });

  test("a page with only a last buddy gets its next object as first", () => {
    const pool = new ZbudPool(machineOf(), "p");
    const first = put(pool, 500);
    put(pool, 500);
    pool.free(first);
    expect(pool.unbuddiedLists()).toEqual([[63 - 8, [0]]]);
    expect(pool.placementOf(put(pool, 2000))).toEqual({ pageSeq: 0, buddy: 0, byteOffset: 64 });
  });

  test("the page with the least room that is enough is taken, among equals the one listed last", () => {
    const pool = new ZbudPool(machineOf(), "p");
    for (const chunks of [35, 40, 40, 45]) put(pool, chunks * 64);
    expect(pool.unbuddiedLists()).toEqual([
      [18, [3]],
      [23, [2, 1]],
      [28, [0]],
    ]);
    expect(pool.placementOf(put(pool, 20 * 64))).toMatchObject({ pageSeq: 2 });
    expect(pool.placementOf(put(pool, 20 * 64))).toMatchObject({ pageSeq: 1 });
    expect(pool.placementOf(put(pool, 20 * 64))).toMatchObject({ pageSeq: 0 });
    expect(pool.placementOf(put(pool, 20 * 64))).toMatchObject({ pageSeq: 4 });
  });

  test("objects of one chunk fill pages up to the last list and the last chunk", () => {
    const pool = new ZbudPool(machineOf(), "p");
    put(pool, 1);
    expect(pool.unbuddiedLists()).toEqual([[62, [0]]]);
    expect(pool.placementOf(put(pool, 62 * 64))).toEqual({ pageSeq: 0, buddy: 1, byteOffset: 128 });
    put(pool, 62 * 64);
    expect(pool.unbuddiedLists()).toEqual([[1, [1]]]);
    expect(pool.placementOf(put(pool, 64))).toEqual({ pageSeq: 1, buddy: 1, byteOffset: 4032 });
  });

  test("a free puts the page at the head of its list", () => {
    const pool = new ZbudPool(machineOf(), "p");
    const [, second] = [put(pool, 40 * 64), put(pool, 10 * 64)];
    put(pool, 40 * 64);
    expect(pool.unbuddiedLists()).toEqual([[23, [1]]]);
    pool.free(second);
    expect(pool.unbuddiedLists()).toEqual([[23, [0, 1]]]);
  });

  test("an emptied page goes back at once, and its number is not used again", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = new ZbudPool(machine, "p");
    const handle = put(pool, 100);
    expect(machine.freePageCount()).toBe(free - 1);
    pool.free(handle);
    expect(machine.freePageCount()).toBe(free);
    expect(pool.placementOf(put(pool, 100)).pageSeq).toBe(1);
  });
});

describe("handles", () => {
  test("what is not live is refused by every call", () => {
    const machine = machineOf();
    const pool = new ZbudPool(machine, "p");
    const stale = put(pool, 640);
    const kept = put(pool, 640);
    const elsewhere = put(new ZbudPool(machine, "other"), 640);
    pool.free(stale);
    const madeUp = [0, -22, 1, 64, kept + 1, kept + 64, kept - 64, kept + 0.5, kept + 4096, 2 ** 40, 2 ** 60];
    for (const handle of [stale, elsewhere, Number.NaN, Number.POSITIVE_INFINITY, ...madeUp] as Handle[]) {
      expect(() => pool.free(handle), `free ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.map(handle, MapMode.RO), `map ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.read(handle, new Uint8Array(1), 0, 1), `read ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
      expect(() => pool.write(handle, new Uint8Array(1), 0, 1), `write ${handle}`).toThrow(code("ZLAB_BAD_HANDLE"));
    }
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 1, frees: 1 });
  });

  test("an address beyond 32 bits is exact", () => {
    const zones = [{ kind: "NORMAL" as const, pages: 3 << 20, watermarks: NO_WATERMARKS }];
    const machine = new Machine({ pageBytes: 4096, zones, backing: "size-only" });
    const owner = machine.registerOwner("filler");
    for (let block = 0; block < (2 << 20) / 1024; block++) machine.allocPages(10, GFP_KERNEL, owner);
    const pool = new ZbudPool(machine, "p");
    const handle = put(pool, 100);
    expect(handle).toBeGreaterThan(2 ** 32);
    expect(pool.placementOf(put(pool, 64))).toEqual({ pageSeq: 0, buddy: 1, byteOffset: 4032 });
    pool.free(handle);
    pool.check(3);
  });
});

describe("contents", () => {
  test.each([4096, 16384, 65536])("objects keep their bytes in pages of %d", (pageBytes) => {
    const pool = new ZbudPool(machineOf(pageBytes), "p");
    const chunk = pageBytes / 64;
    const objects = Array.from({ length: 40 }, (_, i) => {
      const bytes = new Uint8Array(1 + ((i * 379 * chunk) % (62 * chunk))).fill(i + 1);
      const handle = put(pool, bytes.length);
      pool.write(handle, bytes, 0, bytes.length);
      return { handle, bytes };
    });
    for (const { handle, bytes } of objects) {
      const mapping = pool.map(handle, MapMode.RO);
      expect(mapping.length).toBe(Math.ceil(bytes.length / chunk) * chunk);
      expect(mapping.bytes.subarray(mapping.offset, mapping.offset + bytes.length)).toEqual(bytes);
      pool.unmap(handle);
      const copy = new Uint8Array(bytes.length + 2);
      pool.read(handle, copy, 1, bytes.length);
      expect(copy.subarray(1, -1)).toEqual(bytes);
    }
  });

  test("what is written through a mapping stays, in any mode", () => {
    const pool = new ZbudPool(machineOf(), "p");
    const handle = put(pool, 10);
    for (const mode of [MapMode.RW, MapMode.RO, MapMode.WO]) {
      const mapping = pool.map(handle, mode);
      mapping.bytes[mapping.offset + 9] = 100 + mode;
      pool.unmap(handle);
      const copy = new Uint8Array(10);
      pool.read(handle, copy, 0, 10);
      expect(copy[9]).toBe(100 + mode);
    }
  });

  test("copies stay within the object's chunks and are counted", () => {
    const machine = machineOf();
    const pool = new ZbudPool(machine, "p");
    const handle = put(pool, 100);
    const buffer = new Uint8Array(200);
    expect(() => pool.write(handle, buffer, 0, 129)).toThrow(code("ZLAB_RANGE"));
    expect(() => pool.read(handle, buffer, 150, 51)).toThrow(code("ZLAB_RANGE"));
    pool.write(handle, buffer, 0, 128);
    pool.read(handle, buffer, 0, 100);
    expect(machine.cost.copiedBytes).toBe(228);
  });
});

describe("mapping", () => {
  test("one object a CPU; a mapped object is not freed; sleeping is allowed", () => {
    const machine = machineOf(4096, 256, 2);
    const pool = new ZbudPool(machine, "p");
    const [a, b] = [put(pool, 100), put(pool, 100)];
    pool.map(a, MapMode.RW);
    expect(machine.cpus.preemptCount()).toBe(0);
    expect(() => pool.map(b, MapMode.RW)).toThrow(code("ZLAB_NESTED_MAP"));
    expect(() => pool.unmap(b)).toThrow(code("ZLAB_NOT_MAPPED"));
    machine.cpus.runOn(1, () => {
      pool.map(b, MapMode.RO);
      expect(() => pool.free(a)).toThrow(code("ZLAB_MAPPED"));
      pool.unmap(b);
    });
    expect(() => pool.destroy()).toThrow(code("ZLAB_MAPPED"));
    pool.unmap(a);
    pool.free(a);
    pool.check(3);
  });
});

describe("machine", () => {
  test("without a page malloc is ENOMEM and changes nothing", () => {
    const machine = machineOf();
    const pool = new ZbudPool(machine, "p");
    const handle = put(pool, 3000);
    machine.faults.failNth(1);
    expect(pool.malloc(3000, GFP_KERNEL)).toBe(ENOMEM);
    pool.check(3);
    expect(pool.stats()).toMatchObject({ objects: 1, totalPages: 1, failures: 1 });
    machine.faults.failNth(1);
    expect(isErrno(pool.malloc(900, GFP_KERNEL)), "a page with room needs no page").toBe(false);
    machine.faults.failNth(0);
    pool.free(handle);
    pool.check(3);
  });

  test("destroy gives all pages back and tells what was left", () => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = new ZbudPool(machine, "p");
    const handles = Array.from({ length: 100 }, (_, i) => put(pool, 1 + i * 37));
    for (const handle of handles.slice(90)) pool.free(handle);
    expect(pool.totalPages()).toBe(free - machine.freePageCount());
    expect(pool.destroy()).toBe(90);
    expect(pool.stats()).toMatchObject({ objects: 0, slotBytes: 0, frees: 100, totalPages: 0 });
    expect(machine.freePageCount()).toBe(free);
    pool.check(3);
    expect(() => pool.destroy()).toThrow(code("ZLAB_DESTROYED"));
    expect(() => pool.malloc(100, GFP_KERNEL)).toThrow(code("ZLAB_DESTROYED"));
  });

  test.each([63, 64, 65])("destroy of a pool of %d pages, of which one is gone", (pageCount) => {
    const machine = machineOf();
    const free = machine.freePageCount();
    const pool = new ZbudPool(machine, "p");
    const handles = Array.from({ length: pageCount }, () => put(pool, 3000));
    pool.free(handles[5]!);
    expect(pool.destroy()).toBe(pageCount - 1);
    expect(machine.freePageCount()).toBe(free);
  });

  test("check finds a page descriptor that does not lead to the pool", () => {
    const machine = machineOf();
    const pool = new ZbudPool(machine, "p");
    const pfn = Math.floor(put(pool, 100) / 4096);
    machine.pages.setOwner(pfn, 0);
    pool.check(2);
    expect(() => pool.check(3)).toThrow(code("ZLAB_CORRUPT"));
  });

  test("the driver makes pools and knows no options", () => {
    expect(zbudDriver.create(machineOf(), "p", {}).type).toBe("zbud");
    expect(zbudDriver.create(machineOf(), "p", { chainSize: undefined }).name).toBe("p");
    expect(zbudDriver.description).toMatch(/^at most two objects a page/u);
    const refused = expect.objectContaining({
      code: "ZLAB_POOL_OPTIONS",
      message: "zbud has no options; leave out chainSize, era",
    }) as Error;
    const options = { chainSize: 8, era: "6.1", other: undefined };
    expect(() => zbudDriver.create(machineOf(), "p", options)).toThrow(refused);
    expect(() => zbudDriver.capabilities(4096, options)).toThrow(refused);
  });
});
