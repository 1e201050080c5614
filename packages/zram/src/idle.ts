// Marking slots that have not been used.

import type { ZramEra } from "./options.ts";
import type { PageStore } from "./page-store.ts";
import { SlotFlag } from "./slot-table.ts";

const NEVER = SlotFlag.same | SlotFlag.writtenBack;

/** Marks slots whose content is in the pool. With a cutoff (microseconds of the clock), those last used before it, and the younger
 * ones lose their mark; without one, all. 6.12 passes over slots that are being written back. */
export function markIdle(store: PageStore, cutoff: number | undefined, era: ZramEra): void {
  const { slots } = store;
  const passedOver = era === "6.12" ? NEVER | SlotFlag.selected : NEVER;
  for (let index = 0; index < slots.count; index++) {
    if (!slots.isAllocated(index) || slots.has(index, passedOver)) continue;
    if (cutoff === undefined || slots.accessTimeOf(index) < cutoff) slots.set(index, SlotFlag.idle);
    else slots.unset(index, SlotFlag.idle);
  }
}
