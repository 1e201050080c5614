// What 6.18 recompresses or writes back: candidates sorted into buckets by length, the largest first, within a bucket the one found
// last first. A candidate that is read, written or freed before its turn loses its mark, and is left out.

import type { PageStore } from "./page-store.ts";
import { SlotFlag } from "./slot-table.ts";

const BUCKET_BYTES = 64;

export class Candidates {
  readonly #store: PageStore;
  readonly #buckets: number[][] = [];

  constructor(store: PageStore) {
    this.#store = store;
  }

  /** Takes a slot up, once. */
  add(index: number): void {
    const { slots } = this.#store;
    if (slots.has(index, SlotFlag.selected)) return;
    slots.set(index, SlotFlag.selected);
    const bucket = Math.floor(slots.lengthOf(index) / BUCKET_BYTES);
    (this.#buckets[bucket] ??= []).push(index);
  }

  /** Calls `process` for one after the other, the mark still set, until it returns false; then drops all marks. */
  process(process: (index: number) => boolean): void {
    const { slots } = this.#store;
    try {
      for (const index of this.#inOrder()) {
        if (!slots.has(index, SlotFlag.selected)) continue;
        if (!process(index)) return;
        slots.unset(index, SlotFlag.selected);
      }
    } finally {
      this.drop();
    }
  }

  /** Drops all marks. */
  drop(): void {
    for (const index of this.#inOrder()) this.#store.slots.unset(index, SlotFlag.selected);
  }

  *#inOrder(): Generator<number> {
    for (const bucket of this.#buckets.toReversed()) {
      if (bucket !== undefined) yield* bucket.toReversed();
    }
  }
}
