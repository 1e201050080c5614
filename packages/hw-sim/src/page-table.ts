// Page descriptors, the kernel's `struct page`, as one table of three words each, indexed by page frame number.
// (The kernel calls this table "mem_map". It has nothing to do with the MMU's page tables.)
//
// Two words of a descriptor belong to whoever holds the page, as in the kernel's union:
//   while free        the buddy allocator's list links (next, previous)
//   while allocated   the owner's `private` and `index`

import { MAX_PAGE_ORDER, type Pfn } from "./geometry.ts";
import { zeroedBuffer } from "./zeroed-buffer.ts";

/** What a page frame is at the moment. */
export const PageState = {
  /** Not the first page of its block, or never handed out: its descriptor says nothing. */
  none: 0,
  /** First page of a block on a free list. */
  freeHead: 1,
  /** First page of an allocated block. */
  allocatedHead: 2,
} as const;

const WORDS = 3; // 12 bytes: mostly one cache line, where an array per field would take four
const WORD_A = 1; // next of the free list, or private
const WORD_B = 2; // previous of the free list (not kept for its head), or index

//                        31       24 23        8 7     4 3     0
// the first word         |    0     |   owner   | state | order |     owner 0: nobody
const ORDER_MASK = 0xf;
const STATE_SHIFT = 4;
const BLOCK_MASK = 0xff; // state and order
const OWNER_SHIFT = 8;

export class PageTable {
  readonly #words: Int32Array; // indexes are products: 3 * pfn is beyond 32 bits on the largest machines

  /** `endPfn` is one more than the highest page frame number. Untouched descriptors cost no memory. The table is rounded up
   * to whole blocks of the highest order, so that every page's buddy has a descriptor. */
  constructor(endPfn: number) {
    const length = Math.ceil(endPfn / 2 ** MAX_PAGE_ORDER) * 2 ** MAX_PAGE_ORDER;
    this.#words = new Int32Array(zeroedBuffer(WORDS * length * Int32Array.BYTES_PER_ELEMENT));
  }

  stateOf(pfn: number): number {
    return (this.#words[WORDS * pfn]! & BLOCK_MASK) >> STATE_SHIFT;
  }

  /** Order of the block that this page heads. */
  orderOf(pfn: number): number {
    return this.#words[WORDS * pfn]! & ORDER_MASK;
  }

  setState(pfn: number, state: number, order: number): void {
    const word = this.#words[WORDS * pfn]!;
    this.#words[WORDS * pfn] = (word & ~BLOCK_MASK) | (state << STATE_SHIFT) | order;
  }

  isFreeBlock(pfn: number, order: number): boolean {
    return (this.#words[WORDS * pfn]! & BLOCK_MASK) === ((PageState.freeHead << STATE_SHIFT) | order);
  }

  isAllocatedBlock(pfn: number, order: number): boolean {
    return (this.#words[WORDS * pfn]! & BLOCK_MASK) === ((PageState.allocatedHead << STATE_SHIFT) | order);
  }

  /** Marks the first page of a block that is handed out to `owner`. */
  setAllocated(pfn: number, order: number, owner: number): void {
    this.#words[WORDS * pfn] = (owner << OWNER_SHIFT) | (PageState.allocatedHead << STATE_SHIFT) | order;
  }

  /** Marks the first page of a free block, which is nobody's, and says what follows it in its list. */
  setFree(pfn: number, order: number, next: number): void {
    this.#words[WORDS * pfn] = (PageState.freeHead << STATE_SHIFT) | order;
    this.#words[WORDS * pfn + WORD_A] = next;
  }

  /** Marks a page as inside of a block, and nobody's. */
  setInside(pfn: number): void {
    this.#words[WORDS * pfn] = 0;
  }

  /** First page of the block that a page is in; -1 for a page that was never in one. */
  headOf(pfn: number): number {
    for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
      const head = pfn & -(1 << order);
      if (this.stateOf(head) !== PageState.none) return pfn < head + (1 << this.orderOf(head)) ? head : -1;
    }
    return -1;
  }

  nextFree(pfn: number): number {
    return this.#words[WORDS * pfn + WORD_A]!;
  }

  setNextFree(pfn: number, next: number): void {
    this.#words[WORDS * pfn + WORD_A] = next;
  }

  previousFree(pfn: number): number {
    return this.#words[WORDS * pfn + WORD_B]!;
  }

  setPreviousFree(pfn: number, previous: number): void {
    this.#words[WORDS * pfn + WORD_B] = previous;
  }

  /** The owner's word of an allocated page (zsmalloc: its zspage). */
  privateOf(pfn: Pfn): number {
    return this.#words[WORDS * pfn + WORD_A]!;
  }

  setPrivate(pfn: Pfn, value: number): void {
    this.#words[WORDS * pfn + WORD_A] = value;
  }

  /** The owner's second word of an allocated page (zsmalloc: its place in the zspage). */
  indexOf(pfn: Pfn): number {
    return this.#words[WORDS * pfn + WORD_B]!;
  }

  setIndex(pfn: Pfn, value: number): void {
    this.#words[WORDS * pfn + WORD_B] = value;
  }

  /** Number that `Machine.registerOwner` gave to the holder; 0 for a free page. */
  ownerOf(pfn: number): number {
    return this.#words[WORDS * pfn]! >> OWNER_SHIFT;
  }

  setOwner(pfn: number, owner: number): void {
    const word = this.#words[WORDS * pfn]!;
    this.#words[WORDS * pfn] = (owner << OWNER_SHIFT) | (word & BLOCK_MASK);
  }
}
