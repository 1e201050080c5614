// The pool's pages as a table: an array per field, indexed by a small page number that is used again after the page is
// gone. (The name means xvmalloc's pages, not the MMU's page tables.) The machine's page descriptor leads here: its
// `private` word is the page number.
//
// To find the block at an offset, a page is divided into regions of 256 bytes, and the table knows the first block that
// begins in each. From there the blocks are followed, at most 64 of them.

import type { Pfn } from "@zlab/hw-sim";
import { NO_BLOCK } from "./free-lists.ts";

const NO_PAGE = -1;

const FIRST_CAPACITY_PAGES = 64;
const REGION_SHIFT = 8;

export class XvmallocPageTable {
  readonly #regionsPerPage: number;
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES).fill(NO_PAGE); // page frame, NO_PAGE while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
  #firstBlock: Int32Array; // [page * regionsPerPage + region], or NO_BLOCK
  #nextFree: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // list of free entries
  #firstFree: number = NO_PAGE;
  #endPage = 0; // entries from here up were never used
  #livePages = 0;
  #pagesEver = 0;

  constructor(pageBytes: number) {
    this.#regionsPerPage = pageBytes >> REGION_SHIFT;
    this.#firstBlock = new Int32Array(FIRST_CAPACITY_PAGES * this.#regionsPerPage);
  }

  /** Pages in the table now. */
  get livePages(): number {
    return this.#livePages;
  }

  /** One more than the highest page number ever used. */
  get endPage(): number {
    return this.#endPage;
  }

  /** Enters a page frame, without blocks, and returns its page number. */
  add(pfn: Pfn): number {
    const page = this.#takeEntry();
    this.#pfn[page] = pfn;
    this.#seq[page] = this.#pagesEver++;
    this.#firstBlock.fill(NO_BLOCK, page * this.#regionsPerPage, (page + 1) * this.#regionsPerPage);
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

  pfnOf(page: number): Pfn {
    return this.#pfn[page] as Pfn;
  }

  /** Number of the page in the order of creation, from 0, never used again. */
  seqOf(page: number): number {
    return this.#seq[page]!;
  }

  /** The first block that begins in the region around an offset of the page, 0 to page bytes - 1; or NO_BLOCK. */
  firstBlockNear(page: number, offset: number): number {
    return this.#firstBlock[page * this.#regionsPerPage + (offset >> REGION_SHIFT)]!;
  }

  setFirstBlockNear(page: number, offset: number, block: number): void {
    this.#firstBlock[page * this.#regionsPerPage + (offset >> REGION_SHIFT)] = block;
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
    const pfn = new Int32Array(capacityPages).fill(NO_PAGE);
    pfn.set(this.#pfn);
    this.#pfn = pfn;
    const seq = new Float64Array(capacityPages);
    seq.set(this.#seq);
    this.#seq = seq;
    const firstBlock = new Int32Array(capacityPages * this.#regionsPerPage);
    firstBlock.set(this.#firstBlock);
    this.#firstBlock = firstBlock;
    const nextFree = new Int32Array(capacityPages);
    nextFree.set(this.#nextFree);
    this.#nextFree = nextFree;
  }
}

/** Whether two offsets of a page lie in the same region. */
export function sameRegion(offset: number, otherOffset: number): boolean {
  return offset >> REGION_SHIFT === otherOffset >> REGION_SHIFT;
}
