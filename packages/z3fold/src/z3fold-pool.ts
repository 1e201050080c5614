// z3fold: up to three objects a page, one from each end and one between. The allocator of Linux 6.12, mm/z3fold.c, by
// its behaviour: pages with room wait on lists by the length of the longest object that they still take; a request takes
// the page with the least room that is enough. After every free the page is compacted (page-compaction.ts), so objects move,
// and a handle names a cell that knows where its object is (handle-slots.ts).
//
// The name promises more than it holds: three objects a page is the best case; pages with two are the rule.

import { EINVAL, ENOMEM, ENOSPC, type Errno, type Machine, __GFP_HIGHMEM } from "@zlab/hw-sim";
import {
  assertCopyRange,
  badHandle,
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  type MapMode,
  type Mapping,
  NO_PAGE,
  type PoolStats,
  type ZpoolBackend,
  ZPoolError,
} from "@zlab/zpool";
import { checkZ3foldPool } from "./check.ts";
import { Buddy, CHUNKS_PER_PAGE } from "./chunks.ts";
import { PageCompaction } from "./page-compaction.ts";
import { chunksIn, objectsIn, withChunks } from "./page-layout.ts";
import { PageStore } from "./page-store.ts";

/** Added to the page address in the handle of a headless object: such handles are odd, those of cells are even. */
const HEADLESS_BIT = 1;

/** Where an object lies, in the numbers of the traces. */
export interface Z3foldPlacement {
  /** Number of the page in the order of creation, from 0. */
  readonly pageSeq: number;
  readonly buddy: Buddy;
  /** Offset of the data in the page. */
  readonly byteOffset: number;
}

/** A page on a list: its number in the order of creation, and lengths and place in chunks. */
export type Z3foldListedPage = [
  pageSeq: number,
  firstChunks: number,
  middleChunks: number,
  lastChunks: number,
  startMiddle: number,
];

/** The totals of a checkpoint line of the traces, under their names there. */
export interface Z3foldTotals {
  readonly totalPages: number;
  readonly pagesEverAllocated: number;
  /** Chunks of a page header. */
  readonly ZHDR_CHUNKS: number;
  /** Chunks of a page for objects. */
  readonly NCHUNKS: number;
}

/** What z3fold can do on pages of this size. It moves objects, but reaches them without temporary mappings, so it takes no
 * HIGHMEM pages and counts as not movable, as in Linux. */
export function z3foldCapabilities(pageBytes: number): Capabilities {
  return {
    maxBytes: pageBytes,
    movable: false,
    sleepMapped: true,
    compact: false,
    crossPage: false,
    maxPageOrder: 0,
  };
}

export class Z3foldPool implements ZpoolBackend {
  readonly type = "z3fold";
  readonly name: string;
  readonly capabilities: Capabilities;
  /** Called with the handle of every object that a free has moved. */
  onMoved: ((handle: Handle) => void) | undefined;
  readonly #machine: Machine;
  readonly #store: PageStore;
  readonly #mappings: CpuMappings;
  readonly #compaction: PageCompaction;
  readonly #maxBuddyBytes: number;
  readonly #chunkShift: number; // log2 of the bytes of a chunk
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #usedChunks = 0; // of the live objects; a headless one has all chunks of its page
  #destroyed = false;

