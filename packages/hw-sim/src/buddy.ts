// The buddy allocator of one zone: free blocks of 2^order naturally aligned pages on one list per order. A request
// splits the smallest block that is large enough; a released block joins its buddy (the block whose number differs in
// the one bit of the order) for as long as that is free too. Lists are last in, first out.
//
// The middle of a zone, whole blocks of the highest order, stays off the lists until the lists have nothing: from
// `frontier` to `frontierEnd` no page was ever handed out, and no descriptor was touched. The untouched blocks stand
// for the tail of the list of the highest order, so that a machine of a terabyte is made in no time and costs nothing.
//
//     startPfn        frontier              frontierEnd    endPfn
//        | blocks, free or allocated | untouched | blocks, free or allocated |
//
// Equations (check.ts verifies them):
//     free pages = sum over orders of listed blocks x 2^order + (frontierEnd - frontier)
//     no two buddies are both free with the same order, below the highest order

import { MAX_PAGE_ORDER, type Pfn } from "./geometry.ts";
import type { PageTable } from "./page-table.ts";

const NONE = -1;
const LARGEST_BLOCK_PAGES = 1 << MAX_PAGE_ORDER;

export class BuddyAllocator {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly #pages: PageTable;
  readonly #firstFree: Int32Array = new Int32Array(MAX_PAGE_ORDER + 1).fill(NONE); // list head per order
  readonly #listedBlocks: Int32Array = new Int32Array(MAX_PAGE_ORDER + 1); // list length per order
  #frontier: number;
  readonly #frontierEnd: number;
  #freePages: number;

  /** Manages the pages from `startPfn` to `endPfn` - 1, all free. */
  constructor(pages: PageTable, startPfn: number, endPfn: number) {
    this.#pages = pages;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.#freePages = endPfn - startPfn;
    const firstWhole = (startPfn + LARGEST_BLOCK_PAGES - 1) & -LARGEST_BLOCK_PAGES;
    this.#frontier = Math.min(firstWhole, endPfn);
    this.#frontierEnd = Math.max(this.#frontier, endPfn & -LARGEST_BLOCK_PAGES);
    this.#linkRange(this.#frontierEnd, endPfn);
    this.#linkRange(startPfn, this.#frontier);
  }

  get freePages(): number {
    return this.#freePages;
  }

  /** First page of the untouched middle of the zone. */
  get frontier(): number {
    return this.#frontier;
  }

  /** One more than the last page of the untouched middle of the zone. */
  get frontierEnd(): number {
    return this.#frontierEnd;
  }

  /** Takes a block of 2^order pages (0 to MAX_PAGE_ORDER) off the lists for `owner`; -1 if there is none. */
  allocate(order: number, owner: number): Pfn | -1 {
    const pfn = this.#firstFree[order]!;
    if (pfn === NONE) return this.#allocateBySplitting(order, owner);
    this.#firstFree[order] = this.#pages.nextFree(pfn); // which keeps its link to this page: that of a head is never read
    this.#listedBlocks[order]!--;
    this.#freePages -= 1 << order;
    this.#pages.setAllocated(pfn, order, owner);
    return pfn as Pfn;
  }

  /** Puts a block back and joins it with its free buddies. The caller has checked that it was allocated. */
  release(pfn: Pfn, order: number): void {
    this.#freePages += 1 << order;
    const buddy = pfn ^ (1 << order);
    const joins = order < MAX_PAGE_ORDER && this.#pages.isFreeBlock(buddy, order) && this.#holds(buddy);
    if (joins) this.#releaseByJoining(pfn, order);
    else this.#link(pfn, order);
  }

