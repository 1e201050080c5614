// The pages of a pool: taking them from the machine, finding one with room, putting objects into them, giving them back.
// malloc and page compaction both place objects, and both by the rules written here.

import { PageLists, NO_PAGE } from "@zlab/zpool";
import { type Machine, type Pfn, isErrno } from "@zlab/hw-sim";
import { Buddy, CHUNKS_PER_PAGE, ChunkGeometry } from "./chunks.ts";
import { HandleSlots, NO_BLOCK } from "./handle-slots.ts";
import { HEADLESS_LAYOUT, freeChunksIn, objectsIn, placeIn, withObject } from "./page-layout.ts";
import { NO_CPU, Z3foldPageTable } from "./page-table.ts";

export class PageStore {
  readonly machine: Machine;
  readonly geometry: ChunkGeometry;
  readonly owner: number; // marks our pages in the machine's page descriptors
  readonly pages: Z3foldPageTable = new Z3foldPageTable();
  /** Every CPU has a list of pages for each number of free chunks: list cpu * usableChunks + free chunks. */
  readonly lists: PageLists;
  readonly slots: HandleSlots;
  readonly #headerChunks: number;
  readonly #usableChunks: number;

  constructor(machine: Machine, name: string) {
    this.machine = machine;
    this.geometry = new ChunkGeometry(machine.pageBytes);
    this.owner = machine.registerOwner(`z3fold ${name}`);
    this.lists = new PageLists(machine.cpus.count * this.geometry.usableChunks);
    this.slots = new HandleSlots(machine);
    this.#headerChunks = this.geometry.headerChunks;
    this.#usableChunks = this.geometry.usableChunks;
  }

  /** Takes a page with a header from the machine. NO_PAGE if there is none. */
  newPage(gfp: number): number {
    const pfn = this.machine.allocPages(0, gfp, this.owner);
    return isErrno(pfn) ? NO_PAGE : this.#enter(pfn, this.slots.allocateBlock());
  }

  /** Takes a page for one object as large as the page. NO_PAGE if there is none. */
  newHeadlessPage(gfp: number): number {
    const pfn = this.machine.allocPages(0, gfp, this.owner);
    if (isErrno(pfn)) return NO_PAGE;
    const page = this.#enter(pfn, NO_BLOCK);
    this.pages.setLayout(page, HEADLESS_LAYOUT);
    return page;
  }

  /** Gives a page back that is on no list. */
  releasePage(page: number): void {
    const block = this.pages.slotBlockOf(page);
    if (block !== NO_BLOCK) this.slots.releaseBlock(block);
    this.machine.freePages(this.pages.pfnOf(page), 0);
    this.pages.remove(page);
  }

  /** The entry of the page at this page frame; NO_PAGE unless it is a page of this pool. */
  pageAt(pfn: number): number {
    const ours = pfn > 0 && pfn < this.machine.endPfn && this.machine.pages.ownerOf(pfn) === this.owner;
    return ours ? this.machine.pages.privateOf(pfn as Pfn) : NO_PAGE;
  }

  /** The page with the least room that is enough, among equals the one put on its list last: from the lists of `cpu`, else from
   * any CPU's list of exactly this number of chunks. NO_PAGE if there is none. */
  findPageWithRoom(chunks: number, cpu: number): number {
    const usableChunks = this.#usableChunks;
    const page = this.lists.first(cpu * usableChunks + chunks, (cpu + 1) * usableChunks - 1);
    return page === NO_PAGE && this.machine.cpus.count > 1 ? this.#findAtOtherCpus(chunks) : page;
  }

  /** Enters an object of this length into a page with room for it. Returns its place. */
  occupy(page: number, chunks: number): Buddy {
    const layout = this.pages.layoutOf(page);
    const buddy = placeIn(layout, chunks, this.#headerChunks);
    this.pages.setLayout(page, withObject(layout, buddy, chunks, this.#headerChunks));
    return buddy;
  }

  /** The handle of a new object in this place: the address of a cell of the page's own block. */
  handleFor(page: number, buddy: Buddy): number {
    const { pages, slots } = this;
    return slots.addressOf(pages.slotBlockOf(page), (buddy + pages.firstNumOf(page)) & 3);
  }

  /** Notes that the object of a handle is now this buddy of this page. */
  bindHandle(handle: number, page: number, buddy: Buddy): void {
    this.slots.set(handle, page, buddy);
    this.pages.setHandle(page, buddy, handle);
  }

  /** Puts a page at the head of the list of its free chunks on `cpu`, wherever it was; a page with three objects on none. */
  enlist(page: number, cpu: number): void {
    const layout = this.pages.layoutOf(page);
    if (objectsIn(layout) === 3) {
      this.delist(page);
      return;
    }
    this.lists.moveToHead(cpu * this.#usableChunks + freeChunksIn(layout, this.#headerChunks), page);
    this.pages.setCpu(page, cpu);
  }

  /** Takes a page off its list, if it is on one. */
  delist(page: number): void {
    this.lists.remove(page);
    this.pages.setCpu(page, NO_CPU);
  }

  /** Objects of a page with header. */
  objectCountOf(page: number): number {
    return objectsIn(this.pages.layoutOf(page));
  }

  /** Length of the longest object that the page still takes, in chunks. */
  freeChunksOf(page: number): number {
    return freeChunksIn(this.pages.layoutOf(page), this.#headerChunks);
  }

  /** Offset of a buddy's data in its page, in bytes. */
  offsetOf(page: number, buddy: Buddy): number {
    const { chunkBytes, headerChunks } = this.geometry;
    if (buddy === Buddy.headless) return 0;
    if (buddy === Buddy.first) return headerChunks * chunkBytes;
    if (buddy === Buddy.middle) return this.pages.startMiddleOf(page) * chunkBytes;
    return (CHUNKS_PER_PAGE - this.pages.chunksOf(page, Buddy.last)) * chunkBytes;
  }

  #findAtOtherCpus(chunks: number): number {
    let page: number = NO_PAGE;
    for (let other = 0; page === NO_PAGE && other < this.machine.cpus.count; other++) {
      const list = other * this.#usableChunks + chunks;
      page = this.lists.first(list, list);
    }
    return page;
  }

  #enter(pfn: Pfn, slotBlock: number): number {
    const page = this.pages.add(pfn, slotBlock);
    this.lists.admit(page);
    this.machine.pages.setPrivate(pfn, page);
    return page;
  }
}
