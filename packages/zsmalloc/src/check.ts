// The invariants of a pool, as equations. Level 1: totals. Level 2: every list, zspage, slot and handle. Level 3: the pages, as
// the machine knows them, and the header image in them.
//
//   totalPages = sum over classes of (zspages * pagesPerZspage)
//   mallocs - frees = sum over classes of live objects
//   per class:   zspages = those on its lists,  live objects = sum of their inuse,
//                zspages + unused records = records handed out of its segments
//   per list:    its sentinel's count = its length,  bit of the class's mask = (count > 0),  previous undoes next
//   per zspage:  inuse = allocated slots,  objectsPerZspage - inuse = length of the free list,  group = group of inuse
//   per slot:    its position leads back to class and zspage;  allocated  =>  its owner's handle resolves to it
//   handles:     live cells = live objects,  live + free cells = cells
//   per page:    owner, private and index in its descriptor name this pool, zspage and place; no page is in two zspages

import { type CheckLevel, type Handle, corrupt } from "@zlab/zpool";
import { type ClassId, NO_SLOT, NO_ZSPAGE, type ZspageId } from "./table-layout.ts";
import type { ZsPool } from "./zs-pool.ts";

/** Throws ZLAB_CORRUPT with the first equation that doesn't hold. */
export function checkPool(pool: ZsPool, level: CheckLevel): void {
  checkTotals(pool);
  if (level === 1) return;
  const pfns = new Set<number>();
  for (const c of pool.zspages.classes) checkClass(pool, c, level === 3 ? pfns : undefined);
  checkHandles(pool);
  if (level === 3) equal(pool, "pages of all zspages = totalPages", pfns.size, pool.totalPages());
}

function checkTotals(pool: ZsPool): void {
  let pages = 0;
  let objects = 0;
  for (const c of pool.zspages.classes) {
    pages += pool.zspages.zspagesOf(c) * pool.zspages.pagesOf(c);
    objects += pool.zspages.usedOf(c);
  }
  equal(pool, "sum of pages used by classes = totalPages", pages, pool.totalPages());
  equal(pool, "sum of objects used by classes = mallocs - frees", objects, pool.objectsByCalls());
}

function checkClass(pool: ZsPool, c: ClassId, pfns: Set<number> | undefined): void {
  const { zspages } = pool;
  const name = `class ${zspages.indexOf(c)}`;
  let zspageCount = 0;
  let objects = 0;
  for (let group = 0; group < zspages.groupCount; group++) {
    checkList(pool, c, group);
    zspageCount += zspages.countOf(c, group);
    for (let z = zspages.headOf(c, group); z !== NO_ZSPAGE; z = zspages.nextOf(z, c, group)) {
      const where = `${name}, group ${group}, zspage ${zspages.sequenceOf(z)}`;
      checkSlots(pool, z, c, where);
      if (pfns !== undefined) checkPages(pool, z, c, where, pfns);
      objects += zspages.inuseOf(z);
    }
  }
  equal(pool, `${name}: zspages on its lists`, zspageCount, zspages.zspagesOf(c));
  equal(pool, `${name}: objects in its zspages`, objects, zspages.usedOf(c));
  equal(pool, `${name}: empty zspages`, zspages.countOf(c, 0), 0);
  equal(pool, `${name}: records in use and unused`, zspageCount + zspages.unusedOf(c), zspages.recordsOf(c));
  checkFullest(pool, c);
}

/** The links both ways, the count, the bit, and that every zspage belongs on the list. */
function checkList(pool: ZsPool, c: ClassId, group: number): void {
  const { zspages } = pool;
  const list = `class ${zspages.indexOf(c)}, group ${group}`;
  let length = 0;
  let last = NO_ZSPAGE;
  for (let z = zspages.headOf(c, group); z !== NO_ZSPAGE; z = zspages.nextOf(z, c, group)) {
    if (++length > zspages.countOf(c, group)) break;
    const where = `${list}, zspage ${zspages.sequenceOf(z)}`;
    equal(pool, `${where}: previous on the list`, zspages.previousOf(z, c, group), last);
    equal(pool, `${where}: class`, zspages.classOf(z), c);
    equal(pool, `${where}: group for its ${zspages.inuseOf(z)} objects`, zspages.groupOf(z, c), group);
    last = z;
  }
  equal(pool, `${list}: length of the list`, length, zspages.countOf(c, group));
  equal(pool, `${list}: tail`, zspages.tailOf(c, group), last);
  equal(pool, `${list}: has zspages, by the mask`, Number(zspages.hasZspages(c, group)), Number(length > 0));
}

