// The SLUB engine: where objects land, and when slabs come and go.

import { ENOMEM, GFP_KERNEL, __GFP_ZERO, isErrno } from "@zlab/hw-sim";
import { ZPoolError } from "@zlab/zpool";
import { expect, test } from "vitest";
import { ZERO_SIZE_PTR, SlubPool } from "@zlab/kmalloc-sim";
import { fragment, smallMachine } from "./machines.ts";

function allocate(pool: SlubPool, bytes: number): number {
  const address = pool.kmalloc(bytes, GFP_KERNEL);
  if (isErrno(address)) throw new Error(`kmalloc(${bytes}) returned ${address}`);
  return address;
}

function allocateMany(pool: SlubPool, bytes: number, count: number): number[] {
  return Array.from({ length: count }, () => allocate(pool, bytes));
}

/** The addresses of one slab in the order in which they are handed out. */
function seededOrder(seed: number): number[] {
  return allocateMany(new SlubPool(smallMachine(64), "pool", { randomizeFreelist: true, seed }), 64, 64);
}

test("a fresh slab is used in ascending order, freed objects last in, first out", () => {
  const pool = new SlubPool(smallMachine(64), "pool");
  const [a, b, c] = allocateMany(pool, 96, 3) as [number, number, number];
  expect(a % 4096).toBe(0);
  expect([b - a, c - b]).toEqual([96, 96]);
  pool.kfree(a);
  pool.kfree(c);
  expect([allocate(pool, 65), allocate(pool, 96), allocate(pool, 70)]).toEqual([c, a, c + 96]);
  pool.check(3);
});

test("with randomizeFreelist a slab is used in an order of the seed, and every object once", () => {
  const first = seededOrder(1);
  expect(seededOrder(1)).toEqual(first);
  expect(seededOrder(2)).not.toEqual(first);
  const sorted = first.toSorted((a, b) => a - b);
  expect(first).not.toEqual(sorted);
  expect(sorted.map((address) => address - sorted[0]!)).toEqual(Array.from({ length: 64 }, (_, i) => 64 * i));
});

test("frees by another CPU are used only after the CPU's own free list", () => {
  const machine = smallMachine(64, { cpus: 2 });
  const pool = new SlubPool(machine, "pool");
  const [first] = allocateMany(pool, 2048, 15) as [number];
  machine.cpus.runOn(1, () => pool.kfree(first));
  pool.check(3);
  expect(allocate(pool, 2048)).toBe(first + 15 * 2048);
  expect(allocate(pool, 2048)).toBe(first);
  expect(pool.totalPages).toBe(8);
});

test("each CPU has a slab of its own", () => {
  const machine = smallMachine(64, { cpus: 2 });
  const pool = new SlubPool(machine, "pool");
  const mine = allocate(pool, 64);
  const other = machine.cpus.runOn(1, () => allocate(pool, 64));
  expect(Math.floor(mine / 4096)).not.toBe(Math.floor(other / 4096));
  expect(pool.totalPages).toBe(2);
});

test("full slabs with a free object gather on the CPU and, past its target, at the node's tail; empty ones are given back", () => {
  const pool = new SlubPool(smallMachine(1024), "pool");
  const cache = pool.caches.findIndex(({ slotBytes }) => slotBytes === 4096); // 8 a slab; CPU 2 slabs, node 6
  const objects = allocateMany(pool, 4096, 8 * 20);
  const lists = () => [pool.cpuPartial.lengthOf(cache), pool.nodePartial.lengthOf(cache)];
  pool.kfree(objects[0]!);
  expect(lists()).toEqual([1, 0]);
  pool.kfree(objects[8]!);
  expect(lists()).toEqual([2, 0]);
  pool.kfree(objects[16]!);
  expect(lists()).toEqual([1, 2]);
  // The CPU's list serves first, then the node's: its head and, until the CPU has more than half its target, the next.
  expect(allocate(pool, 4096)).toBe(objects[16]);
  pool.check(3);
  for (const address of objects.slice(1, 8)) pool.kfree(address);
  pool.kfree(objects[16]!);
  for (const address of [...objects.slice(9, 16), ...objects.slice(17)]) pool.kfree(address);
  pool.check(3);
  expect(pool.objects).toBe(0);
  // One current slab, which took the last free; the CPU's partial slabs; the node keeps its minimum of empty ones.
  expect(pool.nodePartial.lengthOf(cache)).toBe(6);
  expect(pool.totalPages).toBe(8 * (1 + pool.cpuPartial.lengthOf(cache) + 6));
});

