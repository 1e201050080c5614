// A naive page allocator to hold the buddy allocator to: for each zone the set of its free pages, and nothing else. What the
// free lists must contain follows from the set: the largest aligned runs of free pages.

import {
  MAX_PAGE_ORDER,
  type Machine,
  type Pfn,
  type Zone,
  type ZoneKind,
  ZONE_KINDS,
  __GFP_DMA32,
  __GFP_HIGH,
  __GFP_HIGHMEM,
  __GFP_MEMALLOC,
} from "../src/index.ts";

export interface Block {
  readonly pfn: Pfn;
  readonly order: number;
}

class ZoneModel {
  readonly kind: ZoneKind;
  readonly free = new Set<number>();
  readonly #zone: Zone;

  constructor(zone: Zone) {
    this.kind = zone.kind;
    this.#zone = zone;
    for (let pfn = zone.startPfn; pfn < zone.endPfn; pfn++) this.free.add(pfn);
  }

  /** Order of the largest aligned run of free pages around a free page. */
  blockOrderAt(pfn: number): number {
    for (let order = MAX_PAGE_ORDER; order > 0; order--) if (this.#isFreeRun(pfn & -(1 << order), order)) return order;
    return 0;
  }

  freeBlocksByOrder(): number[] {
    const counts = Array.from({ length: MAX_PAGE_ORDER + 1 }, () => 0);
    for (let pfn = this.#zone.startPfn; pfn < this.#zone.endPfn;) {
      const order = this.free.has(pfn) ? this.blockOrderAt(pfn) : -1;
      if (order >= 0) counts[order]!++;
      pfn += 2 ** Math.max(order, 0);
    }
    return counts;
  }

  /** Order of the block that a request is to be cut from; undefined if there is none. */
  bestFit(order: number): number | undefined {
    const counts = this.freeBlocksByOrder();
    const fit = counts.findIndex((count, larger) => larger >= order && count > 0);
    return fit < 0 ? undefined : fit;
  }

  keeps(pages: number, order: number): boolean {
    return this.free.size - 2 ** order >= pages;
  }

  get watermarks(): Zone["watermarks"] {
    return this.#zone.watermarks;
  }

  #isFreeRun(start: number, order: number): boolean {
    for (let pfn = start; pfn < start + 2 ** order; pfn++) if (!this.free.has(pfn)) return false;
    return true;
  }
}

export class MachineModel {
  readonly zones: readonly ZoneModel[];

  constructor(machine: Machine) {
    this.zones = machine.zones.map((zone) => new ZoneModel(zone));
  }

  /** The zone that must serve a request; undefined if it must fail. */
  servingZone(order: number, gfp: number): ZoneModel | undefined {
    const allowed = this.#allowed(gfp);
    return (
      allowed.find((zone) => zone.keeps(zone.watermarks.lowPages, order) && zone.bestFit(order) !== undefined) ??
      allowed.find((zone) => zone.keeps(floorPages(zone, gfp), order) && zone.bestFit(order) !== undefined)
    );
  }

  take({ pfn, order }: Block): void {
    const zone = this.zones.find((candidate) => candidate.free.has(pfn))!;
    for (let page = pfn; page < pfn + 2 ** order; page++) zone.free.delete(page);
  }

  give(zoneOf: (pfn: Pfn) => Zone, { pfn, order }: Block): void {
    const zone = this.zones.find((candidate) => candidate.kind === zoneOf(pfn).kind)!;
    for (let page: number = pfn; page < pfn + 2 ** order; page++) zone.free.add(page);
  }

  #allowed(gfp: number): ZoneModel[] {
    const hasDma32 = this.zones.some((zone) => zone.kind === "DMA32");
    let highest = 1;
    if ((gfp & __GFP_HIGHMEM) !== 0) highest = 2;
    else if ((gfp & __GFP_DMA32) !== 0 && hasDma32) highest = 0;
    return this.zones.filter((zone) => ZONE_KINDS.indexOf(zone.kind) <= highest).toReversed();
  }
}

function floorPages(zone: ZoneModel, gfp: number): number {
  if ((gfp & __GFP_MEMALLOC) !== 0) return 0;
  const { minPages } = zone.watermarks;
  return (gfp & __GFP_HIGH) !== 0 ? Math.ceil(minPages / 2) : minPages;
}