/** The bit mask of the lists must lead to the fullest zspage with room. */
function checkFullest(pool: ZsPool, c: ClassId): void {
  const { zspages } = pool;
  let expected = NO_ZSPAGE;
  for (let group = 0; group < zspages.groupCount - 1; group++) {
    const head = zspages.headOf(c, group);
    if (head !== NO_ZSPAGE) expected = head;
  }
  equal(pool, `class ${zspages.indexOf(c)}: fullest zspage with room`, zspages.fullest(c), expected);
}

function checkSlots(pool: ZsPool, z: ZspageId, c: ClassId, where: string): void {
  const { zspages, headers } = pool;
  const capacity = zspages.capacityOf(c);
  let free = 0;
  for (let index = zspages.firstFreeSlot(z); index >= 0 && free <= capacity; index = zspages.nextFreeSlot(z, index)) {
    if (index >= capacity) throw corrupt(pool.name, `${where}: the free list names slot ${index} of ${capacity}`);
    if (zspages.isAllocated(zspages.slotAt(z, index)))
      throw corrupt(pool.name, `${where}: slot ${index} is on the free list and allocated`);
    free++;
  }
  equal(pool, `${where}: length of the free list`, free, capacity - zspages.inuseOf(z));
  let allocated = 0;
  for (let index = 0; index < capacity; index++) {
    const slot = zspages.slotAt(z, index);
    if (zspages.zspageOf(slot, zspages.classOf(slot)) !== z)
      throw corrupt(pool.name, `${where}: the position of slot ${index} does not lead back to the zspage`);
    let handle = 0;
    if (zspages.isAllocated(slot)) {
      allocated++;
      handle = pool.handleAt(slot);
      if (pool.slotOf(handle) !== slot)
        throw corrupt(pool.name, `${where}: handle ${handle} of slot ${index} does not lead back to it`);
    }
    const fault = headers?.fault(slot, handle);
    if (fault !== undefined) throw corrupt(pool.name, `${where}: ${fault}`);
  }
  equal(pool, `${where}: allocated slots`, allocated, zspages.inuseOf(z));
}

function checkPages(pool: ZsPool, z: ZspageId, c: ClassId, where: string, pfns: Set<number>): void {
  const { pages } = pool.machine;
  for (let page = 0; page < pool.zspages.pagesOf(c); page++) {
    const pfn = pool.zspages.pfnOf(z, c, page);
    if (pfns.has(pfn)) throw corrupt(pool.name, `${where}: page ${pfn} is in two zspages`);
    pfns.add(pfn);
    if (!pages.isAllocatedBlock(pfn, 0)) throw corrupt(pool.name, `${where}: page ${pfn} is not an allocated page`);
    equal(pool, `${where}: owner of page ${pfn}`, pages.ownerOf(pfn), pool.ownerNumber);
    equal(pool, `${where}: private of page ${pfn}`, pages.privateOf(pfn), z);
    equal(pool, `${where}: index of page ${pfn}`, pages.indexOf(pfn), page);
  }
}

function checkHandles(pool: ZsPool): void {
  const { handles, mappings } = pool;
  const live = handles.countLive();
  if (pool.config.era.handles === "indirect") equal(pool, "live handles = live objects", live, pool.objectsByCalls());
  equal(pool, "live and free cells = cells", live + handles.countFree(), handles.cellCount);
  mappings.some((handle: Handle) => {
    if (pool.slotOf(handle) === NO_SLOT) throw corrupt(pool.name, `object ${handle} is mapped but not live`);
    return false;
  });
}

function equal(pool: ZsPool, what: string, got: number, expected: number): void {
  if (got !== expected) throw corrupt(pool.name, `${what}: ${got}, expected ${expected}`);
}
