// The pages of a pool: taking them from the machine, finding one with room, putting objects into them, giving them back.
// malloc and page compaction both place objects, and both by the rules written here.

import { PageLists, NO_PAGE } from "@zlab/zpool";
import { type Machine, type Pfn, isErrno } from "@zlab/hw-sim";
import { Buddy, CHUNKS_PER_PAGE, ChunkGeometry } from "./chunks.ts";
import { HandleSlots, NO_BLOCK } from "./handle-slots.ts";
import { NO_CPU, Z3foldPageTable } from "./page-table.ts";

export class PageStore {
  readonly machine: Machine;
  readonly geometry: ChunkGeometry;
  readonly owner: number; // marks our pages in the machine's page descriptors
  readonly pages: Z3foldPageTable = new Z3foldPageTable();
  /** Every CPU has a list of pages for each number of free chunks: list cpu * usableChunks + free chunks. */
  readonly lists: PageLists;
  readonly slots: HandleSlots;

  constructor(machine: Machine, name: string) {
    this.machine = machine;
    this.geometry = new ChunkGeometry(machine.pageBytes);
    this.owner = machine.registerOwner(`z3fold ${name}`);
    this.lists = new PageLists(machine.cpus.count * this.geometry.usableChunks);
    this.slots = new HandleSlots(machine);
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
    this.pages.setChunks(page, Buddy.headless, CHUNKS_PER_PAGE);
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

  /** Takes the page off its list that has the least room that is enough, among equals the one put there last: from the lists
   * of `cpu`, else from any CPU's list of exactly this number of chunks. NO_PAGE if there is none. */
  takePageWithRoom(chunks: number, cpu: number): number {
    const { usableChunks } = this.geometry;
    let page = this.lists.takeFirst(cpu * usableChunks + chunks, (cpu + 1) * usableChunks - 1);
    for (let other = 0; page === NO_PAGE && other < this.machine.cpus.count; other++) {
      page = this.lists.takeFirst(other * usableChunks + chunks, other * usableChunks + chunks);
    }
    if (page !== NO_PAGE) this.pages.setCpu(page, NO_CPU);
    return page;
  }

  /** Which place of a page with room an object of this length takes. */
  chooseBuddy(page: number, chunks: number): Buddy {
    const firstIsFree = this.pages.chunksOf(page, Buddy.first) === 0;
    if (this.pages.chunksOf(page, Buddy.middle) !== 0) {
      const fitsFirst = chunks <= this.pages.startMiddleOf(page) - this.geometry.headerChunks;
      return firstIsFree && fitsFirst ? Buddy.first : Buddy.last;
    }
    if (firstIsFree) return Buddy.first;
    return this.pages.chunksOf(page, Buddy.last) === 0 ? Buddy.last : Buddy.middle;
  }

  /** Enters an object into a place; a middle one directly behind the first. */
  occupy(page: number, buddy: Buddy, chunks: number): void {
    this.pages.setChunks(page, buddy, chunks);
    if (buddy !== Buddy.middle) return;
    this.pages.setStartMiddle(page, this.pages.chunksOf(page, Buddy.first) + this.geometry.headerChunks);
  }

  /** Notes in the cell of a handle that its object is now this buddy of this page. */
  bindHandle(handle: number, page: number, buddy: Buddy): void {
    const turned = (buddy + this.pages.firstNumOf(page)) & 3;
    const length = buddy === Buddy.last ? this.pages.chunksOf(page, buddy) << 2 : 0;
    this.slots.set(handle, this.pages.pfnOf(page), length | turned);
    this.pages.setHandle(page, buddy, handle);
  }

  /** The buddy that the cell of a handle names in its page. */
  buddyOf(handle: number, page: number): Buddy {
    return ((this.slots.placeAt(handle) - this.pages.firstNumOf(page)) & 3) as Buddy;
  }

  /** Puts a page at the head of the list of its free chunks on `cpu`; a page with three objects on none. */
  enlist(page: number, cpu: number): void {
    if (this.objectCountOf(page) === 3) return;
    this.lists.insertAtHead(cpu * this.geometry.usableChunks + this.freeChunksOf(page), page);
    this.pages.setCpu(page, cpu);
  }

  /** Takes a page off its list, if it is on one. */
  delist(page: number): void {
    this.lists.remove(page);
    this.pages.setCpu(page, NO_CPU);
  }

  /** Objects of a page with header. */
  objectCountOf(page: number): number {
    const first = this.pages.chunksOf(page, Buddy.first) === 0 ? 0 : 1;
    const middle = this.pages.chunksOf(page, Buddy.middle) === 0 ? 0 : 1;
    const last = this.pages.chunksOf(page, Buddy.last) === 0 ? 0 : 1;
    return first + middle + last;
  }

  /** Length of the longest object that the page still takes, in chunks. With a middle object that is the larger of the two
   * gaps that have no object. */
  freeChunksOf(page: number): number {
    const first = this.pages.chunksOf(page, Buddy.first);
    const middle = this.pages.chunksOf(page, Buddy.middle);
    const last = this.pages.chunksOf(page, Buddy.last);
    if (middle === 0) return this.geometry.usableChunks - first - last;
    const startMiddle = this.pages.startMiddleOf(page);
    const before = first === 0 ? startMiddle - this.geometry.headerChunks : 0;
    const behind = last === 0 ? CHUNKS_PER_PAGE - (startMiddle + middle) : 0;
    return Math.max(before, behind);
  }

  /** Offset of a buddy's data in its page, in bytes. */
  offsetOf(page: number, buddy: Buddy): number {
    const { chunkBytes, headerChunks } = this.geometry;
    if (buddy === Buddy.headless) return 0;
    if (buddy === Buddy.first) return headerChunks * chunkBytes;
    if (buddy === Buddy.middle) return this.pages.startMiddleOf(page) * chunkBytes;
    return (CHUNKS_PER_PAGE - this.pages.chunksOf(page, Buddy.last)) * chunkBytes;
  }

  #enter(pfn: Pfn, slotBlock: number): number {
    const page = this.pages.add(pfn, slotBlock);
    this.lists.admit(page);
    this.machine.pages.setPrivate(pfn, page);
    return page;
  }
}
