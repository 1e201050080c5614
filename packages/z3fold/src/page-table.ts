// The headers of the pool's pages, the kernel's `struct z3fold_header`, as a table: an array per field, indexed by a
// small page number that is used again after the page is gone. (The name means z3fold's pages, not the MMU's page tables.)
// The machine's page descriptor leads here: its `private` word is the page number. Headless pages have an entry, too.
//
// What malloc and free need besides the layout and the block of cells is one word as well:
//
//   bits 31 … 4   CPU whose list the page is on, plus 1; 0: none
//   bits  3 … 2   foreign objects, whose cell is in another page's block
//   bits  1 … 0   turns of the cell numbering, modulo 4

import type { Pfn } from "@zlab/hw-sim";
import { NO_PAGE } from "@zlab/zpool";
import { EMPTY_LAYOUT, HEADLESS_LAYOUT, chunksIn, startMiddleIn, withChunks, withStartMiddle } from "./page-layout.ts";

/** What `cpuOf` says of a page on no list. */
export const NO_CPU = -1;

const BUDDIES = 4;
const FIRST_CAPACITY_PAGES = 64;

const CPU_SHIFT = 4;
const FOREIGN_SHIFT = 2;
const TWO_BITS = 3;

export class Z3foldPageTable {
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES).fill(NO_PAGE); // page frame, NO_PAGE while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
  #layout: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // its objects: page-layout.ts
  #state: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // CPU, foreign objects and turns, as above
  #slotBlock: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // the page's own block of handle cells
  #handle: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES * BUDDIES); // [page * 4 + buddy], a cell address
  #nextFree: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // list of free entries
  #firstFree: number = NO_PAGE;
  #endPage = 0; // entries from here up were never used
  #livePages = 0;
  #pagesEver = 0;

  /** Pages in the table now. */
  get livePages(): number {
    return this.#livePages;
  }

  /** Pages ever entered. */
  get pagesEver(): number {
    return this.#pagesEver;
  }

  /** One more than the highest page number ever used. */
  get endPage(): number {
    return this.#endPage;
  }

  /** Enters a page frame, without objects, and returns its page number. */
  add(pfn: Pfn, slotBlock: number): number {
    const page = this.#takeEntry();
    this.#pfn[page] = pfn;
    this.#seq[page] = this.#pagesEver++;
    this.#layout[page] = EMPTY_LAYOUT;
    this.#state[page] = 0;
    this.#slotBlock[page] = slotBlock;
    this.#livePages++;
    return page;
  }

  remove(page: number): void {
    this.#pfn[page] = NO_PAGE;
    this.#nextFree[page] = this.#firstFree;
    this.#firstFree = page;
    this.#livePages--;
  }

  isLive(page: number): boolean {
    return this.#pfn[page]! !== NO_PAGE;
  }

  isHeadless(page: number): boolean {
    return this.#layout[page] === HEADLESS_LAYOUT;
  }

  pfnOf(page: number): Pfn {
    return this.#pfn[page] as Pfn;
  }

  /** Number of the page in the order of creation, from 0, never used again. */
  seqOf(page: number): number {
    return this.#seq[page]!;
  }

  /** The objects of the page: page-layout.ts. */
  layoutOf(page: number): number {
    return this.#layout[page]!;
  }

  setLayout(page: number, layout: number): void {
    this.#layout[page] = layout;
  }

  /** Length of the buddy in chunks, 0 if absent. */
  chunksOf(page: number, buddy: number): number {
    return chunksIn(this.#layout[page]!, buddy);
  }

  setChunks(page: number, buddy: number, chunks: number): void {
    this.#layout[page] = withChunks(this.#layout[page]!, buddy, chunks);
  }

  /** Handle of the first, middle or last buddy, meaningful while that is present. The kernel doesn't keep it; here it lets
   * moves be reported and mapped objects be recognized. */
  handleOf(page: number, buddy: number): number {
    return this.#handle[page * BUDDIES + buddy]!;
  }

  setHandle(page: number, buddy: number, handle: number): void {
    this.#handle[page * BUDDIES + buddy] = handle;
  }

  startMiddleOf(page: number): number {
    return startMiddleIn(this.#layout[page]!);
  }

  setStartMiddle(page: number, chunk: number): void {
    this.#layout[page] = withStartMiddle(this.#layout[page]!, chunk);
  }

  slotBlockOf(page: number): number {
    return this.#slotBlock[page]!;
  }

  /** By how much cell numbers are ahead of buddy numbers, 0 to 3. */
  firstNumOf(page: number): number {
    return this.#state[page]! & TWO_BITS;
  }

  turnFirstNum(page: number): void {
    const state = this.#state[page]!;
    this.#state[page] = (state & ~TWO_BITS) | ((state + 1) & TWO_BITS);
  }

  foreignOf(page: number): number {
    return (this.#state[page]! >> FOREIGN_SHIFT) & TWO_BITS;
  }

  setForeign(page: number, count: number): void {
    this.#state[page] = (this.#state[page]! & ~(TWO_BITS << FOREIGN_SHIFT)) | (count << FOREIGN_SHIFT);
  }

  cpuOf(page: number): number {
    return (this.#state[page]! >> CPU_SHIFT) - 1;
  }

  setCpu(page: number, cpu: number): void {
    this.#state[page] = (this.#state[page]! & (2 ** CPU_SHIFT - 1)) | ((cpu + 1) << CPU_SHIFT);
  }

  #takeEntry(): number {
    const reused = this.#firstFree;
    if (reused !== NO_PAGE) {
      this.#firstFree = this.#nextFree[reused]!;
      return reused;
    }
    if (this.#endPage === this.#pfn.length) this.#grow(this.#endPage * 2);
    return this.#endPage++;
  }

  #grow(capacityPages: number): void {
    this.#pfn = copyInto(new Int32Array(capacityPages).fill(NO_PAGE), this.#pfn);
    this.#seq = copyInto(new Float64Array(capacityPages), this.#seq);
    this.#layout = copyInto(new Int32Array(capacityPages), this.#layout);
    this.#state = copyInto(new Int32Array(capacityPages), this.#state);
    this.#slotBlock = copyInto(new Int32Array(capacityPages), this.#slotBlock);
    this.#handle = copyInto(new Int32Array(capacityPages * BUDDIES), this.#handle);
    this.#nextFree = copyInto(new Int32Array(capacityPages), this.#nextFree);
  }
}

function copyInto<T extends { set(from: ArrayLike<number>): void }>(larger: T, old: ArrayLike<number>): T {
  larger.set(old);
  return larger;
}
