// Zones: ranges of physical memory with a use. A request names the zones it can use by its GFP flags and is served by
// the highest of them that stays above its watermark.

import { BuddyAllocator } from "./buddy.ts";
import { __GFP_DMA32, __GFP_HIGH, __GFP_HIGHMEM, __GFP_MEMALLOC } from "./gfp.ts";
import type { PageTable } from "./page-table.ts";

/** DMA32: reachable by 32-bit devices. NORMAL: permanently mapped. HIGHMEM: not permanently mapped (32-bit machines). */
export type ZoneKind = "DMA32" | "NORMAL" | "HIGHMEM";

/** From the lowest to the highest, which is also the order of physical addresses. */
export const ZONE_KINDS: readonly ZoneKind[] = ["DMA32", "NORMAL", "HIGHMEM"];

/** Levels of free pages. Below `low` the background reclaimer is woken; below `min` only __GFP_HIGH and __GFP_MEMALLOC are served. */
export interface Watermarks {
  readonly minPages: number;
  readonly lowPages: number;
  readonly highPages: number;
}

export class Zone {
  readonly kind: ZoneKind;
  readonly startPfn: number;
  readonly endPfn: number;
  readonly buddy: BuddyAllocator;
  readonly watermarks: Watermarks;
  /** How often an allocation took the zone below its low watermark. */
  kswapdWakeups = 0;

  constructor(kind: ZoneKind, pages: PageTable, startPfn: number, endPfn: number, watermarks: Watermarks) {
    this.kind = kind;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.buddy = new BuddyAllocator(pages, startPfn, endPfn);
    this.watermarks = watermarks;
  }

  get totalPages(): number {
    return this.endPfn - this.startPfn;
  }

  get freePages(): number {
    return this.buddy.freePages;
  }

  /** Whether 2^order pages may be taken and still leave more than the minimum watermark that `gfp` is bound to. */
  mayAllocate(order: number, gfp: number): boolean {
    if ((gfp & __GFP_MEMALLOC) !== 0) return true;
    const { minPages } = this.watermarks;
    const floor = (gfp & __GFP_HIGH) !== 0 ? minPages - Math.floor(minPages / 2) : minPages;
    return this.freePages - 2 ** order >= floor;
  }
}

/** The zones that a request with these flags can be served from, best first. */
export function zonesFor(zones: readonly Zone[], gfp: number): Zone[] {
  const allowed = new Set<ZoneKind>(["DMA32"]);
  if ((gfp & __GFP_DMA32) === 0) allowed.add("NORMAL");
  if ((gfp & __GFP_HIGHMEM) !== 0) allowed.add("NORMAL").add("HIGHMEM");
  return zones.filter((zone) => allowed.has(zone.kind)).toReversed();
}
