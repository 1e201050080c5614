// Zones: ranges of physical memory with a use. A request names the zones that it can use by its GFP flags, and is
// served by the highest of them that stays above its watermark.

import { BuddyAllocator } from "./buddy.ts";
import { MachineError } from "./errors.ts";
import { __GFP_DMA32, __GFP_HIGH, __GFP_HIGHMEM, __GFP_MEMALLOC } from "./gfp.ts";
import type { PageTable } from "./page-table.ts";

/** DMA32: reachable by 32-bit devices. NORMAL: permanently mapped. HIGHMEM: not permanently mapped (32-bit machines). */
export type ZoneKind = "DMA32" | "NORMAL" | "HIGHMEM";

/** From the lowest to the highest, which is also the order of physical addresses. */
export const ZONE_KINDS: readonly ZoneKind[] = ["DMA32", "NORMAL", "HIGHMEM"];

/** Levels of free pages. A request is first served by a zone that keeps `low` pages free. When no zone does, the background
 * reclaimer is woken and zones serve down to `min`; below that only __GFP_HIGH (to half of `min`) and __GFP_MEMALLOC (to
 * the last page) are served. `high` is where a reclaimer would stop; the page allocator itself doesn't use it. */
export interface Watermarks {
  readonly minPages: number;
  readonly lowPages: number;
  readonly highPages: number;
}

/** No watermarks: allocations go down to the last page. */
export const NO_WATERMARKS: Watermarks = { minPages: 0, lowPages: 0, highPages: 0 };

/** The kernel's watermarks for a zone. All zones but HIGHMEM share min_free_kbytes = 4 x sqrt(KiB of those zones), at least
 * 128 KiB and at most 256 MiB, in proportion to their size; HIGHMEM keeps a 1024th of itself, 32 to 128 pages. `low` and
 * `high` lie one and two steps above `min`: a quarter of `min`, or a 1000th of the zone (watermark_scale_factor) if more.
 * Deviation from Linux: `min` is never more than a quarter of the zone, so that machines of a few pages can be used.
 * `lowmemPages`: pages of all zones but HIGHMEM; by default this zone is the only one. */
export function kernelWatermarks(
  kind: ZoneKind,
  pages: number,
  pageBytes: number,
  lowmemPages: number = pages,
): Watermarks {
  const lowmemKib = (lowmemPages * pageBytes) / 1024;
  const minFreeKib = Math.min(262_144, Math.max(128, Math.floor(4 * Math.sqrt(lowmemKib))));
  const minFreePages = Math.floor((minFreeKib * 1024) / pageBytes);
  const kernelMinPages =
    kind === "HIGHMEM"
      ? Math.min(128, Math.max(32, Math.floor(pages / 1024)))
      : Math.floor((minFreePages * pages) / lowmemPages);
  const minPages = Math.min(kernelMinPages, pages >> 2);
  const stepPages = Math.max(minPages >> 2, Math.floor(pages / 1000));
  return { minPages, lowPages: minPages + stepPages, highPages: minPages + 2 * stepPages };
}

/** A range of page frames with its free blocks and watermarks. */
export class Zone {
  readonly kind: ZoneKind;
  readonly startPfn: number;
  readonly endPfn: number;
  readonly buddy: BuddyAllocator;
  readonly watermarks: Watermarks;
  readonly #lowPages: number;
  /** How often the background reclaimer was woken because the zone could not serve a request above its low watermark. */
  kswapdWakeups = 0;

  constructor(kind: ZoneKind, pages: PageTable, startPfn: number, endPfn: number, watermarks: Watermarks) {
    this.kind = kind;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.buddy = new BuddyAllocator(pages, startPfn, endPfn);
    this.watermarks = watermarks;
    this.#lowPages = watermarks.lowPages;
  }

  get totalPages(): number {
    return this.endPfn - this.startPfn;
  }

  get freePages(): number {
    return this.buddy.freePages;
  }

  /** Whether 2^order pages may be taken and still leave at least the low watermark. */
  staysAboveLow(order: number): boolean {
    return this.buddy.freePages - (1 << order) >= this.#lowPages;
  }

  /** Whether 2^order pages may be taken and still leave at least what `gfp` must leave of the minimum watermark. */
  mayAllocate(order: number, gfp: number): boolean {
    if ((gfp & __GFP_MEMALLOC) !== 0) return true;
    const { minPages } = this.watermarks;
    const floorPages = (gfp & __GFP_HIGH) !== 0 ? minPages - (minPages >> 1) : minPages;
    return this.freePages - (1 << order) >= floorPages;
  }
}

const ZONE_MODIFIERS = __GFP_DMA32 | __GFP_HIGHMEM;

/** The zones of a machine that a request may be served from, best first, for each combination of zone flags. */
export class Zonelists {
  readonly #lists: readonly (readonly Zone[] | undefined)[];

  constructor(zones: readonly Zone[]) {
    const dma32 = zones.some((zone) => zone.kind === "DMA32") ? "DMA32" : "NORMAL"; // as a kernel without ZONE_DMA32
    const lists: (readonly Zone[] | undefined)[] = [];
    lists[0] = zonesUpTo(zones, "NORMAL");
    lists[__GFP_DMA32] = zonesUpTo(zones, dma32);
    lists[__GFP_HIGHMEM] = zonesUpTo(zones, "HIGHMEM");
    this.#lists = lists;
  }

  /** Throws ZLAB_GFP for __GFP_DMA32 together with __GFP_HIGHMEM, which asks for two things that exclude each other. */
  for(gfp: number): readonly Zone[] {
    const list = this.#lists[gfp & ZONE_MODIFIERS];
    if (list !== undefined) return list;
    throw new MachineError("ZLAB_GFP", "__GFP_DMA32 and __GFP_HIGHMEM exclude each other: ask for one of them");
  }
}

function zonesUpTo(zones: readonly Zone[], highest: ZoneKind): readonly Zone[] {
  const rank = ZONE_KINDS.indexOf(highest);
  return zones.filter((zone) => ZONE_KINDS.indexOf(zone.kind) <= rank).toReversed();
}
