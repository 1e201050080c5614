// Each equation of the checks is broken once, behind the allocator's back; the check must name it, and a check of a lower level
// must not look there.

import type { CheckLevel } from "@zlab/zpool";
import { GFP_KERNEL, type Pfn, isErrno } from "@zlab/hw-sim";
import { Slab310Pool, SlubPool } from "@zlab/kmalloc-sim";
import { describe, expect, test } from "vitest";
import { END_OF_FREELIST, NO_SLAB, SlabState } from "../src/slab-table.ts";
import { smallMachine } from "./machines.ts";

type Corruption<Pool> = [level: CheckLevel, message: string, corrupt: (pool: Pool) => void];

function allocateMany(pool: SlubPool | Slab310Pool, bytes: number, count: number): number[] {
  return Array.from({ length: count }, () => {
    const address = pool.kmalloc(bytes, GFP_KERNEL);
    if (isErrno(address)) throw new Error("no memory");
    return address;
  });
}

function expectFound(pool: SlubPool | Slab310Pool, level: CheckLevel, message: string): void {
  const text = message.replace(/PFN(\d+)(?:\+(\d+))?/u, (_, slab: string, more = "0") => {
    return String(pool.table.pfnOf(Number(slab)) + Number(more));
  });
  const refused = expect.objectContaining({ code: "ZLAB_CORRUPT", message: `pool: ${text}` }) as Error;
  for (let higher = level; higher <= 3; higher++) expect(() => pool.check(higher)).toThrow(refused);
  for (let lower = level - 1; lower >= 1; lower--) pool.check(lower as CheckLevel);
}

describe("SLUB", () => {
  const CACHE = 11; // 4096 bytes, 8 objects in a slab of 8 pages

  /** Slabs 0 and 1 are the node's, 2 (with two free objects) is the CPU's partial one, 3 is full, 4 current, 5 large, 6 given back. */
  function slubPool(): SlubPool {
    const pool = new SlubPool(smallMachine(256, { cpus: 2 }), "pool");
    expect(pool.caches[CACHE]).toMatchObject({ slotBytes: 4096, objectsPerSlab: 8 });
    const objects = allocateMany(pool, 4096, 8 * 4 + 5);
    for (const i of [0, 8, 16, 17]) pool.kfree(objects[i]!);
    allocateMany(pool, 20_000, 1);
    pool.kfree(allocateMany(pool, 20_000, 1)[0]!);
    pool.check(3);
    expect([0, 1, 2, 3, 4, 5, 6].map((slab) => pool.table.stateOf(slab))).toEqual([3, 3, 2, 4, 1, 6, 0]);
    return pool;
  }

  /** Takes an object of one slab and frees one of another, which leaves the totals right. */
  function shift(pool: SlubPool, fromSlab: number, toSlab: number): void {
    const object = pool.table.freelistOf(toSlab);
    pool.table.setFreelist(toSlab, pool.table.take(toSlab, object));
    pool.table.putBack(fromSlab, 7, pool.table.freelistOf(fromSlab));
    pool.table.setFreelist(fromSlab, 7);
  }

  test.each<Corruption<SlubPool>>([
    [1, "34 objects are live, but the slabs have 35 in use", ({ table }) => table.take(0, 0)],
    [
      1,
      "totalPages is 56, but the slabs have 48",
      ({ memory }) => memory.takeSlab(0, 3, GFP_KERNEL, 8, 8, { slotBytes: 8, firstObjectOffset: 0 }),
    ],
    [
      1,
      "slotBytes is 167936, but the slabs have 139264 in use",
      ({ table }) => [table.take(0, 0), table.putBack(5, 0, END_OF_FREELIST)],
    ],
    [
      2,
      "slab 4 is where slabs of cache 11 in state 1 are, but is in another",
      ({ table }) => table.setState(4, SlabState.full),
    ],
    [
      2,
      "slab 2 is where slabs of cache 11 in state 2 are, but is in another",
      ({ table }) => table.setState(2, SlabState.full),
    ],
    [
      2,
      "slab 1 is where slabs of cache 11 in state 3 are, but is in another",
      ({ table }) => table.setState(1, SlabState.cpuPartial),
    ],
    [
      2,
      "slab 1 is where slabs of cache 3 in state 3 are, but is in another",
      ({ nodePartial }) => [nodePartial.remove(CACHE, 1), nodePartial.addTail(3, 1)],
    ],
    [2, "slab 0 does not link back to slab 1", ({ table }) => table.setPrevious(0, NO_SLAB)],
    [2, "slab 1 does not link back to slab 0", ({ table }) => table.setNext(0, 1)],
    [2, "list 11 of cache 11 has 1 slabs", ({ table }) => table.setNext(1, NO_SLAB)],
    [2, "2 slabs are in state 1, but the lists have 1", ({ table }) => table.setState(3, SlabState.cpuCurrent)],
    [2, "2 slabs are in state 2, but the lists have 1", ({ table }) => table.setState(3, SlabState.cpuPartial)],
    [2, "3 slabs are in state 3, but the lists have 2", ({ table }) => table.setState(3, SlabState.partial)],
    [
      2,
      "slab 3: inuse is 8, but 7 objects are allocated",
      ({ table }) => table.reorderFreelist(3, Uint16Array.of(0), 0),
    ],
    [2, "slab 0: 0 free + 7 in use, of 8 objects", ({ table }) => table.setFreelist(0, END_OF_FREELIST)],
    [2, "slab 0: object 1 on the free list is not a free object", ({ table }) => table.setFreelist(0, 1)],
    [2, "slab 0: object 8 on the free list is not a free object", ({ table }) => table.setFreelist(0, 8)],
    [2, "slab 0: object 0 is on the free list twice", ({ table }) => table.reorderFreelist(0, Uint16Array.of(0, 0), 0)],
    [2, "slab 4: object 5 is on the free list twice", ({ table }) => table.setFreelist(4, 5)],
    [2, "slab 0 in state 3 has 8 objects in use and 0 free", (pool) => shift(pool, 4, 0)],
    [2, "slab 3 in state 4 has 7 objects in use and 1 free", (pool) => shift(pool, 3, 2)],
    [
      3,
      "slab 0: page PFN0 heads no block of order 3",
      ({ table, memory }) => memory.machine.freePages(table.pfnOf(0) as Pfn, 3),
    ],
    [
      3,
      "slab 0: page PFN0+7 is not marked as its own",
      ({ table, memory }) => memory.machine.pages.setOwner(table.pfnOf(0) + 7, 0),
    ],
    [
      3,
      "slab 1: page PFN1+1 is not marked as its own",
      ({ table, memory }) => memory.machine.pages.setPrivate((table.pfnOf(1) + 1) as Pfn, 0),
    ],
  ])("level %d finds: %s", (level, message, corrupt) => {
    const pool = slubPool();
    corrupt(pool);
    expectFound(pool, level, message);
  });
});

