// Page descriptors, the kernel's `struct page`, as one table: an array per field, indexed by page frame number. Finding
// an object by its handle takes the owner and one word of many pages, which so lie densely in the cache.
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

const STATE_SHIFT = 4;
const ORDER_MASK = 15;

export class PageTable {
  readonly #stateAndOrder: Uint8Array; // state << 4 | order
  readonly #owner: Uint16Array; // who holds the page, 0: nobody
  readonly #wordA: Int32Array; // next of the free list, or private
  readonly #wordB: Int32Array; // previous of the free list (not kept for its head), or index

  /** `endPfn` is one more than the highest page frame number. Untouched descriptors cost no memory. The table is rounded up
   * to whole blocks of the highest order, so that every page's buddy has a descriptor. */
  constructor(endPfn: number) {
    const length = Math.ceil(endPfn / 2 ** MAX_PAGE_ORDER) * 2 ** MAX_PAGE_ORDER;
    this.#stateAndOrder = new Uint8Array(zeroedBuffer(length));
    this.#owner = new Uint16Array(zeroedBuffer(2 * length));
    this.#wordA = new Int32Array(zeroedBuffer(4 * length));
    this.#wordB = new Int32Array(zeroedBuffer(4 * length));
  }

  stateOf(pfn: number): number {
    return this.#stateAndOrder[pfn]! >> STATE_SHIFT;
  }

  /** State and order in one byte, as `load` takes them. */
  stateByteOf(pfn: number): number {
    return this.#stateAndOrder[pfn]!;
  }

  /** Order of the block that this page heads. */
  orderOf(pfn: number): number {
    return this.#stateAndOrder[pfn]! & ORDER_MASK;
  }

  setState(pfn: number, state: number, order: number): void {
    this.#stateAndOrder[pfn] = (state << STATE_SHIFT) | order;
  }

  isFreeBlock(pfn: number, order: number): boolean {
    return this.#stateAndOrder[pfn] === ((PageState.freeHead << STATE_SHIFT) | order);
  }

  isAllocatedBlock(pfn: number, order: number): boolean {
    return this.#stateAndOrder[pfn] === ((PageState.allocatedHead << STATE_SHIFT) | order);
  }

  /** Marks the first page of a block that is handed out to `owner`. */
  setAllocated(pfn: number, order: number, owner: number): void {
    this.#stateAndOrder[pfn] = (PageState.allocatedHead << STATE_SHIFT) | order;
    this.#owner[pfn] = owner;
  }

  /** Marks the first page of a free block, which is nobody's, and says what follows it in its list. */
  setFree(pfn: number, order: number, next: number): void {
    this.#stateAndOrder[pfn] = (PageState.freeHead << STATE_SHIFT) | order;
    this.#owner[pfn] = 0;
    this.#wordA[pfn] = next;
  }

  /** Marks a page as inside of a block, and nobody's. */
  setInside(pfn: number): void {
    this.#stateAndOrder[pfn] = PageState.none << STATE_SHIFT;
    this.#owner[pfn] = 0;
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
    return this.#wordA[pfn]!;
  }

  setNextFree(pfn: number, next: number): void {
    this.#wordA[pfn] = next;
  }

  previousFree(pfn: number): number {
    return this.#wordB[pfn]!;
  }

  setPreviousFree(pfn: number, previous: number): void {
    this.#wordB[pfn] = previous;
  }

  /** The owner's word of an allocated page (zsmalloc: its zspage). */
  privateOf(pfn: Pfn): number {
    return this.#wordA[pfn]!;
  }

  setPrivate(pfn: Pfn, value: number): void {
    this.#wordA[pfn] = value;
  }

  /** The owner's second word of an allocated page (zsmalloc: its place in the zspage). */
  indexOf(pfn: Pfn): number {
    return this.#wordB[pfn]!;
  }

  setIndex(pfn: Pfn, value: number): void {
    this.#wordB[pfn] = value;
  }

  /** Number that `Machine.registerOwner` gave to the holder; 0 for a free page. */
  ownerOf(pfn: number): number {
    return this.#owner[pfn]!;
  }

  setOwner(pfn: number, owner: number): void {
    this.#owner[pfn] = owner;
  }

  /** Sets a whole descriptor, as an image has it. */
  load(pfn: number, stateByte: number, owner: number, wordA: number, wordB: number): void {
    this.#stateAndOrder[pfn] = stateByte;
    this.#owner[pfn] = owner;
    this.#wordA[pfn] = wordA;
    this.#wordB[pfn] = wordB;
  }
}
