// Who holds which pages, found by walking the blocks, and the free blocks as /proc/buddyinfo shows them.

import type { Machine } from "./machine.ts";
import type { Zone, ZoneKind } from "./zone.ts";

/** What one owner holds of one zone. */
export interface PageUsage {
  readonly owner: number;
  readonly ownerName: string;
  readonly zone: ZoneKind;
  readonly blocks: number;
  readonly pages: number;
}

/** Pages that an owner holds now, over all zones. Walks all touched pages. */
export function pagesOwnedBy(machine: Machine, owner: number): number {
  let sum = 0;
  for (const zone of machine.zones) {
    zone.buddy.forEachAllocated((pfn, order) => {
      if (machine.pages.ownerOf(pfn) === owner) sum += 1 << order;
    });
  }
  return sum;
}

/** What every owner holds of every zone, ordered by owner and zone; who holds nothing is left out. Walks all touched pages. */
export function pageUsage(machine: Machine): PageUsage[] {
  return machine.zones.flatMap((zone) => zoneUsage(machine, zone)).toSorted((a, b) => a.owner - b.owner);
}

function zoneUsage(machine: Machine, zone: Zone): PageUsage[] {
  const blocks = new Map<number, number>();
  const pages = new Map<number, number>();
  zone.buddy.forEachAllocated((pfn, order) => {
    const owner = machine.pages.ownerOf(pfn);
    blocks.set(owner, (blocks.get(owner) ?? 0) + 1);
    pages.set(owner, (pages.get(owner) ?? 0) + (1 << order));
  });
  return Array.from(pages, ([owner, count]) => ({
    owner,
    ownerName: machine.ownerName(owner),
    zone: zone.kind,
    blocks: blocks.get(owner)!,
    pages: count,
  }));
}

const KERNEL_ZONE_NAMES: Readonly<Record<ZoneKind, string>> = { DMA32: "DMA32", NORMAL: "Normal", HIGHMEM: "HighMem" };

/** The free blocks of each zone, order 0 first, in the layout of /proc/buddyinfo; every line ends with a newline. */
export function formatBuddyInfo(machine: Machine): string {
  return machine.zones
    .map((zone) => {
      const counts = zone.buddy.freeBlocksByOrder().map((count) => `${String(count).padStart(6)} `);
      return `Node 0, zone ${KERNEL_ZONE_NAMES[zone.kind].padStart(8)} ${counts.join("")}\n`;
    })
    .join("");
}
