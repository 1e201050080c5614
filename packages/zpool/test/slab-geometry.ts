// Slabs of the test backend: two pages cut into slots of one size, the middle one of which may lie on both.

import type { Pfn } from "@zlab/hw-sim";

/** Two pages cut into slots of one size. */
export interface Slab {
  readonly slotBytes: number;
  readonly pfns: readonly [Pfn, Pfn];
  /** Handle per slot, 0 for a free one. */
  readonly handles: number[];
  readonly freeSlots: number[];
}

export interface Place {
  slab: Slab;
  slot: number;
}

/** Where in its slab an object begins, and whether it lies on both pages. */
export function spanOf({ slab, slot }: Place): { start: number; spans: boolean } {
  const start = slot * slab.slotBytes;
  return { start, spans: start < 4096 && start + slab.slotBytes > 4096 };
}

interface Part {
  readonly pfn: Pfn;
  readonly offset: number;
  readonly length: number;
  readonly done: number;
}

/** The parts of an object's bytes that lie on one page each. */
export function partsOf(place: Place, from: number, length: number): Part[] {
  const start = spanOf(place).start + from;
  const onFirst = Math.max(0, Math.min(length, 4096 - start));
  const [first, second] = place.slab.pfns;
  const parts: Part[] = [
    { pfn: first, offset: start, length: onFirst, done: 0 },
    { pfn: second, offset: start + onFirst - 4096, length: length - onFirst, done: onFirst },
  ];
  return parts.filter((part) => part.length > 0);
}
