// zbud: at most two objects a page, one from each end. The allocator of Linux 6.12, mm/zbud.c, by its behaviour: pages
// with one object wait on lists by their free chunks; a request takes the page with the least room that is enough, among
// equals the one that was put there last. Nothing ever moves, so a handle is simply the address of the data.
//
// The name misleads twice: it has nothing to do with the buddy system of power-of-two blocks, and two objects being
// "buddies" says only that they share a page.

import { EINVAL, ENOMEM, ENOSPC, type Errno, type Machine, type Pfn, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
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
  PageLists,
  type PoolStats,
  type ZpoolBackend,
  ZPoolError,
} from "@zlab/zpool";
import { checkZbudPool } from "./check.ts";
import { Buddy, CHUNKS_PER_PAGE, HEADER_CHUNKS, USABLE_CHUNKS, chunkBytesOf, maxObjectBytesOf } from "./chunks.ts";
import { ZbudPageTable, chunksIn, withChunks } from "./page-table.ts";

/** The list of pages with two objects. Lists 1 to LAST_UNBUDDIED are the pages with one, by their free chunks. (The
 * kernel, too, lets the buddied list lie over the never searched list of 0 free chunks.) */
const BUDDIED = 0;
const LAST_UNBUDDIED: number = USABLE_CHUNKS - 1;

/** Where an object lies, in the numbers of the traces. */
export interface ZbudPlacement {
  /** Number of the page in the order of creation, from 0. */
  readonly pageSeq: number;
  readonly buddy: Buddy;
  /** Offset of the data in the page. */
  readonly byteOffset: number;
}

/** The totals of a checkpoint line of the traces. */
export interface ZbudTotals {
  readonly totalPages: number;
  /** Pages with two objects. */
  readonly buddied: number;
  /** Pages with one object. */
  readonly unbuddied: number;
  readonly pagesEverAllocated: number;
}

/** What zbud can do on pages of this size. */
export function zbudCapabilities(pageBytes: number): Capabilities {
  return {
    maxBytes: maxObjectBytesOf(pageBytes),
    movable: false,
    sleepMapped: true,
    compact: false,
    crossPage: false,
    maxPageOrder: 0,
  };
}

export class ZbudPool implements ZpoolBackend {
  readonly type = "zbud";
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #machine: Machine;
  readonly #owner: number; // marks our pages in the machine's page descriptors
  readonly #pageBytes: number;
  readonly #pagesPerByte: number; // a power of two: a product with it is an exact quotient
  readonly #firstOffset: number; // of the first buddy's data
  readonly #chunkBytes: number;
  readonly #maxBytes: number;
  readonly #mappings: CpuMappings;
  readonly #pages: ZbudPageTable = new ZbudPageTable();
  readonly #lists: PageLists = new PageLists(LAST_UNBUDDIED + 1);
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #usedChunks = 0; // of the live objects
  #destroyed = false;

