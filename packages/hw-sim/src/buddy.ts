// The buddy allocator of one zone: free blocks of 2^order naturally aligned pages on one list per order. A request
// splits the smallest block that is large enough; a released block joins its buddy (the block whose number differs in
// the one bit of the order) for as long as that is free too.
//
// Pages from `frontier` up have never been handed out. They stand for the largest aligned blocks at the tail of the
// lists, and become real list entries only when the lists have nothing: a machine of a terabyte is made in no time.

import { MAX_PAGE_ORDER, type Pfn } from "./geometry.ts";
import { PageState, type PageTable } from "./page-table.ts";

const NONE = -1;

export class BuddyAllocator {
  readonly startPfn: number;
  readonly endPfn: number;
  readonly #pages: PageTable;
  readonly #firstFree: Int32Array = new Int32Array(MAX_PAGE_ORDER + 1).fill(NONE); // list head per order
  readonly #freeBlocks: Int32Array = new Int32Array(MAX_PAGE_ORDER + 1); // on the lists, per order
  #frontier: number;
  #freePages: number;

  /** Manages the pages from `startPfn` to `endPfn` - 1, all free. */
  constructor(pages: PageTable, startPfn: number, endPfn: number) {
    this.#pages = pages;
    this.startPfn = startPfn;
    this.endPfn = endPfn;
    this.#frontier = startPfn;
    this.#freePages = endPfn - startPfn;
  }

  get freePages(): number {
    return this.#freePages;
  }

  /** Takes a block of 2^order pages off the lists; NONE (-1) if there is none. */
  allocate(order: number): Pfn | -1 {
    let found = order;
    while (this.#firstFree[found] === NONE) {
      if (found < MAX_PAGE_ORDER) found++;
      else if (this.#advanceFrontier()) found = order;
      else return NONE;
    }
    const pfn = this.#firstFree[found]!;
    this.#unlink(pfn, found);
    while (found > order) {
      found--;
      this.#link(pfn + 2 ** found, found);
    }
    this.#pages.setState(pfn, PageState.allocatedHead, order);
    this.#freePages -= 2 ** order;
    return pfn as Pfn;
  }

  /** Puts a block back and joins it with its free buddies. The caller has checked that it was allocated. */
  release(pfn: Pfn, order: number): void {
    this.#freePages += 2 ** order;
    this.#pages.setState(pfn, PageState.none, 0);
    let block: number = pfn;
    let size = order;
    while (size < MAX_PAGE_ORDER) {
      const buddy = block ^ (1 << size);
      if (buddy < this.startPfn || buddy >= this.endPfn || !this.#pages.isFreeBlock(buddy, size)) break;
      this.#unlink(buddy, size);
      if (buddy < block) block = buddy;
      size++;
    }
    this.#link(block, size);
  }

  /** Whether a block of this order could be had now. */
  hasBlock(order: number): boolean {
    for (let larger = order; larger <= MAX_PAGE_ORDER; larger++) {
      if (this.#firstFree[larger] !== NONE) return true;
    }
    return this.#largestFrontierOrder(order) >= order;
  }

  /** Free blocks of each order, 0 to MAX_PAGE_ORDER: a line of /proc/buddyinfo. */
  freeBlocksByOrder(): number[] {
    const counts = Array.from(this.#freeBlocks);
    for (let pfn = this.#frontier; pfn < this.endPfn;) {
      const order = this.#frontierBlockOrder(pfn);
      counts[order]!++;
      pfn += 2 ** order;
    }
    return counts;
  }

  /** Calls `visit` for every block on the lists, order by order, head first. */
  forEachListed(visit: (pfn: number, order: number) => void): void {
    for (let order = 0; order <= MAX_PAGE_ORDER; order++) {
      for (let pfn = this.#firstFree[order]!; pfn !== NONE; pfn = this.#pages.nextFree(pfn)) visit(pfn, order);
    }
  }

  /** First page that was never handed out; all from here to `endPfn` are free. */
  get frontier(): number {
    return this.#frontier;
  }

  #link(pfn: number, order: number): void {
    const head = this.#firstFree[order]!;
    this.#pages.setState(pfn, PageState.freeHead, order);
    this.#pages.setNextFree(pfn, head);
    this.#pages.setPreviousFree(pfn, NONE);
    if (head !== NONE) this.#pages.setPreviousFree(head, pfn);
    this.#firstFree[order] = pfn;
    this.#freeBlocks[order]!++;
  }

  #unlink(pfn: number, order: number): void {
    const next = this.#pages.nextFree(pfn);
    const previous = this.#pages.previousFree(pfn);
    if (previous === NONE) this.#firstFree[order] = next;
    else this.#pages.setNextFree(previous, next);
    if (next !== NONE) this.#pages.setPreviousFree(next, previous);
    this.#pages.setState(pfn, PageState.none, 0);
    this.#freeBlocks[order]!--;
  }

  #advanceFrontier(): boolean {
    if (this.#frontier >= this.endPfn) return false;
    const order = this.#frontierBlockOrder(this.#frontier);
    this.#link(this.#frontier, order);
    this.#frontier += 2 ** order;
    return true;
  }

  /** Order of the largest aligned block that begins at `pfn` and ends in the zone. */
  #frontierBlockOrder(pfn: number): number {
    let order = MAX_PAGE_ORDER;
    while (pfn % 2 ** order !== 0 || pfn + 2 ** order > this.endPfn) order--;
    return order;
  }

  #largestFrontierOrder(enough: number): number {
    let largest = NONE;
    for (let pfn = this.#frontier; pfn < this.endPfn && largest < enough;) {
      const order = this.#frontierBlockOrder(pfn);
      largest = Math.max(largest, order);
      pfn += 2 ** order;
    }
    return largest;
  }
}