  /** Whether a block of this order could be had now. */
  hasBlock(order: number): boolean {
    for (let larger = order; larger <= MAX_PAGE_ORDER; larger++) {
      if (this.#firstFree[larger] !== NONE) return true;
    }
    return this.#frontier < this.#frontierEnd;
  }

  /** Free blocks of each order, 0 to MAX_PAGE_ORDER: a line of /proc/buddyinfo. */
  freeBlocksByOrder(): number[] {
    const counts = Array.from(this.#listedBlocks);
    counts[MAX_PAGE_ORDER]! += (this.#frontierEnd - this.#frontier) / LARGEST_BLOCK_PAGES;
    return counts;
  }

  /** Length of the list of an order, as it was counted. */
  listedBlocks(order: number): number {
    return this.#listedBlocks[order]!;
  }

  /** The block that the next request of this order gets; -1 for an empty list. */
  firstFree(order: number): number {
    return this.#firstFree[order]!;
  }

  /** Takes over the state of an image: `lists` has the first block and the length of each order's list. The free blocks' descriptors are
   * loaded for themselves; that all fits together is for `checkMachine` to say. */
  load(frontier: number, freePages: number, lists: Int32Array): void {
    this.#frontier = frontier;
    this.#freePages = freePages;
    for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
      this.#firstFree[order] = lists[2 * order]!;
      this.#listedBlocks[order] = lists[2 * order + 1]!;
    }
  }

  /** Calls `visit` for every block on the lists, order by order, head first. */
  forEachListed(visit: (pfn: number, order: number) => void): void {
    for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
      for (let pfn = this.#firstFree[order]!; pfn !== NONE; pfn = this.#pages.nextFree(pfn)) visit(pfn, order);
    }
  }

  /** Calls `visit` for every allocated block, from low to high pages. */
  forEachAllocated(visit: (pfn: Pfn, order: number) => void): void {
    this.#forEachAllocatedIn(this.startPfn, this.#frontier, visit);
    this.#forEachAllocatedIn(this.#frontierEnd, this.endPfn, visit);
  }

  #forEachAllocatedIn(startPfn: number, endPfn: number, visit: (pfn: Pfn, order: number) => void): void {
    for (let pfn = startPfn; pfn < endPfn;) {
      const order = this.#pages.orderOf(pfn);
      if (this.#pages.isAllocatedBlock(pfn, order)) visit(pfn as Pfn, order);
      pfn += 1 << order;
    }
  }

  /** Takes the next larger block and puts the halves that aren't needed on the lists, which are empty up to that order. */
  #allocateBySplitting(order: number, owner: number): Pfn | -1 {
    let found = order + 1;
    while (found <= MAX_PAGE_ORDER && this.#firstFree[found] === NONE) found++;
    let pfn: number;
    if (found <= MAX_PAGE_ORDER) {
      pfn = this.#firstFree[found]!;
      this.#firstFree[found] = this.#pages.nextFree(pfn);
      this.#listedBlocks[found]!--;
    } else {
      if (this.#frontier === this.#frontierEnd) return NONE;
      pfn = this.#frontier;
      this.#frontier += LARGEST_BLOCK_PAGES;
      found = MAX_PAGE_ORDER;
    }
    while (found > order) {
      found--;
      this.#linkAlone(pfn + (1 << found), found);
    }
    this.#freePages -= 1 << order;
    this.#pages.setAllocated(pfn, order, owner);
    return pfn as Pfn;
  }

  /** Joins a block with its buddy, the result with its own, and so on, for as long as they are free. */
  #releaseByJoining(pfn: Pfn, order: number): void {
    let block: number = pfn;
    let size = order;
    while (size < MAX_PAGE_ORDER) {
      const buddy = block ^ (1 << size);
      if (!this.#pages.isFreeBlock(buddy, size) || !this.#holds(buddy)) break;
      this.#unlink(buddy, size);
      this.#pages.setInside(buddy);
      block &= ~(1 << size);
      size++;
    }
    this.#pages.setInside(pfn);
    this.#link(block, size);
  }

  /** Whether the page is of this zone: at its borders a buddy may be the next zone's. */
  #holds(pfn: number): boolean {
    return pfn >= this.startPfn && pfn < this.endPfn;
  }

  #link(pfn: number, order: number): void {
    const head = this.#firstFree[order]!;
    this.#pages.setFree(pfn, order, head);
    if (head !== NONE) this.#pages.setPreviousFree(head, pfn);
    this.#firstFree[order] = pfn;
    this.#listedBlocks[order]!++;
  }

  /** Links a block into a list that is known to be empty, as all lists below a split block's order are. */
  #linkAlone(pfn: number, order: number): void {
    this.#pages.setFree(pfn, order, NONE);
    this.#firstFree[order] = pfn;
    this.#listedBlocks[order] = 1;
  }

  /** Takes a block off its list. Its state is the caller's to set. */
  #unlink(pfn: number, order: number): void {
    const next = this.#pages.nextFree(pfn);
    if (this.#firstFree[order] === pfn) {
      this.#firstFree[order] = next;
    } else {
      const previous = this.#pages.previousFree(pfn);
      this.#pages.setNextFree(previous, next);
      if (next !== NONE) this.#pages.setPreviousFree(next, previous);
    }
    this.#listedBlocks[order]!--;
  }

  /** Lists the fewest aligned blocks that make up a range which no block of the highest order fits in. */
  #linkRange(startPfn: number, endPfn: number): void {
    for (let pfn = startPfn; pfn < endPfn;) {
      let order = MAX_PAGE_ORDER - 1;
      while (pfn % (1 << order) !== 0 || pfn + (1 << order) > endPfn) order--;
      this.#link(pfn, order);
      pfn += 1 << order;
    }
  }
}