  /** An empty pool on the pages of `machine`. `name` appears in messages. */
  constructor(machine: Machine, name: string) {
    this.name = name;
    this.capabilities = z3foldCapabilities(machine.pageBytes);
    this.#machine = machine;
    this.#store = new PageStore(machine, name);
    this.#mappings = new CpuMappings(machine, `z3fold ${name}`);
    this.#compaction = new PageCompaction(this.#store, this.#mappings, (handle) => this.onMoved?.(handle as Handle));
    this.#maxBuddyBytes = this.#store.geometry.maxBuddyBytes;
    this.#chunkShift = Math.log2(this.#store.geometry.chunkBytes);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    const isUsual = bytes > 0 && bytes <= this.#maxBuddyBytes && (bytes | 0) === bytes;
    if (!isUsual || (gfp & __GFP_HIGHMEM) !== 0) return this.#mallocUnusual(bytes, gfp);
    const store = this.#store;
    const chunks = ((bytes - 1) >> this.#chunkShift) + 1;
    const cpu = this.#machine.cpus.current;
    let page = store.findPageWithRoom(chunks, cpu);
    if (page === NO_PAGE) {
      page = this.#newPage(gfp);
      if (page === NO_PAGE) return this.#refuse(ENOMEM);
    }
    const buddy = store.occupy(page, chunks);
    const handle = store.handleFor(page, buddy);
    store.bindHandle(handle, page, buddy);
    store.enlist(page, cpu);
    this.#usedChunks += chunks;
    this.#mallocs++;
    return handle as Handle;
  }

  free(handle: Handle): void {
    const object = this.#store.slots.objectAt(handle);
    if (object === 0 || this.#mappings.open > 0) {
      this.#freeUnusual(handle);
      return;
    }
    this.#remove(handle, object >> 2, object & 3);
  }

  /** The mapping is the place itself, whatever the mode; its length is the object's whole chunks. */
  map(handle: Handle, mode: MapMode): Mapping {
    const object = this.#locate(handle, "map");
    const mapping = this.#mappings.available();
    const page = object >> 2;
    const pfn = this.#store.pages.pfnOf(page);
    mapping.bytes = this.#machine.memory.chunkOf(pfn);
    mapping.offset = this.#machine.memory.offsetOf(pfn) + this.#offsetOf(object);
    mapping.length = this.#slotBytesOf(object);
    this.#mappings.begin(mapping, handle, mode);
    return mapping;
  }

  unmap(handle: Handle): void {
    this.#mappings.end(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const object = this.#locate(handle, "read");
    assertCopyRange(this.name, this.#slotBytesOf(object), target, targetOffset, length);
    const pfn = this.#store.pages.pfnOf(object >> 2);
    this.#machine.memory.copyOut(pfn, this.#offsetOf(object), target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const object = this.#locate(handle, "write");
    assertCopyRange(this.name, this.#slotBytesOf(object), source, sourceOffset, length);
    const pfn = this.#store.pages.pfnOf(object >> 2);
    this.#machine.memory.copyIn(pfn, this.#offsetOf(object), source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  totalPages(): number {
    return this.#store.pages.livePages;
  }

  stats(): PoolStats {
    return {
      totalPages: this.totalPages(),
      objects: this.#mallocs - this.#frees,
      slotBytes: this.#usedChunks * this.#store.geometry.chunkBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: this.#compaction.pagesReleased,
      objectsMoved: this.#compaction.objectsMoved,
    };
  }

  check(level: CheckLevel): void {
    checkZ3foldPool(this.name, this.#store, this.stats(), level);
  }

  /** Gives all pages back. A second call, and malloc after it, throw ZLAB_DESTROYED. */
  destroy(): number {
    this.#assertNotDestroyed("destroy");
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#mallocs - this.#frees;
    const { pages, slots } = this.#store;
    for (let page = 0; page < pages.endPage; page++) {
      if (!pages.isLive(page)) continue;
      for (let buddy = Buddy.first; buddy <= Buddy.last; buddy++) {
        if (pages.chunksOf(page, buddy) !== 0) slots.clearForeign(pages.handleOf(page, buddy));
      }
      this.#releaseListedPage(page);
    }
    this.#frees += leftovers;
    this.#usedChunks = 0;
    this.#destroyed = true;
    return leftovers;
  }

  /** Where an object lies. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): Z3foldPlacement {
    const object = this.#locate(handle, "placementOf");
    const buddy = (object & 3) as Buddy;
    return { pageSeq: this.#store.pages.seqOf(object >> 2), buddy, byteOffset: this.#offsetOf(object) };
  }

  /** The lists of pages with room that are not empty, of one CPU, by ascending free chunks, head first. List 0, of pages
   * without room for anything, exists but is never searched. */
  unbuddiedLists(cpu: number = this.#machine.cpus.current): [freeChunks: number, pages: Z3foldListedPage[]][] {
    const { lists, geometry } = this.#store;
    const rows: [number, Z3foldListedPage[]][] = [];
    for (let freeChunks = 0; freeChunks < geometry.usableChunks; freeChunks++) {
      const listed = lists.pagesOf(cpu * geometry.usableChunks + freeChunks).map((page) => this.#listedPage(page));
      if (listed.length > 0) rows.push([freeChunks, listed]);
    }
    return rows;
  }

  totals(): Z3foldTotals {
    const { pages, geometry } = this.#store;
    return {
      totalPages: pages.livePages,
      pagesEverAllocated: pages.pagesEver,
      ZHDR_CHUNKS: geometry.headerChunks,
      NCHUNKS: geometry.usableChunks,
    };
  }

  /** malloc of what is refused, of whole pages, and of a size that is not a whole number of bytes. */
  #mallocUnusual(bytes: number, gfp: number): Handle | Errno {
    if (!(bytes > 0) || (gfp & __GFP_HIGHMEM) !== 0) return this.#refuse(EINVAL);
    const wholeBytes = Math.ceil(bytes);
    if (wholeBytes > this.capabilities.maxBytes) return this.#refuse(ENOSPC);
    return wholeBytes > this.#maxBuddyBytes ? this.#mallocHeadless(gfp) : this.malloc(wholeBytes, gfp);
  }

  #mallocHeadless(gfp: number): Handle | Errno {
    this.#assertNotDestroyed("malloc");
    const { pages, geometry } = this.#store;
    const page = this.#store.newHeadlessPage(gfp);
    if (page === NO_PAGE) return this.#refuse(ENOMEM);
    this.#usedChunks += CHUNKS_PER_PAGE;
    this.#mallocs++;
    return (pages.pfnOf(page) * geometry.pageBytes + HEADLESS_BIT) as Handle;
  }

  #newPage(gfp: number): number {
    this.#assertNotDestroyed("malloc");
    return this.#store.newPage(gfp);
  }

  /** free of a headless object, while something is mapped, and of what is no handle. */
  #freeUnusual(handle: Handle): void {
    const object = this.#locate(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
    const page = object >> 2;
    if ((object & 3) !== Buddy.headless) {
      this.#remove(handle, page, object & 3);
      return;
    }
    this.#frees++;
    this.#usedChunks -= CHUNKS_PER_PAGE;
    this.#store.releasePage(page);
  }

  /** Takes an object out of a page with header. The page goes with its last object; otherwise it is compacted. */
  #remove(handle: number, page: number, buddy: number): void {
    const { pages, slots } = this.#store;
    const before = pages.layoutOf(page);
    const layout = withChunks(before, buddy, 0);
    pages.setLayout(page, layout);
    if (slots.blockOf(handle) === pages.slotBlockOf(page)) slots.clear(handle);
    else this.#clearForeign(handle, page);
    this.#frees++;
    this.#usedChunks -= chunksIn(before, buddy);
    const objects = objectsIn(layout);
    if (objects > 0) this.#compaction.run(page, objects);
    else this.#releaseListedPage(page);
  }

