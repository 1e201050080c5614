// Where the bytes of a zsmalloc pool are: every byte of its pages belongs to exactly one part.
//
//   pages * page bytes = payload + headers + rounding + tails + free slots
//
//   slot, taken:  ▪ header 8 │ payload │ rounding to the class │        slot, free: all of it
//   zspage:       slot │ slot │ … │ slot │ tail that no slot fits in

import type { ZsPool } from "@zlab/zsmalloc";

export interface PoolAccount {
  /** Bytes that the user stored. */
  readonly payloadBytes: number;
  /** Handles in front of the objects; those of whole pages are kept elsewhere. */
  readonly headerBytes: number;
  /** Bytes of taken slots behind the object. */
  readonly roundingBytes: number;
  readonly tailBytes: number;
  readonly freeSlotBytes: number;
  /** The sum: all pages of the pool. */
  readonly totalBytes: number;
  readonly objects: number;
  /** Pages that a compaction could free. */
  readonly freeablePages: number;
}

/** The account of a pool in which the user stored so many bytes. */
export function accountOf(pool: ZsPool, payloadBytes: number): PoolAccount {
  const { plan } = pool;
  let slotBytes = 0;
  let headerBytes = 0;
  let tailBytes = 0;
  let freeSlotBytes = 0;
  let objects = 0;
  for (const row of pool.classRows()) {
    const { classIndex, sizeBytes, objectsAllocated, objectsUsed } = row;
    const zspages = objectsAllocated / plan.objectsPerZspageOf(classIndex);
    slotBytes += objectsUsed * sizeBytes;
    if (!plan.isHuge(classIndex)) headerBytes += objectsUsed * plan.options.headerBytes;
    tailBytes += zspages * plan.wastedBytesOf(classIndex);
    freeSlotBytes += (objectsAllocated - objectsUsed) * sizeBytes;
    objects += objectsUsed;
  }
  return {
    payloadBytes,
    headerBytes,
    roundingBytes: slotBytes - headerBytes - payloadBytes,
    tailBytes,
    freeSlotBytes,
    totalBytes: slotBytes + tailBytes + freeSlotBytes,
    objects,
    freeablePages: pool.shrinkerCount(),
  };
}