test("a CPU that takes from the node also fills its own list to more than half", () => {
  const pool = new SlubPool(smallMachine(256, { cpus: 2 }), "pool");
  const cache = pool.caches.findIndex(({ slotBytes }) => slotBytes === 256); // 16 a slab; CPU 7 slabs
  const objects = allocateMany(pool, 256, 16 * 9);
  for (let slab = 0; slab < 8; slab++) pool.kfree(objects[16 * slab]!);
  expect([pool.cpuPartial.lengthOf(cache), pool.nodePartial.lengthOf(cache)]).toEqual([1, 7]);
  const handles = allocateMany(pool, 256, 2);
  expect(handles[0]).toBe(objects[16 * 7]);
  // The last slab handed over first: the CPU's list is last in, first out, and joined the node's tail in its order.
  expect(handles[1]).toBe(objects[16 * 6]);
  expect([pool.cpuPartial.lengthOf(cache), pool.nodePartial.lengthOf(cache)]).toEqual([4, 2]);
  pool.check(3);
});

test("a slab of the node's list that becomes empty is given back if the list has its minimum, else kept", () => {
  const pool = new SlubPool(smallMachine(256), "pool");
  const cache = pool.caches.findIndex(({ slotBytes }) => slotBytes === 4096); // 8 a slab; CPU 2 slabs, node 6
  const objects = allocateMany(pool, 4096, 8 * 12);
  for (let slab = 0; slab < 9; slab++) pool.kfree(objects[8 * slab]!);
  expect([pool.cpuPartial.lengthOf(cache), pool.nodePartial.lengthOf(cache)]).toEqual([1, 8]);
  const emptied = [0, 1, 2, 3, 4].map((slab) => {
    for (let i = 1; i < 8; i++) pool.kfree(objects[8 * slab + i]!);
    return pool.nodePartial.lengthOf(cache);
  });
  expect(emptied).toEqual([7, 6, 5, 5, 5]);
  expect(pool.totalPages).toBe(8 * (12 - 3));
  pool.check(3);
});

test("without blocks of the preferred order slabs have the lowest order; without pages it is ENOMEM", () => {
  const machine = smallMachine(1024, { cpus: 2 });
  const restore = fragment(machine, 4);
  const free = machine.freePageCount();
  expect(machine.zones[0]!.buddy.hasBlock(1)).toBe(false);
  const pool = new SlubPool(machine, "pool");
  const first = allocate(pool, 2048); // prefers 16 objects in order 3
  const [second, third] = allocateMany(pool, 2048, 2) as [number, number];
  expect(second).toBe(first + 2048);
  expect(Math.floor(third / 4096)).not.toBe(Math.floor(first / 4096));
  expect(pool.totalPages).toBe(2);
  expect(pool.kmalloc(8192, GFP_KERNEL)).toBe(ENOMEM); // one object needs order 1
  expect(machine.log.lines.filter((line) => line.includes("order:3"))).toEqual([]);
  expect(machine.log.lines.filter((line) => line.includes("order:1"))).toHaveLength(1);
  const objects = [first, second, third];
  for (;;) {
    const address = pool.kmalloc(2048, GFP_KERNEL);
    if (isErrno(address)) break;
    objects.push(address);
  }
  expect(objects.length).toBe(2 * free);
  expect(machine.freePageCount()).toBe(0);
  pool.check(3);
  for (const address of objects) pool.kfree(address);
  pool.check(3);
  pool.destroy();
  expect(machine.freePageCount()).toBe(free);
  restore();
});

test("a random order leaves out the objects that a small slab does not have", () => {
  const machine = smallMachine(64);
  const pool = new SlubPool(machine, "pool", { cpus: 2, randomizeFreelist: true });
  machine.faults.failPageAlloc({ minOrder: 1 });
  const objects = allocateMany(pool, 1024, 16);
  expect(pool.totalPages).toBe(4);
  expect(new Set(objects).size).toBe(16);
  pool.check(3);
});

test("without the fallback a slab has its preferred order or is ENOMEM", () => {
  const machine = smallMachine(1024, { cpus: 2 });
  const restore = fragment(machine, 4);
  const pool = new SlubPool(machine, "pool", { fallback: false });
  expect(pool.kmalloc(2048, GFP_KERNEL)).toBe(ENOMEM); // prefers order 3
  expect(machine.failedRequestsByOrder().slice(0, 4)).toEqual([1, 0, 0, 1]); // the first is the fragmenter's
  expect(isErrno(pool.kmalloc(256, GFP_KERNEL))).toBe(false); // prefers order 0
  pool.check(3);
  pool.destroy();
  restore();
});

