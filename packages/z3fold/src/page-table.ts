// The headers of the pool's pages, the kernel's `struct z3fold_header`, as a table: an array per field, indexed by a
// small page number that is used again after the page is gone. (The name means z3fold's pages, not the MMU's page tables.)
// The machine's page descriptor leads here: its `private` word is the page number. Headless pages have an entry, too.

import type { Pfn } from "@zlab/hw-sim";
import { NO_PAGE } from "@zlab/zpool";
import { Buddy, CHUNKS_PER_PAGE } from "./chunks.ts";

/** What `cpuOf` says of a page on no list. */
export const NO_CPU = -1;

const BUDDIES = 4;
const FIRST_CAPACITY_PAGES = 64;

export class Z3foldPageTable {
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES).fill(NO_PAGE); // page frame, NO_PAGE while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_PAGES); // place in the order of creation
  #chunks: Uint8Array = new Uint8Array(FIRST_CAPACITY_PAGES * BUDDIES); // [page * 4 + buddy], 0: absent
  #handle: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES * BUDDIES); // [page * 4 + buddy], a cell address
  #startMiddle: Uint8Array = new Uint8Array(FIRST_CAPACITY_PAGES); // first chunk of the middle buddy; stays when that is freed
  #firstNum: Uint8Array = new Uint8Array(FIRST_CAPACITY_PAGES); // turns of the cell numbering, modulo 4
  #foreign: Uint8Array = new Uint8Array(FIRST_CAPACITY_PAGES); // objects whose cell is in another page's block
  #slotBlock: Int32Array = new Int32Array(FIRST_CAPACITY_PAGES); // the page's own block of handle cells
  #cpu: Int16Array = new Int16Array(FIRST_CAPACITY_PAGES); // CPU whose list the page is on, NO_CPU: none
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
    for (let buddy = 0; buddy < BUDDIES; buddy++) this.#chunks[page * BUDDIES + buddy] = 0;
    this.#startMiddle[page] = 0;
    this.#firstNum[page] = 0;
    this.#foreign[page] = 0;
    this.#slotBlock[page] = slotBlock;
    this.#cpu[page] = NO_CPU;
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
    return this.#chunks[page * BUDDIES + Buddy.headless] === CHUNKS_PER_PAGE;
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
    return this.#chunks[page * BUDDIES + buddy]!;
  }

  setChunks(page: number, buddy: number, chunks: number): void {
    this.#chunks[page * BUDDIES + buddy] = chunks;
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
    return this.#startMiddle[page]!;
  }

  setStartMiddle(page: number, chunk: number): void {
    this.#startMiddle[page] = chunk;
  }

  /** By how much cell numbers are ahead of buddy numbers, 0 to 3. */
  firstNumOf(page: number): number {
    return this.#firstNum[page]!;
  }

  turnFirstNum(page: number): void {
    this.#firstNum[page] = (this.#firstNum[page]! + 1) % BUDDIES;
  }

  foreignOf(page: number): number {
    return this.#foreign[page]!;
  }

  setForeign(page: number, count: number): void {
    this.#foreign[page] = count;
  }

  slotBlockOf(page: number): number {
    return this.#slotBlock[page]!;
  }

  cpuOf(page: number): number {
    return this.#cpu[page]!;
  }

  setCpu(page: number, cpu: number): void {
    this.#cpu[page] = cpu;
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
    this.#chunks = copyInto(new Uint8Array(capacityPages * BUDDIES), this.#chunks);
    this.#handle = copyInto(new Int32Array(capacityPages * BUDDIES), this.#handle);
    this.#startMiddle = copyInto(new Uint8Array(capacityPages), this.#startMiddle);
    this.#firstNum = copyInto(new Uint8Array(capacityPages), this.#firstNum);
    this.#foreign = copyInto(new Uint8Array(capacityPages), this.#foreign);
    this.#slotBlock = copyInto(new Int32Array(capacityPages), this.#slotBlock);
    this.#cpu = copyInto(new Int16Array(capacityPages), this.#cpu);
    this.#nextFree = copyInto(new Int32Array(capacityPages), this.#nextFree);
  }
}

function copyInto<T extends { set(from: ArrayLike<number>): void }>(larger: T, old: ArrayLike<number>): T {
  larger.set(old);
  return larger;
}
