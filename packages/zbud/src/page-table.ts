// The headers of the pool's pages, the kernel's `struct zbud_header`, as a table: an array per field, indexed by a small
// page number that is used again after the page is gone. (The name means zbud's pages, not the MMU's page tables.)
// The machine's page descriptor leads here: its `private` word is the page number.

import type { Pfn } from "@zlab/hw-sim";
import { NO_PAGE } from "@zlab/zpool";

const FIRST_CAPACITY_PAGES = 64;
const LENGTH_MASK = 0xff;

export class ZbudPageTable {
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES).fill(NO_PAGE); // page frame, NO_PAGE while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
  #lengths: Uint16Array = new Uint16Array(FIRST_CAPACITY_PAGES); // chunks of the last buddy << 8 | of the first, 0: absent
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
  add(pfn: Pfn): number {
    const page = this.#takeEntry();
    this.#pfn[page] = pfn;
    this.#seq[page] = this.#pagesEver++;
    this.#lengths[page] = 0;
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

  /** Length of the buddy in chunks, 0 if absent. */
  chunksOf(page: number, buddy: number): number {
    return chunksIn(this.#lengths[page]!, buddy);
  }

  setChunks(page: number, buddy: number, chunks: number): void {
    this.#lengths[page] = withChunks(this.#lengths[page]!, buddy, chunks);
  }

  /** Lengths of both buddies, for `chunksIn` and `withChunks`. */
  lengthsOf(page: number): number {
    return this.#lengths[page]!;
  }

  setLengths(page: number, lengths: number): void {
    this.#lengths[page] = lengths;
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
    const lengths = new Uint16Array(capacityPages);
    lengths.set(this.#lengths);
    this.#lengths = lengths;
    this.#nextFree = new Int32Array(capacityPages); // no entry is free now
  }
}

/** Length of one of two buddies in chunks, 0 if absent. */
export function chunksIn(lengths: number, buddy: number): number {
  return (lengths >> (buddy << 3)) & LENGTH_MASK;
}

/** The lengths with another one for one of the buddies. */
export function withChunks(lengths: number, buddy: number, chunks: number): number {
  const shift = buddy << 3;
  return (lengths & ~(LENGTH_MASK << shift)) | (chunks << shift);
}
