// Where objects are: what golden traces record, and what those who study placements ask.

import type { Pfn } from "@zlab/hw-sim";
import type { ZsPool } from "./zs-pool.ts";
import type { SlotId } from "./table-layout.ts";

/** Where an object is. */
export interface Placement {
  readonly classIndex: number;
  /** Number of the zspage in order of creation in the pool, from 0. */
  readonly zspageSeq: number;
  /** Slot, counted over the whole zspage. */
  readonly objectIndex: number;
  /** Page of the zspage in which the slot begins. */
  readonly pageIndex: number;
  /** Slot, counted among those that begin in that page. */
  readonly objectIndexInPage: number;
  readonly pfn: Pfn;
  /** Byte of the page at which the slot begins. */
  readonly offset: number;
}

/** The zspages of one fullness list. */
export interface FullnessList {
  readonly classIndex: number;
  readonly group: number;
  /** Sequence numbers, head first. */
  readonly zspageSeqs: number[];
}

export function placementOfSlot({ zspages, machine: { pageBytes } }: ZsPool, slot: SlotId): Placement {
  const c = zspages.classOf(slot);
  const z = zspages.zspageOf(slot, c);
  const objectIndex = zspages.slotIndexOf(slot, z);
  const sizeBytes = zspages.sizeBytesOf(c);
  const pageIndex = Math.floor((objectIndex * sizeBytes) / pageBytes);
  return {
    classIndex: zspages.indexOf(c),
    zspageSeq: zspages.sequenceOf(z),
    objectIndex,
    pageIndex,
    objectIndexInPage: objectIndex - Math.ceil((pageIndex * pageBytes) / sizeBytes),
    pfn: zspages.pfnOf(z, c, pageIndex),
    offset: (objectIndex * sizeBytes) % pageBytes,
  };
}

/** Every fullness list that holds a zspage. */
export function fullnessLists({ zspages }: ZsPool): FullnessList[] {
  const found: FullnessList[] = [];
  for (const c of zspages.classes) {
    const classIndex = zspages.indexOf(c);
    zspages.forEach(c, (z, group) => {
      const last = found.at(-1);
      const seq = zspages.sequenceOf(z);
      if (last?.classIndex === classIndex && last.group === group) last.zspageSeqs.push(seq);
      else found.push({ classIndex, group, zspageSeqs: [seq] });
    });
  }
  return found;
}