test("a page allocation that fails is repeated at the lowest order, then given up", () => {
  const machine = smallMachine(64, { cpus: 2 });
  const pool = new SlubPool(machine, "pool");
  machine.faults.failNth(1);
  allocate(pool, 1024);
  expect(pool.totalPages).toBe(1);
  expect(pool.caches.find(({ slotBytes }) => slotBytes === 1024)!.order).toBe(2);
  machine.faults.failPageAlloc({ times: 2 });
  expect(pool.kmalloc(512, GFP_KERNEL)).toBe(ENOMEM);
  expect([pool.totalPages, pool.objects]).toEqual([1, 1]);
  pool.check(3);
  expect(isErrno(pool.kmalloc(512, GFP_KERNEL))).toBe(false);
});

test("large requests are whole pages, given back at once", () => {
  const machine = smallMachine(4096);
  const pool = new SlubPool(machine, "pool");
  const before = machine.freePageCount();
  const sizes: [number, number][] = [
    [8193, 4],
    [16384, 4],
    [16385, 8],
    [4 * 1024 * 1024, 1024],
  ];
  for (const [bytes, pages] of sizes) {
    const address = allocate(pool, bytes);
    expect(pool.totalPages).toBe(pages);
    expect(pool.ksize(address)).toBe(pages * 4096);
    pool.check(3);
    expect(() => pool.kfree(address + 4096)).toThrow(ZPoolError);
    pool.kfree(address);
    expect(pool.totalPages).toBe(0);
    expect(() => pool.kfree(address)).toThrow(ZPoolError);
  }
  machine.faults.failNth(1);
  expect(pool.kmalloc(8193, GFP_KERNEL)).toBe(ENOMEM);
  expect(machine.freePageCount()).toBe(before);
});

test("kmalloc(0) gives a pointer that is not null, takes nothing, and may be freed", () => {
  const pool = new SlubPool(smallMachine(64), "pool");
  const address = pool.kmalloc(0, GFP_KERNEL);
  expect(address).toBe(ZERO_SIZE_PTR);
  expect([pool.objects, pool.totalPages, pool.ksize(ZERO_SIZE_PTR)]).toEqual([0, 0, 0]);
  pool.kfree(ZERO_SIZE_PTR);
  pool.kfree(0);
  expect(pool.objects).toBe(0);
});

test("__GFP_ZERO clears the object's slot and nothing else", () => {
  const machine = smallMachine(64);
  const pool = new SlubPool(machine, "pool");
  const [a, b, c] = allocateMany(pool, 32, 3) as [number, number, number];
  const bytes = machine.memory.chunkOf((a / 4096) as never);
  const start = machine.memory.offsetOf((a / 4096) as never);
  bytes.fill(0xee, start, start + 96);
  pool.kfree(b);
  expect(pool.kmalloc(20, GFP_KERNEL | __GFP_ZERO)).toBe(b);
  const words = [0, 31, 32, 63, 64, 95].map((offset) => bytes[start + offset]);
  expect(words).toEqual([0xee, 0xee, 0, 0, 0xee, 0xee]);
  expect(c).toBe(a + 64);
  bytes.fill(0xee);
  const fresh = pool.kmalloc(64, GFP_KERNEL | __GFP_ZERO);
  const page = machine.memory.offsetOf((fresh / 4096) as never);
  expect([bytes[page], bytes[page + 63], bytes[page + 64]]).toEqual([0, 0, 0xee]);
});

test("slabinfo shows the caches as the kernel does", () => {
  const pool = new SlubPool(smallMachine(256, { cpus: 2 }), "pool");
  allocateMany(pool, 4096, 9);
  const freed = allocateMany(pool, 100, 32 * 12);
  for (let slab = 0; slab < 10; slab++) pool.kfree(freed[32 * slab]!);
  const lines = pool.slabinfo().split("\n");
  expect(lines[0]).toBe("slabinfo - version: 2.1");
  expect(lines[1]).toBe(
    "# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>",
  );
  expect(lines).toHaveLength(2 + 13 + 1);
  expect(lines[3]).toBe(
    "kmalloc-4k            16     16   4096    8    8 : tunables    0    0    0 : slabdata      2      2      0",
  );
  // 8 slabs with a free object were handed over to the node; what the CPU holds counts as active.
  expect(lines[9]).toBe(
    "kmalloc-128          376    384    128   32    1 : tunables    0    0    0 : slabdata     12     12      0",
  );
});

test("slabinfo shows neither slabs that were given back nor blocks of large objects", () => {
  const pool = new SlubPool(smallMachine(1024), "pool");
  const before = pool.slabinfo();
  allocateMany(pool, 100_000, 2);
  pool.kfree(allocateMany(pool, 100_000, 1)[0]!);
  expect(pool.slabinfo()).toBe(before);
});
