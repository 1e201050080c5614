// What z3fold does for a page after one of its objects was freed: if a single object is left, find it a place in
// another page and give this one back; otherwise close a large gap beside the middle object. Linux queues this for a worker; here
// it is done at once, on behalf of the CPU on whose list the page was.

import { type CpuMappings, NO_PAGE } from "@zlab/zpool";
import { Buddy, CHUNKS_PER_PAGE } from "./chunks.ts";
import { EMPTY_LAYOUT, withChunks } from "./page-layout.ts";
import type { PageStore } from "./page-store.ts";
import { NO_CPU } from "./page-table.ts";

/** A gap of fewer chunks is not worth a move. */
const BIG_GAP_CHUNKS = 3;

export class PageCompaction {
  readonly #store: PageStore;
  readonly #mappings: CpuMappings;
  readonly #moved: (handle: number) => void;
  /** Pages given back so far because their only object found another place. */
  pagesReleased = 0;
  /** Objects moved so far, to another page or within theirs. */
  objectsMoved = 0;

  /** `moved` is called with the handle of every object moved. */
  constructor(store: PageStore, mappings: CpuMappings, moved: (handle: number) => void) {
    this.#store = store;
    this.#mappings = mappings;
    this.#moved = moved;
  }

  /** Compacts a page that still has so many objects. */
  run(page: number, objects: number): void {
    const { pages } = this.#store;
    const listCpu = pages.cpuOf(page);
    const cpu = listCpu === NO_CPU ? this.#store.machine.cpus.current : listCpu;
    if (objects === 1 && pages.foreignOf(page) === 0 && this.#moveOnlyObject(page, cpu)) return;
    const movedHandle = pages.chunksOf(page, Buddy.middle) === 0 ? 0 : this.#closeGap(page);
    this.#store.enlist(page, cpu);
    if (movedHandle !== 0) this.#report(movedHandle);
  }

  /** Moves the page's only object to another page and releases this one. Not done for a foreign object, so that a block of
   * handle cells without a page has a single cell in use, nor for a mapped one. */
  #moveOnlyObject(page: number, cpu: number): boolean {
    const { pages } = this.#store;
    const buddy = this.#onlyBuddyOf(page);
    if (this.#isMapped(page, buddy)) return false;
    this.#store.delist(page); // lest it be found itself
    const chunks = pages.chunksOf(page, buddy);
    const target = this.#store.findPageWithRoom(chunks, cpu);
    if (target === NO_PAGE) return false;
    const handle = pages.handleOf(page, buddy);
    this.#moveTo(target, page, buddy, chunks);
    this.#store.enlist(target, cpu);
    this.#store.releasePage(page);
    this.pagesReleased++;
    this.#report(handle);
    return true;
  }

  #moveTo(target: number, page: number, buddy: Buddy, chunks: number): void {
    const { pages } = this.#store;
    const targetBuddy = this.#store.occupy(target, chunks);
    this.#copy(target, this.#store.offsetOf(target, targetBuddy), page, this.#store.offsetOf(page, buddy), chunks);
    this.#store.bindHandle(pages.handleOf(page, buddy), target, targetBuddy);
    pages.setForeign(target, pages.foreignOf(target) + 1);
  }

  /** Moves the middle object, which there is, if that leaves one large gap in the place of two. Returns its handle, 0 if it stays. */
  #closeGap(page: number): number {
    const { pages } = this.#store;
    const { headerChunks } = this.#store.geometry;
    const first = pages.chunksOf(page, Buddy.first);
    const middle = pages.chunksOf(page, Buddy.middle);
    const last = pages.chunksOf(page, Buddy.last);
    if (this.#isMapped(page, Buddy.middle)) return 0;
    const handle = pages.handleOf(page, Buddy.middle);
    if (first === 0 && last === 0) {
      this.#middleBecomesFirst(page);
      return handle;
    }
    const start = pages.startMiddleOf(page);
    const packed = last === 0 ? headerChunks + first : CHUNKS_PER_PAGE - last - middle;
    if (Math.abs(start - packed) < BIG_GAP_CHUNKS) return 0;
    this.#moveMiddle(page, packed);
    return handle;
  }

  #moveMiddle(page: number, start: number): void {
    const { pages } = this.#store;
    const from = this.#store.offsetOf(page, Buddy.middle);
    pages.setStartMiddle(page, start);
    this.#copy(page, this.#store.offsetOf(page, Buddy.middle), page, from, pages.chunksOf(page, Buddy.middle));
  }

  /** The object keeps its cell: turning firstNum makes that the one of the first object. */
  #middleBecomesFirst(page: number): void {
    const { pages } = this.#store;
    const chunks = pages.chunksOf(page, Buddy.middle);
    const from = this.#store.offsetOf(page, Buddy.middle);
    this.#copy(page, this.#store.offsetOf(page, Buddy.first), page, from, chunks);
    pages.setLayout(page, withChunks(EMPTY_LAYOUT, Buddy.first, chunks));
    pages.turnFirstNum(page);
    this.#store.bindHandle(pages.handleOf(page, Buddy.middle), page, Buddy.first);
  }

  #onlyBuddyOf(page: number): Buddy {
    const { pages } = this.#store;
    if (pages.chunksOf(page, Buddy.first) !== 0) return Buddy.first;
    return pages.chunksOf(page, Buddy.middle) === 0 ? Buddy.last : Buddy.middle;
  }

  #isMapped(page: number, buddy: Buddy): boolean {
    if (this.#mappings.open === 0) return false;
    const handle = this.#store.pages.handleOf(page, buddy);
    return this.#mappings.some((mapped) => mapped === handle);
  }

  #copy(toPage: number, toOffset: number, fromPage: number, fromOffset: number, chunks: number): void {
    const { machine, pages, geometry } = this.#store;
    const bytes = chunks * geometry.chunkBytes;
    machine.memory.copyWithin(pages.pfnOf(toPage), toOffset, pages.pfnOf(fromPage), fromOffset, bytes);
    machine.cost.copy(bytes);
  }

  #report(handle: number): void {
    this.objectsMoved++;
    this.#moved(handle);
  }
}