describe("SLAB", () => {
  const CACHE = 6; // 512 bytes, 8 objects in a page, descriptors in objects of 96 bytes

  /** Slab 0 is partial, 2 is free, 3 is full; slab 1 holds their descriptors, 4 is of the cache of 128 bytes. */
  function slabPool(): Slab310Pool {
    const pool = new Slab310Pool(smallMachine(64), "pool");
    expect(pool.caches[CACHE]).toMatchObject({ objectBytes: 512, objectsPerSlab: 8 });
    const objects = allocateMany(pool, 512, 24);
    for (const i of [0, 8, 9, 10, 11, 12, 13, 14, 15]) pool.kfree(objects[i]!);
    allocateMany(pool, 128, 2);
    pool.check(3);
    expect([0, 1, 2, 3, 4].map((slab) => pool.table.stateOf(slab))).toEqual([3, 3, 5, 4, 3]);
    expect([0, 1, 2, 3, 4].map((slab) => pool.table.cacheOf(slab))).toEqual([6, 2, 6, 6, 3]);
    return pool;
  }

  test.each<Corruption<Slab310Pool>>([
    [1, "17 objects are live, but the slabs have 18 in use", ({ table }) => table.take(0, 0)],
    [
      1,
      "17 objects are live, but the slabs have 16 in use",
      ({ table }) => table.setDescriptor(4, table.descriptorOf(0)),
    ],
    [
      2,
      "3 slabs are in state 3, but the lists have 0",
      ({ partial }) => [2, 3, 6].map((cache) => partial.takeHead(cache)),
    ],
    [2, "1 slabs are in state 5, but the lists have 0", ({ free }) => free.takeHead(CACHE)],
    [2, "1 slabs are in state 4, but the lists have 0", ({ full }) => full.takeHead(CACHE)],
    [
      2,
      "slab 2 is where slabs of cache 6 in state 5 are, but is in another",
      ({ table }) => table.setState(2, SlabState.full),
    ],
    [
      2,
      "slab 3 is where slabs of cache 6 in state 4 are, but is in another",
      ({ table }) => table.setState(3, SlabState.free),
    ],
    [
      2,
      "cache 2: 26 free objects were counted",
      ({ table }) => [table.setFreelist(1, table.take(1, 3)), table.putBack(4, 1, 2), table.setFreelist(4, 1)],
    ],
    [
      2,
      "slab 2 in state 5 has 1 objects in use and 7 free",
      ({ table }) => [
        table.setFreelist(2, table.take(2, table.freelistOf(2))),
        table.putBack(0, 7, 0),
        table.setFreelist(0, 7),
      ],
    ],
    [
      3,
      "slab 3: page PFN3 is not marked as its own",
      ({ table, memory }) => memory.machine.pages.setOwner(table.pfnOf(3), 0),
    ],
  ])("level %d finds: %s", (level, message, corrupt) => {
    const pool = slabPool();
    corrupt(pool);
    expectFound(pool, level, message);
  });
});
