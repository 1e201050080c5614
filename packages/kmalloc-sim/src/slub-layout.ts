// How SLUB of Linux 6.12 lays out the slabs of a kmalloc cache: pure functions of the object size, the number of CPUs and
// the page size. More CPUs mean larger slabs, because each CPU works in a slab of its own and should not have to
// exchange it too often.

import { cacheSizes, orderOf } from "./cache-sizes.ts";

/** The largest order that is preferred for a slab (the kernel's slub_max_order). */
const MAX_PREFERRED_ORDER = 3;
const SMALLEST_BYTES = 8;

export interface SlubCache {
  /** "kmalloc-96", "kmalloc-1k". */
  readonly name: string;
  /** Bytes of a slot, which is also the largest request. */
  readonly slotBytes: number;
  /** Order of the pages of a slab, unless memory is short. */
  readonly order: number;
  /** Objects in a slab of that order. */
  readonly objectsPerSlab: number;
  /** Order when memory is short: the lowest that holds one object. */
  readonly minOrder: number;
  /** Empty slabs are given back while the node's list has at least so many partial ones. */
  readonly minPartialSlabs: number;
  /** Partial slabs that a CPU keeps to itself before it hands them over to the node. */
  readonly cpuPartialSlabs: number;
}

/** Objects that a slab should hold at least, before the cap of the largest order: 4 * (fls(cpus) + 1). */
export function minObjects(cpuCount: number): number {
  return 4 * (32 - Math.clz32(cpuCount) + 1);
}

/** The preferred order of a slab. The objects wanted give the order to begin with; then the first order wins whose unusable rest is at
 * most 1/16 of the slab, else 1/8, 1/4, 1/2; if that gives none, the order that one object needs. */
export function slubOrder(slotBytes: number, cpuCount: number, pageBytes: number): number {
  const maxObjects = Math.max(1, Math.floor((pageBytes * 2 ** MAX_PREFERRED_ORDER) / slotBytes));
  const firstOrder = orderOf(Math.min(minObjects(cpuCount), maxObjects) * slotBytes, pageBytes);
  for (let fraction = 16; fraction > 1; fraction /= 2) {
    for (let order = firstOrder; order <= MAX_PREFERRED_ORDER; order++) {
      const slabBytes = pageBytes * 2 ** order;
      if (slabBytes % slotBytes <= slabBytes / fraction) return order;
    }
  }
  return orderOf(slotBytes, pageBytes);
}

/** Partial slabs that the node's list keeps even if they are empty: half of log2 of the size, 5 to 10. */
function minPartialSlabs(slotBytes: number): number {
  return Math.min(10, Math.max(5, Math.floor((31 - Math.clz32(slotBytes)) / 2)));
}

/** Partial slabs that a CPU may keep: a target in objects, on the assumption that such slabs are half full. */
function cpuPartialSlabs(slotBytes: number, objectsPerSlab: number, pageBytes: number): number {
  const objects = slotBytes >= pageBytes ? 6 : slotBytes >= 1024 ? 24 : slotBytes >= 256 ? 52 : 120;
  return Math.ceil((2 * objects) / objectsPerSlab);
}

/** All kmalloc caches, ascending: from 8 bytes to two pages. */
export function slubCaches(cpuCount: number, pageBytes: number): SlubCache[] {
  return cacheSizes(SMALLEST_BYTES, 2 * pageBytes).map((slotBytes) => {
    const order = slubOrder(slotBytes, cpuCount, pageBytes);
    const objectsPerSlab = Math.floor((pageBytes * 2 ** order) / slotBytes);
    return {
      name: slotBytes < 1024 ? `kmalloc-${slotBytes}` : `kmalloc-${slotBytes / 1024}k`,
      slotBytes,
      order,
      objectsPerSlab,
      minOrder: orderOf(slotBytes, pageBytes),
      minPartialSlabs: minPartialSlabs(slotBytes),
      cpuPartialSlabs: cpuPartialSlabs(slotBytes, objectsPerSlab, pageBytes),
    };
  });
}
