// How the SLAB allocator of Linux 3.10 lays out the slabs of a kmalloc cache: pure functions of the object size, the number of
// CPUs and the page size. Each slab has a descriptor: 48 bytes, and 4 for each object (the "bufctl" that links the free ones). It
// lies at the start of the slab, or, for large objects, "off slab" in an object of a smaller kmalloc cache.

import { MAX_PAGE_ORDER } from "@zlab/hw-sim";
import { cacheSizes, orderOf } from "./cache-sizes.ts";

const CACHE_LINE_BYTES = 64;
const DESCRIPTOR_BYTES = 48;
const BUFCTL_BYTES = 4;
const SMALLEST_BYTES = 32;
const LARGEST_BYTES = 2 ** 25; // no kmalloc cache of 3.10 is larger, whatever the page size

export interface SlabCache {
  /** "kmalloc-96", "kmalloc-1024". */
  readonly name: string;
  /** The largest request, in bytes. */
  readonly objectBytes: number;
  /** Bytes of a slot: the object rounded up to the cache line. */
  readonly slotBytes: number;
  /** Order of the pages of a slab: the lowest that holds an object. (The kernel goes on to order 1 while more than an eighth of a slab
   * is left over, which slots of these sizes never leave.) */
  readonly order: number;
  readonly objectsPerSlab: number;
  /** Whether the descriptor lies in another cache. */
  readonly offSlab: boolean;
  /** Bytes of a slab's descriptor and bufctls; before the first object they take `firstObjectOffset` bytes. */
  readonly descriptorBytes: number;
  /** Where in the slab the first object begins, in bytes. */
  readonly firstObjectOffset: number;
  /** Objects of a CPU's array in the kernel; of importance here for the batch and the free limit that derive from it. */
  readonly limitObjects: number;
  /** Objects that the kernel moves to or from a CPU's array at once. */
  readonly batchObjects: number;
  /** Whether the CPUs would share another array; 8 batches or none. */
  readonly sharedFactor: number;
  /** An empty slab is given back when the cache has more free objects than this. */
  readonly freeLimitObjects: number;
}

function roundUp(bytes: number, alignBytes: number): number {
  return Math.ceil(bytes / alignBytes) * alignBytes;
}

/** Objects that fit in a slab of 2^order pages beside the descriptor, if it is inside. */
function objectsIn(slabBytes: number, slotBytes: number, offSlab: boolean): number {
  if (offSlab) return Math.floor(slabBytes / slotBytes);
  let objects = Math.floor((slabBytes - DESCRIPTOR_BYTES) / (slotBytes + BUFCTL_BYTES));
  while (headerBytes(objects) + objects * slotBytes > slabBytes) objects--;
  return objects;
}

function headerBytes(objects: number): number {
  return roundUp(DESCRIPTOR_BYTES + BUFCTL_BYTES * objects, CACHE_LINE_BYTES);
}

/** Objects of a CPU's array, by object size. */
function limitObjects(slotBytes: number, pageBytes: number): number {
  if (slotBytes > 131072) return 1;
  if (slotBytes > pageBytes) return 8;
  if (slotBytes > 1024) return 24;
  return slotBytes > 256 ? 54 : 120;
}

function slabCache(objectBytes: number, cpuCount: number, pageBytes: number): SlabCache {
  const slotBytes = objectBytes <= CACHE_LINE_BYTES / 2 ? objectBytes : roundUp(objectBytes, CACHE_LINE_BYTES);
  const offSlab = objectBytes >= pageBytes / 8;
  const order = orderOf(slotBytes, pageBytes);
  const objects = objectsIn(pageBytes * 2 ** order, slotBytes, offSlab);
  const limit = limitObjects(slotBytes, pageBytes);
  const batchObjects = Math.floor((limit + 1) / 2);
  return {
    name: `kmalloc-${objectBytes}`,
    objectBytes,
    slotBytes,
    order,
    objectsPerSlab: objects,
    offSlab,
    descriptorBytes: DESCRIPTOR_BYTES + BUFCTL_BYTES * objects,
    firstObjectOffset: offSlab ? 0 : headerBytes(objects),
    limitObjects: limit,
    batchObjects,
    sharedFactor: cpuCount > 1 && slotBytes <= pageBytes ? 8 : 0,
    freeLimitObjects: (1 + cpuCount) * batchObjects + objects,
  };
}

/** All kmalloc caches, ascending: from 32 bytes to the largest block of pages, at most 32 MiB. */
export function slabCaches(cpuCount: number, pageBytes: number): SlabCache[] {
  const largestBytes = Math.min(LARGEST_BYTES, pageBytes * 2 ** MAX_PAGE_ORDER);
  return cacheSizes(SMALLEST_BYTES, largestBytes).map((bytes) => slabCache(bytes, cpuCount, pageBytes));
}
