// The invariants of both allocators, as equations:
//
//   level 1   pages of all slabs = totalPages; objects in use over all slabs = live objects + off-slab descriptors;
//             bytes of their slots = slotBytes
//   level 2   of every slab: free objects on its lists + inuse = objects, each on the list once; every slab is where its
//             state says: in as many lists as slabs have that state, and full, partial or empty accordingly
//   level 3   the machine's page descriptors: the slab's block is allocated with its order, its pages bear its number

import { type Pfn } from "@zlab/hw-sim";
import { type CheckLevel, corrupt } from "@zlab/zpool";
import type { SlabLists } from "./slab-lists.ts";
import type { SlabMemory } from "./slab-memory.ts";
import { END_OF_FREELIST, NO_SLAB, SlabState, type SlabTable } from "./slab-table.ts";
import type { Slab310Pool } from "./slab310-pool.ts";
import type { SlubPool } from "./slub-pool.ts";

interface Pool {
  readonly name: string;
  readonly table: SlabTable;
  readonly memory: SlabMemory;
  readonly objects: number;
  readonly slotBytes: number;
}

/** Verifies a SLUB pool. Throws ZLAB_CORRUPT. */
export function checkSlub(pool: SlubPool, level: CheckLevel): void {
  checkTotals(pool);
  if (level === 1) return;
  const cpuFreelists = new Map<number, number>(); // of the current slabs
  let cpuPartialSlabs = 0;
  for (let cpu = 0; cpu < pool.cpuCount; cpu++) {
    for (let cache = 0; cache < pool.caches.length; cache++) {
      const cpuCache = pool.cpuCacheOf(cpu, cache);
      const current = pool.currentSlabOf(cpuCache);
      if (current !== NO_SLAB) {
        expectState(pool, current, cache, SlabState.cpuCurrent);
        cpuFreelists.set(current, pool.cpuFreelistOf(cpuCache));
      }
      cpuPartialSlabs += checkList(pool, pool.cpuPartial, cpuCache, cache, SlabState.cpuPartial);
    }
  }
  let nodePartialSlabs = 0;
  for (let cache = 0; cache < pool.caches.length; cache++) {
    nodePartialSlabs += checkList(pool, pool.nodePartial, cache, cache, SlabState.partial);
  }
  expectCount(pool, SlabState.cpuCurrent, cpuFreelists.size);
  expectCount(pool, SlabState.cpuPartial, cpuPartialSlabs);
  expectCount(pool, SlabState.partial, nodePartialSlabs);
  checkSlabs(pool, level, (slab) => cpuFreelists.get(slab) ?? END_OF_FREELIST);
}

/** Verifies a SLAB pool. Throws ZLAB_CORRUPT. */
export function checkSlab310(pool: Slab310Pool, level: CheckLevel): void {
  checkTotals(pool);
  if (level === 1) return;
  let partialSlabs = 0;
  let freeSlabs = 0;
  let fullSlabs = 0;
  for (let cache = 0; cache < pool.caches.length; cache++) {
    partialSlabs += checkList(pool, pool.partial, cache, cache, SlabState.partial);
    freeSlabs += checkList(pool, pool.free, cache, cache, SlabState.free);
    fullSlabs += checkList(pool, pool.full, cache, cache, SlabState.full);
    let freeObjects = 0;
    forEachSlab(pool.table, (slab) => {
      if (pool.table.cacheOf(slab) === cache) freeObjects += pool.table.objectsOf(slab) - pool.table.inuseOf(slab);
    });
    expect(pool, freeObjects === pool.freeObjectsOf(cache), `cache ${cache}: ${freeObjects} free objects were counted`);
  }
  expectCount(pool, SlabState.partial, partialSlabs);
  expectCount(pool, SlabState.free, freeSlabs);
  expectCount(pool, SlabState.full, fullSlabs);
  checkSlabs(pool, level, () => END_OF_FREELIST);
}

function checkTotals(pool: Pool): void {
  const { table } = pool;
  let pages = 0;
  let inuse = 0;
  let bytes = 0;
  forEachSlab(table, (slab) => {
    pages += 2 ** table.orderOf(slab);
    inuse += table.inuseOf(slab);
    bytes += table.inuseOf(slab) * table.slotBytesOf(slab);
    const descriptor = table.descriptorOf(slab);
    if (descriptor === 0) return;
    inuse--;
    bytes -= table.slotBytesOf(pool.memory.slabAt(descriptor));
  });
  const { totalPages } = pool.memory;
  expect(pool, pages === totalPages, `totalPages is ${totalPages}, but the slabs have ${pages}`);
  expect(pool, inuse === pool.objects, `${pool.objects} objects are live, but the slabs have ${inuse} in use`);
  expect(pool, bytes === pool.slotBytes, `slotBytes is ${pool.slotBytes}, but the slabs have ${bytes} in use`);
}

