// The size classes of a pool: which slot sizes there are, how many pages a zspage of each has, and which class a request
// falls in. Pure: a plan is computed once from a few numbers and never changes.
//
// Class indexes count nominal slot sizes from 32 bytes up in steps of `classDeltaBytes` (4 KiB pages: 32, 48, … 4096 are the
// indexes 0 … 254). Going down from the largest, an index whose zspages have as many pages and objects as those of the class
// made last is merged into it, so that a merged class has the index and slot size of its largest member, its *owner*.
// (Spec: zsmalloc 6.12, size classes; published tables T1, T2, T5.)

import { type ChainRule, pagesPerZspage } from "./chain-rules.ts";

/** The smallest slot, in bytes, on 64-bit machines. */
export const MIN_SLOT_BYTES = 32;

export interface SizeClassOptions {
  readonly pageBytes: number;
  /** Most pages in a zspage. */
  readonly chainSize: number;
  readonly rule: ChainRule;
  /** Step between nominal slot sizes; the kernel has a 256th of the page. */
  readonly classDeltaBytes: number;
  /** Whether equal neighbours become one class. */
  readonly merge: boolean;
  /** Bytes added to every request for the object's header: 8, or 0 where objects have none. */
  readonly headerBytes: number;
}

export class SizeClassPlan {
  readonly options: SizeClassOptions;
  /** Nominal indexes, merged ones included. */
  readonly indexCount: number;
  /** Indexes that own a class, ascending. */
  readonly owners: readonly number[];
  /** Requests of at least so many bytes take a whole page; undefined without headers (3.10 has no such threshold). */
  readonly hugeClassSizeBytes: number | undefined;
  readonly #pages: Int32Array; // own pages per zspage, before merging
  readonly #objects: Int32Array; // own objects per zspage, before merging
  readonly #owner: Int32Array; // index -> index of its class

  /** Use `planSizeClasses`. */
  constructor(options: SizeClassOptions) {
    const { pageBytes, chainSize, rule, classDeltaBytes } = options;
    this.options = options;
    this.indexCount = Math.ceil((pageBytes - MIN_SLOT_BYTES) / classDeltaBytes) + 1;
    this.#pages = new Int32Array(this.indexCount);
    this.#objects = new Int32Array(this.indexCount);
    this.#owner = new Int32Array(this.indexCount);
    for (let index = 0; index < this.indexCount; index++) {
      const sizeBytes = this.nominalSizeBytesOf(index);
      this.#pages[index] = pagesPerZspage(rule, sizeBytes, pageBytes, chainSize);
      this.#objects[index] = Math.floor((this.#pages[index]! * pageBytes) / sizeBytes);
    }
    this.owners = this.#merge();
    this.hugeClassSizeBytes = this.#hugeClassSize();
  }

  /** Distinct classes. */
  get classCount(): number {
    return this.owners.length;
  }

  /** Slot size that the index stands for before merging. The top one is cut to the page. */
  nominalSizeBytesOf(index: number): number {
    return Math.min(MIN_SLOT_BYTES + index * this.options.classDeltaBytes, this.options.pageBytes);
  }

  /** Pages per zspage that the index would have by itself. */
  ownPagesPerZspageOf(index: number): number {
    return this.#pages[index]!;
  }

  /** Objects per zspage that the index would have by itself. */
  ownObjectsPerZspageOf(index: number): number {
    return this.#objects[index]!;
  }

  /** The index whose class serves this index; itself if it owns one. */
  ownerOf(index: number): number {
    return this.#owner[index]!;
  }

  /** Slot size of the class that serves the index. */
  sizeBytesOf(index: number): number {
    return this.nominalSizeBytesOf(this.ownerOf(index));
  }

  pagesPerZspageOf(index: number): number {
    return this.#pages[this.ownerOf(index)]!;
  }

  objectsPerZspageOf(index: number): number {
    return this.#objects[this.ownerOf(index)]!;
  }

  /** Bytes at the end of a zspage of this class that no slot covers. */
  wastedBytesOf(index: number): number {
    const bytes = this.pagesPerZspageOf(index) * this.options.pageBytes;
    return bytes - this.objectsPerZspageOf(index) * this.sizeBytesOf(index);
  }

  /** Whether zspages of the class are one page with one object. With headers on, this object's header is kept outside the page. */
  isHuge(index: number): boolean {
    return this.options.headerBytes > 0 && this.pagesPerZspageOf(index) === 1 && this.objectsPerZspageOf(index) === 1;
  }

  /** Lowest index that is merged into this owner. */
  mergedFromLowestOf(owner: number): number {
    let lowest = owner;
    while (lowest > 0 && this.#owner[lowest - 1] === owner) lowest--;
    return lowest;
  }

  /** Slots of a zspage of this class that begin on one page and end on the next. */
  spanningSlotsOf(index: number): number {
    const { pageBytes } = this.options;
    const sizeBytes = this.sizeBytesOf(index);
    const objects = this.objectsPerZspageOf(index);
    let spanning = 0;
    for (let slot = 0; slot < objects; slot++) if (((slot * sizeBytes) % pageBytes) + sizeBytes > pageBytes) spanning++;
    return spanning;
  }

  /** Nominal index for a request of 1 to `pageBytes` bytes. */
  indexForRequest(bytes: number): number {
    const slotBytes = bytes + this.options.headerBytes;
    if (slotBytes <= MIN_SLOT_BYTES) return 0;
    return Math.min(this.indexCount - 1, Math.ceil((slotBytes - MIN_SLOT_BYTES) / this.options.classDeltaBytes));
  }

  /** Smallest request whose nominal index is this one. */
  minRequestBytesOf(index: number): number {
    return index === 0 ? 1 : this.maxRequestBytesOf(index - 1) + 1;
  }

  /** Largest request whose nominal index is this one. */
  maxRequestBytesOf(index: number): number {
    if (index === this.indexCount - 1) return this.options.pageBytes;
    return this.nominalSizeBytesOf(index) - this.options.headerBytes;
  }

  /** Walks the indexes downwards and returns the owners in ascending order. */
  #merge(): number[] {
    const owners: number[] = [];
    for (let index = this.indexCount - 1; index >= 0; index--) {
      const last = owners.at(-1);
      const same =
        last !== undefined && this.#pages[index] === this.#pages[last] && this.#objects[index] === this.#objects[last];
      if (same && this.options.merge) {
        this.#owner[index] = last;
      } else {
        this.#owner[index] = index;
        owners.push(index);
      }
    }
    return owners.toReversed();
  }

  /** The first class from above with several pages and several objects ends the range of whole-page objects: one byte more
   * than what its slots hold. */
  #hugeClassSize(): number | undefined {
    if (this.options.headerBytes === 0) return undefined;
    for (let index = this.indexCount - 1; index >= 0; index--) {
      if (this.#pages[index] !== 1 && this.#objects[index] !== 1) {
        return this.nominalSizeBytesOf(index) - this.options.headerBytes + 1;
      }
    }
    return undefined;
  }
}

/** Lays out the size classes. */
export function planSizeClasses(options: SizeClassOptions): SizeClassPlan {
  return new SizeClassPlan(options);
}
