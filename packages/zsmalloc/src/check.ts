// The invariants of a pool, as equations. Level 1: totals. Level 2: every list, zspage, slot and handle. Level 3: the pages, as
// the machine knows them, and the header image in them.
//
//   totalPages = sum over classes of (slots / objectsPerZspage * pagesPerZspage)
//   mallocs - frees = sum over classes of live objects
//   per zspage:  inuse = allocated slots,  objectsPerZspage - inuse = length of the free list,  group = groupFor(inuse)
//   per slot:    allocated  =>  its owner's handle resolves to this zspage and slot
//   handles:     live handles = live objects
//   per page:    owner, private and index in its descriptor name this pool, zspage and place; no page is in two zspages

import { type CheckLevel, type Handle, corrupt } from "@zlab/zpool";
import { HandleTable } from "./handle-table.ts";
import { NO_ZSPAGE, type ZspageId } from "./zspage-table.ts";
import type { ZsPool } from "./zs-pool.ts";

/** Throws ZLAB_CORRUPT with the first equation that doesn't hold. */
export function checkPool(pool: ZsPool, level: CheckLevel): void {
  checkTotals(pool);
  if (level === 1) return;
  const pfns = new Set<number>();
  for (const classIndex of pool.plan.owners) checkClass(pool, classIndex, level === 3 ? pfns : undefined);
  checkHandles(pool);
  if (level === 3) equal(pool, "pages of all zspages = totalPages", pfns.size, pool.totalPages());
}

function checkTotals(pool: ZsPool): void {
  const rows = pool.classRows();
  const pages = rows.reduce((sum, row) => sum + row.pagesUsed, 0);
  const objects = rows.reduce((sum, row) => sum + row.objectsUsed, 0);
  const stats = pool.stats();
  equal(pool, "sum of pages used by classes = totalPages", pages, pool.totalPages());
  equal(pool, "sum of objects used by classes = mallocs - frees", objects, stats.mallocs - stats.frees);
}

function checkClass(pool: ZsPool, classIndex: number, pfns: Set<number> | undefined): void {
  const { lists, zspages } = pool;
  let zspageCount = 0;
  let objects = 0;
  for (let group = 0; group < lists.groupCount; group++) {
    const list = lists.listOf(classIndex, group);
    let length = 0;
    let previous = NO_ZSPAGE;
    for (let z = zspages.headOf(list); z !== NO_ZSPAGE; z = zspages.nextOf(z, list)) {
      if (++length > lists.zspageCountOf(classIndex, group)) break;
      const where = `class ${classIndex}, group ${group}, zspage ${zspages.sequenceOf(z)}`;
      equal(pool, `${where}: previous on the list`, zspages.previousOf(z, list), previous);
      equal(pool, `${where}: class`, zspages.classOf(z), classIndex);
      equal(pool, `${where}: group`, zspages.groupOf(z), group);
      equal(
        pool,
        `${where}: group for its ${zspages.inuseOf(z)} objects`,
        lists.groupFor(classIndex, zspages.inuseOf(z)),
        group,
      );
      checkSlots(pool, z, where);
      if (pfns !== undefined) checkPages(pool, z, where, pfns);
      objects += zspages.inuseOf(z);
      previous = z;
    }
    equal(
      pool,
      `class ${classIndex}, group ${group}: length of the list`,
      length,
      lists.zspageCountOf(classIndex, group),
    );
    zspageCount += length;
  }
  const capacity = pool.plan.objectsPerZspageOf(classIndex);
  equal(pool, `class ${classIndex}: slots of its zspages`, zspageCount * capacity, pool.objectsAllocatedOf(classIndex));
  equal(pool, `class ${classIndex}: objects in its zspages`, objects, pool.objectsUsedOf(classIndex));
  equal(pool, `class ${classIndex}: empty zspages`, lists.zspageCountOf(classIndex, 0), 0);
  checkFullest(pool, classIndex);
}

/** The bit mask of the lists must lead to the fullest zspage with room. */
function checkFullest(pool: ZsPool, classIndex: number): void {
  const { lists, zspages } = pool;
  let expected = NO_ZSPAGE;
  for (let group = 0; group < lists.groupCount - 1; group++) {
    const head = zspages.headOf(lists.listOf(classIndex, group));
    if (head !== NO_ZSPAGE) expected = head;
  }
  equal(pool, `class ${classIndex}: fullest zspage with room`, lists.fullest(classIndex), expected);
}

function checkSlots(pool: ZsPool, z: ZspageId, where: string): void {
  const { zspages, handles, headers } = pool;
  const capacity = pool.plan.objectsPerZspageOf(zspages.classOf(z));
  let free = 0;
  for (let slot = zspages.firstFreeSlot(z); slot >= 0 && free <= capacity; slot = zspages.nextFreeSlot(z, slot)) {
    if (slot >= capacity) throw corrupt(pool.name, `${where}: the free list names slot ${slot} of ${capacity}`);
    if (zspages.isAllocated(z, slot))
      throw corrupt(pool.name, `${where}: slot ${slot} is on the free list and allocated`);
    free++;
  }
  equal(pool, `${where}: length of the free list`, free, capacity - zspages.inuseOf(z));
  let allocated = 0;
  for (let slot = 0; slot < capacity; slot++) {
    let handle = 0;
    if (zspages.isAllocated(z, slot)) {
      allocated++;
      handle = handles.handleAt(z, slot, zspages.ownerOf(z, slot));
      const found = handles.resolve(handle) && handles.zspage === z && handles.slot === slot;
      if (!found) throw corrupt(pool.name, `${where}: handle ${handle} of slot ${slot} does not lead back to it`);
    }
    const fault = headers?.fault(z, slot, handle);
    if (fault !== undefined) throw corrupt(pool.name, `${where}: ${fault}`);
  }
  equal(pool, `${where}: allocated slots`, allocated, zspages.inuseOf(z));
}

function checkPages(pool: ZsPool, z: ZspageId, where: string, pfns: Set<number>): void {
  const { pages } = pool.machine;
  for (let page = 0; page < pool.plan.pagesPerZspageOf(pool.zspages.classOf(z)); page++) {
    const pfn = pool.zspages.pfnOf(z, page);
    if (pfns.has(pfn)) throw corrupt(pool.name, `${where}: page ${pfn} is in two zspages`);
    pfns.add(pfn);
    if (!pages.isAllocatedBlock(pfn, 0)) throw corrupt(pool.name, `${where}: page ${pfn} is not an allocated page`);
    equal(pool, `${where}: owner of page ${pfn}`, pages.ownerOf(pfn), pool.ownerNumber);
    equal(pool, `${where}: private of page ${pfn}`, pages.privateOf(pfn), z);
    equal(pool, `${where}: index of page ${pfn}`, pages.indexOf(pfn), page);
  }
}

function checkHandles(pool: ZsPool): void {
  const { handles, mappings, zspages } = pool;
  if (handles instanceof HandleTable)
    equal(pool, "live handles = live objects", handles.countLive(), pool.stats().objects);
  let pins = 0;
  for (const classIndex of pool.plan.owners) {
    pool.lists.forEach(classIndex, (z) => {
      pins += zspages.pinsOf(z);
    });
  }
  equal(pool, "pins of all zspages = open mappings", pins, mappings.open);
  mappings.some((handle: Handle) => {
    if (!handles.resolve(handle)) throw corrupt(pool.name, `object ${handle} is mapped but not live`);
    return false;
  });
}

function equal(pool: ZsPool, what: string, got: number, expected: number): void {
  if (got !== expected) throw corrupt(pool.name, `${what}: ${got}, expected ${expected}`);
}