  #clearForeign(handle: number, page: number): void {
    const { pages, slots } = this.#store;
    pages.setForeign(page, pages.foreignOf(page) - 1);
    slots.clearForeign(handle);
  }

  #releaseListedPage(page: number): void {
    this.#store.delist(page);
    this.#store.releasePage(page);
  }

  /** The object behind a handle, as page * 4 + buddy. Throws ZLAB_BAD_HANDLE unless the handle is the address of a cell of
   * this pool that is in use, or that of a headless page of this pool. */
  #locate(handle: Handle, operation: string): number {
    const { pages, slots, geometry } = this.#store;
    const object = slots.objectAt(handle);
    if (object !== 0) return object;
    const page = this.#store.pageAt((handle - HEADLESS_BIT) / geometry.pageBytes);
    if (page !== NO_PAGE && pages.isHeadless(page)) return page * 4 + Buddy.headless;
    throw badHandle(this.name, operation, handle);
  }

  #offsetOf(object: number): number {
    return this.#store.offsetOf(object >> 2, (object & 3) as Buddy);
  }

  #slotBytesOf(object: number): number {
    return this.#store.pages.chunksOf(object >> 2, object & 3) * this.#store.geometry.chunkBytes;
  }

  #listedPage(page: number): Z3foldListedPage {
    const { pages } = this.#store;
    const [first, middle, last] = [Buddy.first, Buddy.middle, Buddy.last].map((buddy) => pages.chunksOf(page, buddy));
    return [pages.seqOf(page), first!, middle!, last!, pages.startMiddleOf(page)];
  }

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  #assertNotDestroyed(operation: string): void {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: ${operation} of a destroyed pool`);
  }
}
