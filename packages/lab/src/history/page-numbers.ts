// Numbers the pages that a trace writes densely, in the order of their first write, so that a disk of hundreds of GB needs memory only
// for what is used of it. A hash table with open addressing:
//
//   key     disk * 2^40 + page, exact in a double; kept plus 1, since 0 is an empty place
//   place   pages of one group of eight lie side by side, in one line of the cache, where requests find them together

import { HistoryError } from "./history-error.ts";

/** Disks and pages that a key has room for: 4 PiB of 4 KiB pages each. */
const MAX_DISKS = 2 ** 12;
const MAX_PAGES = 2 ** 40;
/** 1 TiB of 4 KiB pages, as much as a device can have slots. */
const MAX_NUMBERS = 2 ** 28;
const INITIAL_PLACES = 2 ** 12;
const GROUP_BITS = 3;

/** What `find` gives for a page that has no number. */
export const NO_SLOT = -1;

export class PageNumbers {
  #count = 0;
  #mask = INITIAL_PLACES - 1;
  #keys: Float64Array = new Float64Array(INITIAL_PLACES);
  #slots: Int32Array = new Int32Array(INITIAL_PLACES);
  #keyOfSlot: Float64Array = new Float64Array(INITIAL_PLACES / 2);

  /** Pages that have numbers. */
  get count(): number {
    return this.#count;
  }

  /** The number of a page, which gets one if it has none. Throws a `HistoryError` for more pages or disks than there can be. */
  add(diskIndex: number, page: number): number {
    const key = keyOf(diskIndex, page);
    const place = this.#placeOf(key);
    if (this.#keys[place] === key) return this.#slots[place]!;
    if (this.#count === MAX_NUMBERS) throw new HistoryError(`more than ${MAX_NUMBERS} different pages are written`);
    const slot = this.#count++;
    this.#keys[place] = key;
    this.#slots[place] = slot;
    this.#keyOfSlot[slot] = key;
    if (2 * this.#count > this.#mask) this.#grow();
    return slot;
  }

  /** The number of a page; NO_SLOT if it has none. */
  find(diskIndex: number, page: number): number {
    if (diskIndex >= MAX_DISKS || page >= MAX_PAGES) return NO_SLOT;
    const key = keyOf(diskIndex, page);
    const place = this.#placeOf(key);
    return this.#keys[place] === key ? this.#slots[place]! : NO_SLOT;
  }

  /** The numbers of the pages from `first` to before `end`, in the order of the pages. Takes no longer than a look at all that there
   * are. */
  findRange(diskIndex: number, first: number, end: number): number[] {
    const found: number[] = [];
    if (end - first <= this.#count) {
      for (let page = first; page < end; page++) {
        const slot = this.find(diskIndex, page);
        if (slot !== NO_SLOT) found.push(slot);
      }
      return found;
    }
    const base = diskIndex * MAX_PAGES + 1;
    for (let slot = 0; slot < this.#count; slot++) {
      const page = this.#keyOfSlot[slot]! - base;
      if (page >= first && page < end && page < MAX_PAGES) found.push(slot);
    }
    return found.toSorted((a, b) => this.#keyOfSlot[a]! - this.#keyOfSlot[b]!);
  }

  /** Where a key is, or where it would be put. */
  #placeOf(key: number): number {
    const low = key >>> 0;
    const high = (key / 2 ** 32) >>> 0;
    let hash = Math.imul((low >>> GROUP_BITS) ^ Math.imul(high, 0x9e37_79b1), 0x85eb_ca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2_ae35);
    let place = (((hash ^ (hash >>> 13)) << GROUP_BITS) | (low & (2 ** GROUP_BITS - 1))) & this.#mask;
    while (this.#keys[place] !== 0 && this.#keys[place] !== key) place = (place + 1) & this.#mask;
    return place;
  }

  #grow(): void {
    const placeCount = 2 * (this.#mask + 1);
    this.#mask = placeCount - 1;
    this.#keys = new Float64Array(placeCount);
    this.#slots = new Int32Array(placeCount);
    for (let slot = 0; slot < this.#count; slot++) {
      const key = this.#keyOfSlot[slot]!;
      const place = this.#placeOf(key);
      this.#keys[place] = key;
      this.#slots[place] = slot;
    }
    const keyOfSlot = new Float64Array(placeCount / 2 + 1);
    keyOfSlot.set(this.#keyOfSlot.subarray(0, this.#count));
    this.#keyOfSlot = keyOfSlot;
  }
}

function keyOf(diskIndex: number, page: number): number {
  if (diskIndex >= MAX_DISKS) throw new HistoryError(`there are more than ${MAX_DISKS} disks`);
  if (page >= MAX_PAGES) throw new HistoryError(`page ${page} is beyond the largest disk, ${MAX_PAGES} pages`);
  return diskIndex * MAX_PAGES + page + 1;
}
