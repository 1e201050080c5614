// The headers of the pool's pages, the kernel's `struct z3fold_header`, as a table of records, indexed by a
// small page number that is used again after the page is gone. (The name means z3fold's pages, not the MMU's page tables.)
// The machine's page descriptor leads here: its `private` word is the page number. Headless pages have an entry, too.

import type { Pfn } from "@zlab/hw-sim";
import { NO_PAGE } from "@zlab/zpool";
import { Buddy, CHUNKS_PER_PAGE } from "./chunks.ts";

/** What `cpuOf` says of a page on no list. */
export const NO_CPU = -1;

const BUDDIES = 4;

// A record of 8 words or 32 bytes: a page is one cache line, where an array per field would take up to eight.
const WORDS = 8;
const PFN = 0; // page frame, NO_PAGE while the entry is free
const HANDLES = 1; // + buddy: a cell address; headless pages have none, so this word itself holds chunks
const SLOT_BLOCK = 6; // the page's own block of handle cells
const NEXT_FREE = 6; // of a free entry: list of free entries
const CPU = 7; // CPU whose list the page is on, NO_CPU: none
const BYTES = 32;
const CHUNKS = 4; // + buddy: length in chunks, 0: absent
const START_MIDDLE = 20; // first chunk of the middle buddy; stays when that is freed
const FIRST_NUM = 21; // turns of the cell numbering, modulo 4
const FOREIGN = 22; // objects whose cell is in another page's block

const FIRST_CAPACITY_PAGES = 64;

export class Z3foldPageTable {
  #words: Int32Array = emptyRecords(FIRST_CAPACITY_PAGES);
  #bytes: Uint8Array = new Uint8Array(this.#words.buffer); // the same records
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
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
    this.#words[page * WORDS + PFN] = pfn;
    this.#seq[page] = this.#pagesEver++;
    for (let buddy = 0; buddy < BUDDIES; buddy++) this.#bytes[page * BYTES + CHUNKS + buddy] = 0;
    this.#bytes[page * BYTES + START_MIDDLE] = 0;
    this.#bytes[page * BYTES + FIRST_NUM] = 0;
    this.#bytes[page * BYTES + FOREIGN] = 0;
    this.#words[page * WORDS + SLOT_BLOCK] = slotBlock;
    this.#words[page * WORDS + CPU] = NO_CPU;
    this.#livePages++;
    return page;
  }

  remove(page: number): void {
    this.#words[page * WORDS + PFN] = NO_PAGE;
    this.#words[page * WORDS + NEXT_FREE] = this.#firstFree;
    this.#firstFree = page;
    this.#livePages--;
  }

  isLive(page: number): boolean {
    return this.#words[page * WORDS + PFN]! !== NO_PAGE;
  }

  isHeadless(page: number): boolean {
    return this.#bytes[page * BYTES + CHUNKS + Buddy.headless] === CHUNKS_PER_PAGE;
  }

  pfnOf(page: number): Pfn {
    return this.#words[page * WORDS + PFN] as Pfn;
  }

  /** Number of the page in the order of creation, from 0, never used again. */
  seqOf(page: number): number {
    return this.#seq[page]!;
  }

  /** Length of the buddy in chunks, 0 if absent. */
  chunksOf(page: number, buddy: number): number {
    return this.#bytes[page * BYTES + CHUNKS + buddy]!;
  }

  setChunks(page: number, buddy: number, chunks: number): void {
    this.#bytes[page * BYTES + CHUNKS + buddy] = chunks;
  }

  /** Handle of the first, middle or last buddy, meaningful while that is present. The kernel doesn't keep it; here it lets
   * moves be reported and mapped objects be recognized. */
  handleOf(page: number, buddy: number): number {
    return this.#words[page * WORDS + HANDLES + buddy]!;
  }

  setHandle(page: number, buddy: number, handle: number): void {
    this.#words[page * WORDS + HANDLES + buddy] = handle;
  }

  startMiddleOf(page: number): number {
    return this.#bytes[page * BYTES + START_MIDDLE]!;
  }

  setStartMiddle(page: number, chunk: number): void {
    this.#bytes[page * BYTES + START_MIDDLE] = chunk;
  }

  /** By how much cell numbers are ahead of buddy numbers, 0 to 3. */
  firstNumOf(page: number): number {
    return this.#bytes[page * BYTES + FIRST_NUM]!;
  }

  turnFirstNum(page: number): void {
    this.#bytes[page * BYTES + FIRST_NUM] = (this.#bytes[page * BYTES + FIRST_NUM]! + 1) % BUDDIES;
  }

  foreignOf(page: number): number {
    return this.#bytes[page * BYTES + FOREIGN]!;
  }

  setForeign(page: number, count: number): void {
    this.#bytes[page * BYTES + FOREIGN] = count;
  }

  slotBlockOf(page: number): number {
    return this.#words[page * WORDS + SLOT_BLOCK]!;
  }

  cpuOf(page: number): number {
    return this.#words[page * WORDS + CPU]!;
  }

  setCpu(page: number, cpu: number): void {
    this.#words[page * WORDS + CPU] = cpu;
  }

  #takeEntry(): number {
    const reused = this.#firstFree;
    if (reused !== NO_PAGE) {
      this.#firstFree = this.#words[reused * WORDS + NEXT_FREE]!;
      return reused;
    }
    if (this.#endPage === this.#seq.length) this.#grow(this.#endPage * 2);
    return this.#endPage++;
  }

  #grow(capacityPages: number): void {
    const words = emptyRecords(capacityPages);
    words.set(this.#words);
    this.#words = words;
    this.#bytes = new Uint8Array(words.buffer);
    const seq = new Float64Array(capacityPages);
    seq.set(this.#seq);
    this.#seq = seq;
  }
}

function emptyRecords(count: number): Int32Array {
  const words = new Int32Array(count * WORDS);
  for (let page = 0; page < count; page++) words[page * WORDS + PFN] = NO_PAGE;
  return words;
}
