// The invariants of a pool, as equations. Level 1: totals. Level 2: every list, zspage, slot and handle. Level 3: the pages, as
// the machine knows them, and the header image in them.
//
//   totalPages = sum over classes of (zspages * pagesPerZspage)
//   mallocs - frees = sum over classes of live objects
//   per class:   zspages = those on its lists,  live objects = sum of their inuse,
//                zspages + unused records = records handed out of its segments,  no record is both,
//                the rest of its newest segment is what was never handed out
//   per list:    its sentinel's count = its length,  bit of the class's mask = (count > 0),  previous undoes next
//   per zspage:  inuse = allocated slots,  objectsPerZspage - inuse = length of the free list,  group = group of inuse,
//                its sequence number is its own and below the number of zspages created
//   per slot:    its position leads back to class and zspage;  allocated  =>  its owner's handle resolves to it
//   handles:     live cells = live objects,  live + free cells = cells,  the lists of free cells have only such
//   per page:    owner, private and index in its descriptor name this pool, zspage and place; no page is in two zspages
//   pages:       those of all zspages = totalPages = those that the machine has for this owner
//
// Nothing is followed before it is known to be what it should: a position before it names a record of its class, a link before it
// names a slot; and a list is left when it comes back to itself. So the check ends, and with nothing but ZLAB_CORRUPT, whatever
// the tables hold; a pool that was made of an image depends on it.

import { pagesOwnedBy } from "@zlab/hw-sim";
import { type CheckLevel, type Handle, corrupt } from "@zlab/zpool";
import { type ClassId, END_OF_SLOTS, NO_SLOT, NO_ZSPAGE, type ZspageId } from "./table-layout.ts";
import type { ZsPool } from "./zs-pool.ts";

/** What was met so far, and must not be met again. */
interface Met {
  readonly sequences: Set<number>;
  /** Of the pages; undefined below level 3. */
  readonly pfns: Set<number> | undefined;
}

