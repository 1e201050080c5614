// /proc/slabinfo, version 2.1: one line per cache, the largest first.

import type { SlabLists } from "./slab-lists.ts";
import { NO_SLAB, SlabState, type SlabTable } from "./slab-table.ts";
import type { Slab310Pool } from "./slab310-pool.ts";
import type { SlubPool } from "./slub-pool.ts";

const HEADER = `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
`;

/** What the file tells about one cache. */
export interface SlabinfoRow {
  readonly name: string;
  /** Objects in use, or counted as such. */
  readonly activeObjects: number;
  /** Objects of all slabs. */
  readonly objects: number;
  readonly slotBytes: number;
  readonly objectsPerSlab: number;
  readonly pagesPerSlab: number;
  readonly limitObjects: number;
  readonly batchObjects: number;
  readonly sharedFactor: number;
  /** Slabs with an object in use, or counted as such. */
  readonly activeSlabs: number;
  readonly slabs: number;
}

/** The rows as the kernel prints them. */
export function formatSlabinfo(rows: readonly SlabinfoRow[]): string {
  return HEADER + rows.map(formatRow).join("");
}

function formatRow(row: SlabinfoRow): string {
  const usage = [
    row.name.padEnd(17),
    pad(row.activeObjects, 6),
    pad(row.objects, 6),
    pad(row.slotBytes, 6),
    pad(row.objectsPerSlab, 4),
    pad(row.pagesPerSlab, 4),
  ];
  const tunables = [pad(row.limitObjects, 4), pad(row.batchObjects, 4), pad(row.sharedFactor, 4)];
  const slabdata = [pad(row.activeSlabs, 6), pad(row.slabs, 6), pad(0, 6)];
  return `${usage.join(" ")} : tunables ${tunables.join(" ")} : slabdata ${slabdata.join(" ")}\n`;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width);
}

/** What SLUB shows. It counts only the free objects of the node's partial slabs as free, so those that lie ready in the slabs of a
 * CPU look active; there are no tunables, and every slab counts as active. */
export function slubRows(pool: SlubPool): SlabinfoRow[] {
  const totals = totalsPerCache(pool.table, pool.caches.length);
  return pool.caches
    .map((cache, i) => ({
      name: cache.name,
      activeObjects: totals.objects[i]! - freeObjectsOn(pool.table, pool.nodePartial, i),
      objects: totals.objects[i]!,
      slotBytes: cache.slotBytes,
      objectsPerSlab: cache.objectsPerSlab,
      pagesPerSlab: 2 ** cache.order,
      limitObjects: 0,
      batchObjects: 0,
      sharedFactor: 0,
      activeSlabs: totals.slabs[i]!,
      slabs: totals.slabs[i]!,
    }))
    .toReversed();
}

/** What SLAB shows. The descriptors of off-slab slabs are active objects of their cache. */
export function slab310Rows(pool: Slab310Pool): SlabinfoRow[] {
  const totals = totalsPerCache(pool.table, pool.caches.length);
  return pool.caches
    .map((cache, i) => ({
      name: cache.name,
      activeObjects: totals.objects[i]! - pool.freeObjectsOf(i),
      objects: totals.objects[i]!,
      slotBytes: cache.slotBytes,
      objectsPerSlab: cache.objectsPerSlab,
      pagesPerSlab: 2 ** cache.order,
      limitObjects: cache.limitObjects,
      batchObjects: cache.batchObjects,
      sharedFactor: cache.sharedFactor,
      activeSlabs: totals.slabs[i]! - pool.free.lengthOf(i),
      slabs: totals.slabs[i]!,
    }))
    .toReversed();
}

export function slubInfo(pool: SlubPool): string {
  return formatSlabinfo(slubRows(pool));
}

export function slab310Info(pool: Slab310Pool): string {
  return formatSlabinfo(slab310Rows(pool));
}

function totalsPerCache(table: SlabTable, cacheCount: number): { slabs: Int32Array; objects: Int32Array } {
  const slabs = new Int32Array(cacheCount);
  const objects = new Int32Array(cacheCount);
  for (let slab = 0; slab < table.count; slab++) {
    const state = table.stateOf(slab);
    if (state === SlabState.retired || state === SlabState.large) continue;
    const cache = table.cacheOf(slab);
    slabs[cache]!++;
    objects[cache]! += table.objectsOf(slab);
  }
  return { slabs, objects };
}

function freeObjectsOn(table: SlabTable, lists: SlabLists, list: number): number {
  let free = 0;
  for (let slab = lists.headOf(list); slab !== NO_SLAB; slab = table.nextOf(slab)) {
    free += table.objectsOf(slab) - table.inuseOf(slab);
  }
  return free;
}