  /** An empty pool on the pages of `machine`. `name` appears in messages. */
  constructor(machine: Machine, name: string) {
    this.name = name;
    this.capabilities = zbudCapabilities(machine.pageBytes);
    this.#machine = machine;
    this.#owner = machine.registerOwner(`zbud ${name}`);
    this.#pageBytes = machine.pageBytes;
    this.#pagesPerByte = 1 / machine.pageBytes;
    this.#chunkBytes = chunkBytesOf(machine.pageBytes);
    this.#firstOffset = HEADER_CHUNKS * this.#chunkBytes;
    this.#maxBytes = this.capabilities.maxBytes;
    this.#mappings = new CpuMappings(machine, `zbud ${name}`);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (!(bytes > 0 && bytes <= this.#maxBytes) || (gfp & __GFP_HIGHMEM) !== 0) return this.#refuseRequest(bytes, gfp);
    const chunks = Math.ceil(bytes / this.#chunkBytes);
    let page = this.#lists.first(chunks, LAST_UNBUDDIED);
    if (page === NO_PAGE) {
      page = this.#newPage(gfp);
      if (page === NO_PAGE) return this.#refuse(ENOMEM);
    }
    const before = this.#pages.lengthsOf(page);
    const buddy = chunksIn(before, Buddy.first) === 0 ? Buddy.first : Buddy.last;
    const lengths = withChunks(before, buddy, chunks);
    this.#pages.setLengths(page, lengths);
    this.#lists.moveToHead(listFor(lengths), page);
    this.#mallocs++;
    this.#usedChunks += chunks;
    const offset = buddy === Buddy.first ? this.#firstOffset : this.#pageBytes - chunks * this.#chunkBytes;
    return (this.#pages.pfnOf(page) * this.#pageBytes + offset) as Handle; // addresses outgrow 32 bits: a product, not a shift
  }

  free(handle: Handle): void {
    const object = this.#locate(handle, "free");
    if (this.#mappings.open > 0) this.#mappings.assertNotMapped(handle, "free");
    const page = object >> 1;
    const buddy = object & 1;
    const before = this.#pages.lengthsOf(page);
    const lengths = withChunks(before, buddy, 0);
    this.#frees++;
    this.#usedChunks -= chunksIn(before, buddy);
    this.#pages.setLengths(page, lengths);
    if (lengths !== 0) this.#lists.moveToHead(listFor(lengths), page);
    else this.#releasePage(page);
  }

  /** The mapping is the place itself, whatever the mode; its length is the object's whole chunks. */
  map(handle: Handle, mode: MapMode): Mapping {
    const object = this.#locate(handle, "map");
    const mapping = this.#mappings.available();
    const page = object >> 1;
    const pfn = this.#pages.pfnOf(page);
    mapping.bytes = this.#machine.memory.chunkOf(pfn);
    mapping.offset = this.#machine.memory.offsetOf(pfn) + this.#offsetOf(page, object & 1);
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
    const page = object >> 1;
    const offset = this.#offsetOf(page, object & 1);
    this.#machine.memory.copyOut(this.#pages.pfnOf(page), offset, target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const object = this.#locate(handle, "write");
    assertCopyRange(this.name, this.#slotBytesOf(object), source, sourceOffset, length);
    const page = object >> 1;
    const offset = this.#offsetOf(page, object & 1);
    this.#machine.memory.copyIn(this.#pages.pfnOf(page), offset, source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  totalPages(): number {
    return this.#pages.livePages;
  }

  stats(): PoolStats {
    return {
      totalPages: this.#pages.livePages,
      objects: this.#mallocs - this.#frees,
      slotBytes: this.#usedChunks * this.#chunkBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: 0,
      objectsMoved: 0,
    };
  }

  check(level: CheckLevel): void {
    const { name } = this;
    const state = { name, machine: this.#machine, owner: this.#owner, pages: this.#pages, lists: this.#lists };
    checkZbudPool(state, this.stats(), level);
  }

  /** Gives all pages back. A second call, and malloc after it, throw ZLAB_DESTROYED. */
  destroy(): number {
    this.#assertNotDestroyed("destroy");
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#mallocs - this.#frees;
    for (let page = 0; page < this.#pages.endPage; page++) {
      if (!this.#pages.isLive(page)) continue;
      this.#releasePage(page);
    }
    this.#frees += leftovers;
    this.#usedChunks = 0;
    this.#destroyed = true;
    return leftovers;
  }

  /** Where an object lies. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): ZbudPlacement {
    const object = this.#locate(handle, "placementOf");
    const page = object >> 1;
    const buddy = (object & 1) as Buddy;
    return { pageSeq: this.#pages.seqOf(page), buddy, byteOffset: this.#offsetOf(page, buddy) };
  }

  /** The lists of pages with one object that are not empty, by ascending free chunks: [free chunks, page numbers in the
   * order of creation, head first]. */
  unbuddiedLists(): [freeChunks: number, pageSeqs: number[]][] {
    const rows: [number, number[]][] = [];
    for (let freeChunks = 1; freeChunks <= LAST_UNBUDDIED; freeChunks++) {
      const pageSeqs = this.#lists.pagesOf(freeChunks).map((page) => this.#pages.seqOf(page));
      if (pageSeqs.length > 0) rows.push([freeChunks, pageSeqs]);
    }
    return rows;
  }

  totals(): ZbudTotals {
    const totalPages = this.#pages.livePages;
    const buddied = this.#lists.pagesOf(BUDDIED).length;
    return { totalPages, buddied, unbuddied: totalPages - buddied, pagesEverAllocated: this.#pages.pagesEver };
  }

  #newPage(gfp: number): number {
    this.#assertNotDestroyed("malloc");
    const pfn = this.#machine.allocPages(0, gfp, this.#owner);
    if (isErrno(pfn)) return NO_PAGE;
    const page = this.#pages.add(pfn);
    this.#lists.admit(page);
    this.#machine.pages.setPrivate(pfn, page);
    return page;
  }

  #releasePage(page: number): void {
    this.#lists.remove(page);
    this.#machine.freePages(this.#pages.pfnOf(page), 0);
    this.#pages.remove(page);
  }

  /** Offset of a buddy's data in its page, in bytes. */
  #offsetOf(page: number, buddy: number): number {
    if (buddy === Buddy.first) return this.#firstOffset;
    return (CHUNKS_PER_PAGE - this.#pages.chunksOf(page, Buddy.last)) * this.#chunkBytes;
  }

  /** The object behind a handle, as page * 2 + buddy. Throws ZLAB_BAD_HANDLE unless the page is ours and a live object
   * begins at exactly this address. */
  #locate(handle: Handle, operation: string): number {
    const pfn = (handle * this.#pagesPerByte) | 0; // whatever the number is: the offset is looked at exactly
    if (pfn > 0 && pfn < this.#machine.endPfn && this.#machine.pages.ownerOf(pfn) === this.#owner) {
      const page = this.#machine.pages.privateOf(pfn as Pfn);
      const offset = handle - pfn * this.#pageBytes;
      const buddy = offset === this.#firstOffset ? Buddy.first : Buddy.last;
      const chunks = this.#pages.chunksOf(page, buddy);
      const start = buddy === Buddy.first ? this.#firstOffset : this.#pageBytes - chunks * this.#chunkBytes;
      if (chunks !== 0 && offset === start) return page * 2 + buddy;
    }
    throw badHandle(this.name, operation, handle);
  }

  #slotBytesOf(object: number): number {
    return this.#pages.chunksOf(object >> 1, object & 1) * this.#chunkBytes;
  }

  #refuseRequest(bytes: number, gfp: number): Errno {
    return this.#refuse(bytes > this.#maxBytes && (gfp & __GFP_HIGHMEM) === 0 ? ENOSPC : EINVAL);
  }

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  #assertNotDestroyed(operation: string): void {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: ${operation} of a destroyed pool`);
  }
}

/** The list of a page with objects of these lengths. */
function listFor(lengths: number): number {
  const first = chunksIn(lengths, Buddy.first);
  const last = chunksIn(lengths, Buddy.last);
  return first !== 0 && last !== 0 ? BUDDIED : USABLE_CHUNKS - first - last;
}
