// The invariants of an initialised device, as equations over all slots.

import { corrupt } from "@zlab/zpool";
import type { PageStore } from "./page-store.ts";
import { SlotFlag } from "./slot-table.ts";

/** Walks all slots and compares them with counters, pool and backing device. Throws ZLAB_CORRUPT with what does not hold. */
export function checkZram(store: PageStore): void {
  const { counters, pool, backing } = store;
  const found = countSlots(store);
  const equal = (what: string, counted: number, expected: number): void => {
    if (counted !== expected) throw corrupt(pool.name, `${what}: ${counted} by the slots, ${expected} otherwise`);
  };
  equal("stored pages", found.allocated, counters.storedPages);
  equal("same-filled pages", found.same, counters.samePages);
  equal("huge pages", found.huge, counters.hugePages);
  equal("stored bytes", found.bytes, counters.storedBytes);
  equal("objects", found.objects, pool.stats().objects);
  equal("written-back pages", found.blocks.size, backing?.usedBlocks ?? 0);
  for (const block of found.blocks) equal(`block ${block}`, 1, backing?.isTaken(block) === true ? 1 : 0);
  pool.check(1);
}

interface SlotCounts {
  allocated: number;
  same: number;
  huge: number;
  objects: number;
  bytes: number;
  readonly blocks: Set<number>;
}

function countSlots({ slots, pageBytes, pool }: PageStore): SlotCounts {
  const found: SlotCounts = { allocated: 0, same: 0, huge: 0, objects: 0, bytes: 0, blocks: new Set() };
  for (let index = 0; index < slots.count; index++) {
    if (slots.has(index, SlotFlag.selected)) throw corrupt(pool.name, `slot ${index} is selected by nobody`);
    if (!slots.isAllocated(index)) continue;
    found.allocated++;
    const length = slots.lengthOf(index);
    if (slots.has(index, SlotFlag.same)) found.same++;
    else if (slots.has(index, SlotFlag.writtenBack)) found.blocks.add(slots.handleOf(index));
    else found.objects++;
    if (slots.has(index, SlotFlag.huge) !== (length === pageBytes)) throw corrupt(pool.name, `slot ${index}: huge`);
    if (length === pageBytes) found.huge++;
    found.bytes += length;
  }
  return found;
}