/** Throws ZLAB_CORRUPT with the first equation that doesn't hold. */
export function checkPool(pool: ZsPool, level: CheckLevel): void {
  checkTotals(pool);
  if (level === 1) return;
  const met: Met = { sequences: new Set(), pfns: level === 3 ? new Set() : undefined };
  for (const c of pool.zspages.classes) checkClass(pool, c, met);
  checkHandles(pool);
  if (met.pfns === undefined) return;
  equal(pool, "pages of all zspages = totalPages", met.pfns.size, pool.totalPages());
  equal(pool, "pages of this owner", pagesOwnedBy(pool.machine, pool.ownerNumber), pool.totalPages());
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

function checkClass(pool: ZsPool, c: ClassId, met: Met): void {
  const { zspages } = pool;
  const name = `class ${zspages.indexOf(c)}`;
  const records = new Set<ZspageId>();
  let mask = 0;
  let objects = 0;
  if (!zspages.isFreshRight(c)) throw corrupt(pool.name, `${name}: where its unused segment begins is no such place`);
  for (let group = 0; group < zspages.groupCount; group++) {
    checkList(pool, c, group);
    if (zspages.countOf(c, group) > 0) mask |= 1 << group;
    for (let z = zspages.headOf(c, group); z !== NO_ZSPAGE; z = zspages.nextOf(z, c, group)) {
      records.add(z);
      const where = `${name}, group ${group}, zspage ${zspages.sequenceOf(z)}`;
      checkSequence(pool, z, where, met);
      if (met.pfns !== undefined) checkPages(pool, z, c, where, met.pfns);
      checkSlots(pool, z, c, where);
      objects += zspages.inuseOf(z);
    }
  }
  equal(pool, `${name}: mask of the lists with zspages`, zspages.maskOf(c), mask);
  equal(pool, `${name}: zspages on its lists`, records.size, zspages.zspagesOf(c));
  equal(pool, `${name}: objects in its zspages`, objects, zspages.usedOf(c));
  equal(pool, `${name}: empty zspages`, zspages.countOf(c, 0), 0);
  checkUnused(pool, c, name, records);
  equal(pool, `${name}: records in use and unused`, records.size, zspages.recordsOf(c));
  checkFullest(pool, c);
}

/** The links both ways, the count, and that every zspage belongs on the list. That previous undoes next ends a circle. */
function checkList(pool: ZsPool, c: ClassId, group: number): void {
  const { zspages } = pool;
  const list = `class ${zspages.indexOf(c)}, group ${group}`;
  let length = 0;
  let last = NO_ZSPAGE;
  for (let z = zspages.headOf(c, group); z !== NO_ZSPAGE; z = zspages.nextOf(z, c, group)) {
    if (++length > zspages.countOf(c, group)) break;
    if (!zspages.isRecord(z, c)) throw corrupt(pool.name, `${list}: ${z} on the list is no zspage of the class`);
    const where = `${list}, zspage ${zspages.sequenceOf(z)}`;
    equal(pool, `${where}: previous on the list`, zspages.previousOf(z, c, group), last);
    if (zspages.inuseOf(z) > zspages.capacityOf(c))
      throw corrupt(pool.name, `${where}: ${zspages.inuseOf(z)} objects in ${zspages.capacityOf(c)} slots`);
    equal(pool, `${where}: group for its ${zspages.inuseOf(z)} objects`, zspages.groupOf(z, c), group);
    last = z;
  }
  equal(pool, `${list}: length of the list`, length, zspages.countOf(c, group));
  equal(pool, `${list}: tail`, zspages.tailOf(c, group), last);
}

/** Adds the unused records to those in use. */
function checkUnused(pool: ZsPool, c: ClassId, name: string, records: Set<ZspageId>): void {
  const { zspages } = pool;
  for (let z = zspages.firstUnused(c); z !== NO_ZSPAGE; z = zspages.nextUnused(z)) {
    if (!zspages.isRecord(z, c)) throw corrupt(pool.name, `${name}: unused record ${z} is no record of the class`);
    if (records.has(z)) throw corrupt(pool.name, `${name}: records in use and unused: ${z} is both, or unused twice`);
    records.add(z);
  }
}

function checkSequence(pool: ZsPool, z: ZspageId, where: string, { sequences }: Met): void {
  const sequence = pool.zspages.sequenceOf(z);
  if (sequence >= pool.zspagesCreated || sequences.has(sequence))
    throw corrupt(pool.name, `${where}: number ${sequence} of ${pool.zspagesCreated} zspages is not its own`);
  sequences.add(sequence);
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
  checkFreeSlots(pool, z, c, where);
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
      if (pool.config.era.handles === "direct")
        equal(pool, `${where}: owner of slot ${index}, where handles encode places`, zspages.ownerOf(slot), 0);
    }
    const fault = headers?.fault(slot, handle);
    if (fault !== undefined) throw corrupt(pool.name, `${where}: ${fault}`);
  }
  equal(pool, `${where}: allocated slots`, allocated, zspages.inuseOf(z));
}

/** The free list has as many slots as are not in use, and no slot twice: one that does would never end. */
function checkFreeSlots(pool: ZsPool, z: ZspageId, c: ClassId, where: string): void {
  const { zspages } = pool;
  const capacity = zspages.capacityOf(c);
  let free = 0;
  let index = zspages.firstFreeSlot(z);
  for (; index !== END_OF_SLOTS && free <= capacity; index = zspages.nextFreeSlot(z, index)) {
    if (index < 0 || index >= capacity)
      throw corrupt(pool.name, `${where}: the free list names slot ${index} of ${capacity}`);
    if (zspages.isAllocated(zspages.slotAt(z, index)))
      throw corrupt(pool.name, `${where}: slot ${index} is on the free list and allocated`);
    free++;
  }
  equal(pool, `${where}: length of the free list`, free, capacity - zspages.inuseOf(z));
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
