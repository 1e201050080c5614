// The headers of the pool's pages, the kernel's `struct zbud_header`, as a table: an array per field, indexed by a small
// page number that is used again after the page is gone. (The name means zbud's pages, not the MMU's page tables.)
// The machine's page descriptor leads here: its `private` word is the page number.

import type { Pfn } from "@zlab/hw-sim";
import { NO_PAGE } from "@zlab/zpool";
import { Buddy } from "./chunks.ts";

const FIRST_CAPACITY_PAGES = 64;

export class ZbudPageTable {
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES).fill(NO_PAGE); // page frame, NO_PAGE while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
  #chunks: Uint8Array = new Uint8Array(FIRST_CAPACITY_PAGES * 2); // [page * 2 + buddy], 0: absent
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
    this.setChunks(page, Buddy.first, 0);
    this.setChunks(page, Buddy.last, 0);
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
    return this.#chunks[page * 2 + buddy]!;
  }

  setChunks(page: number, buddy: number, chunks: number): void {
    this.#chunks[page * 2 + buddy] = chunks;
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
    const chunks = new Uint8Array(capacityPages * 2);
    chunks.set(this.#chunks);
    this.#chunks = chunks;
    this.#nextFree = new Int32Array(capacityPages); // no entry is free now
  }
}
