// The SLAB engine: where objects land, and when slabs come and go.

import { ENOMEM, GFP_KERNEL, type Pfn, __GFP_ZERO, isErrno } from "@zlab/hw-sim";
import { Slab310Pool, ZERO_SIZE_PTR } from "@zlab/kmalloc-sim";
import { ZPoolError } from "@zlab/zpool";
import { expect, test } from "vitest";
import { smallMachine } from "./machines.ts";

function allocate(pool: Slab310Pool, bytes: number): number {
  const address = pool.kmalloc(bytes, GFP_KERNEL);
  if (isErrno(address)) throw new Error(`kmalloc(${bytes}) returned ${address}`);
  return address;
}

function allocateMany(pool: Slab310Pool, bytes: number, count: number): number[] {
  return Array.from({ length: count }, () => allocate(pool, bytes));
}

test("objects begin after the descriptor and are reused last in, first out", () => {
  const pool = new Slab310Pool(smallMachine(64), "pool");
  const [a, b] = allocateMany(pool, 64, 2) as [number, number];
  expect(a % 4096).toBe(320); // 48 + 4 * 59 bytes, rounded up to the cache line
  expect(b - a).toBe(64);
  pool.kfree(a);
  pool.kfree(b);
  expect(allocateMany(pool, 40, 3)).toEqual([b, a, b + 64]);
  pool.check(3);
});

test("96 bytes take slots of 128", () => {
  const pool = new Slab310Pool(smallMachine(64), "pool");
  const [a, b] = allocateMany(pool, 96, 2) as [number, number];
  expect(b - a).toBe(128);
  expect(pool.ksize(a)).toBe(128);
  expect(pool.slotBytes).toBe(256);
});

test("a slab in which an object was freed goes to the tail of the partial list", () => {
  const pool = new Slab310Pool(smallMachine(64), "pool");
  const objects = allocateMany(pool, 1024, 12); // three slabs of 4
  for (const i of [8, 0, 4, 9]) pool.kfree(objects[i]!);
  expect(allocateMany(pool, 1024, 4)).toEqual([objects[0], objects[4], objects[9], objects[8]]);
  pool.check(3);
});

test("slabs without objects are kept up to the free limit", () => {
  const machine = smallMachine(1024);
  const pool = new Slab310Pool(machine, "pool");
  const cache = pool.caches.findIndex(({ objectBytes }) => objectBytes === 4096);
  expect(pool.caches[cache]!.freeLimitObjects).toBe((1 + 1) * 12 + 1);
  const objects = allocateMany(pool, 4096, 100);
  for (const address of objects) pool.kfree(address);
  expect(pool.freeObjectsOf(cache)).toBe(25);
  expect(pool.free.lengthOf(cache)).toBe(25);
  pool.check(3);
  expect(allocate(pool, 4096)).toBe(objects[24]);
  pool.destroy();
  expect(machine.freePageCount()).toBe(1024);
});

test("an off-slab descriptor is an object of another cache, which the user can't free", () => {
  const machine = smallMachine(64);
  const pool = new Slab310Pool(machine, "pool");
  const object = allocate(pool, 2048);
  expect(object % 4096).toBe(0);
  expect(pool.totalPages).toBe(2);
  expect(pool.objects).toBe(1);
  const small = allocate(pool, 64); // the descriptor has 56 bytes and so lies in kmalloc-64
  expect(pool.ksize(small - 64)).toBe(0);
  expect(() => pool.kfree(small - 64)).toThrow(ZPoolError);
  pool.check(3);
});

test("a slab or its descriptor that can't be had is ENOMEM, and nothing is kept", () => {
  const machine = smallMachine(64);
  const pool = new Slab310Pool(machine, "pool");
  for (const n of [1, 2]) {
    machine.faults.failNth(n);
    expect(pool.kmalloc(2048, GFP_KERNEL)).toBe(ENOMEM);
    expect([pool.totalPages, pool.objects]).toEqual([0, 0]);
    pool.check(3);
  }
  expect(isErrno(pool.kmalloc(2048, GFP_KERNEL))).toBe(false);
});

test("large objects have slabs of their own, up to the largest block", () => {
  const machine = smallMachine(4096);
  const pool = new Slab310Pool(machine, "pool");
  const address = allocate(pool, 4 * 1024 * 1024);
  expect(pool.totalPages).toBe(1025);
  expect(pool.ksize(address)).toBe(4 * 1024 * 1024);
  pool.check(3);
  pool.destroy();
  expect(machine.freePageCount()).toBe(4096);
});

test("kmalloc(0) gives a pointer that is not null and may be freed; __GFP_ZERO clears the slot and nothing else", () => {
  const machine = smallMachine(64);
  const pool = new Slab310Pool(machine, "pool");
  expect(pool.kmalloc(0, GFP_KERNEL)).toBe(ZERO_SIZE_PTR);
  expect([pool.objects, pool.totalPages, pool.ksize(ZERO_SIZE_PTR)]).toEqual([0, 0, 0]);
  for (const ignored of [0, ZERO_SIZE_PTR]) pool.kfree(ignored);
  const [a, b, c] = allocateMany(pool, 96, 3) as [number, number, number];
  const pfn = Math.floor(a / 4096) as Pfn;
  machine.memory.fill(pfn, 0, 4096, 0xee);
  pool.kfree(b);
  expect(pool.kmalloc(70, GFP_KERNEL | __GFP_ZERO)).toBe(b);
  const start = machine.memory.offsetOf(pfn) + (a % 4096);
  const bytes = machine.memory.chunkOf(pfn).subarray(start, start + (c - a) + 1);
  expect(bytes.indexOf(0)).toBe(b - a);
  expect(bytes.lastIndexOf(0)).toBe(b - a + 127);
});

test("slabinfo shows the caches as the kernel does", () => {
  const pool = new Slab310Pool(smallMachine(64, { cpus: 2 }), "pool");
  pool.kfree(allocateMany(pool, 512, 9).at(-1)!);
  const lines = pool.slabinfo().split("\n");
  const line = (name: string) => lines.find((text) => text.startsWith(`${name} `));
  expect(line("kmalloc-512")).toBe(
    "kmalloc-512            8     16    512    8    1 : tunables   54   27    8 : slabdata      1      2      0",
  );
  expect(line("kmalloc-96")).toBe(
    "kmalloc-96             2     30    128   30    1 : tunables  120   60    8 : slabdata      1      1      0",
  );
  expect(line("kmalloc-8192")).toBe(
    "kmalloc-8192           0      0   8192    1    2 : tunables    8    4    0 : slabdata      0      0      0",
  );
});