/** Checks a list's slabs and links; returns their number. A list that runs in a circle comes back to a slab that links elsewhere. */
function checkList(pool: Pool, lists: SlabLists, list: number, cache: number, state: number): number {
  let length = 0;
  let previous = NO_SLAB;
  for (let slab = lists.headOf(list); slab !== NO_SLAB; slab = pool.table.nextOf(slab)) {
    expectState(pool, slab, cache, state);
    expect(pool, pool.table.previousOf(slab) === previous, `slab ${slab} does not link back to slab ${previous}`);
    previous = slab;
    length++;
  }
  expect(pool, length === lists.lengthOf(list), `list ${list} of cache ${cache} has ${length} slabs`);
  return length;
}

function checkSlabs(pool: Pool, level: CheckLevel, cpuFreelistOf: (slab: number) => number): void {
  const { table } = pool;
  forEachSlab(table, (slab) => {
    const objects = table.objectsOf(slab);
    const inuse = table.inuseOf(slab);
    const seen = new Uint8Array(objects);
    walkFreelist(pool, slab, table.freelistOf(slab), seen);
    walkFreelist(pool, slab, cpuFreelistOf(slab), seen);
    let taken = 0;
    for (let object = 0; object < objects; object++) if (table.isTaken(slab, object)) taken++;
    const free = seen.reduce((sum, bit) => sum + bit, 0);
    expect(pool, taken === inuse, `slab ${slab}: inuse is ${inuse}, but ${taken} objects are allocated`);
    expect(pool, free + inuse === objects, `slab ${slab}: ${free} free + ${inuse} in use, of ${objects} objects`);
    checkState(pool, slab);
    if (level === 3) checkPages(pool, slab);
  });
}

function walkFreelist(pool: Pool, slab: number, first: number, seen: Uint8Array): void {
  for (let object = first; object !== END_OF_FREELIST; object = pool.table.nextFreeOf(slab, object)) {
    const isFree = object < seen.length && !pool.table.isTaken(slab, object);
    expect(pool, isFree, `slab ${slab}: object ${object} on the free list is not a free object`);
    expect(pool, seen[object] === 0, `slab ${slab}: object ${object} is on the free list twice`);
    seen[object] = 1;
  }
}

/** A full slab has no free object, a free one no allocated object, and one on a partial list of a node or CPU has room. */
function checkState(pool: Pool, slab: number): void {
  const state = pool.table.stateOf(slab);
  const inuse = pool.table.inuseOf(slab);
  const room = pool.table.objectsOf(slab) - inuse;
  const isListed = state === SlabState.partial || state === SlabState.cpuPartial;
  const fits = isListed
    ? room > 0
    : state === SlabState.free
      ? inuse === 0
      : state === SlabState.cpuCurrent || room === 0;
  expect(pool, fits, `slab ${slab} in state ${state} has ${inuse} objects in use and ${room} free`);
}

function checkPages(pool: Pool, slab: number): void {
  const { pages } = pool.memory.machine;
  const pfn = pool.table.pfnOf(slab);
  const order = pool.table.orderOf(slab);
  expect(pool, pages.isAllocatedBlock(pfn, order), `slab ${slab}: page ${pfn} heads no block of order ${order}`);
  for (let page = pfn; page < pfn + pool.memory.markedPagesOf(slab); page++) {
    const isOurs = pages.ownerOf(page) === pool.memory.owner && pages.privateOf(page as Pfn) === slab;
    expect(pool, isOurs, `slab ${slab}: page ${page} is not marked as its own`);
  }
}

function forEachSlab(table: SlabTable, visit: (slab: number) => void): void {
  for (let slab = 0; slab < table.count; slab++) if (table.stateOf(slab) !== SlabState.retired) visit(slab);
}

function expectState(pool: Pool, slab: number, cache: number, state: number): void {
  const fits = pool.table.stateOf(slab) === state && pool.table.cacheOf(slab) === cache;
  expect(pool, fits, `slab ${slab} is where slabs of cache ${cache} in state ${state} are, but is in another`);
}

function expectCount(pool: Pool, state: number, listed: number): void {
  let count = 0;
  forEachSlab(pool.table, (slab) => {
    if (pool.table.stateOf(slab) === state) count++;
  });
  expect(pool, count === listed, `${count} slabs are in state ${state}, but the lists have ${listed}`);
}

function expect(pool: Pool, holds: boolean, what: string): void {
  if (!holds) throw corrupt(pool.name, what);
}
