// xvmalloc, the allocator of the first compressed swap devices (Linux 2.6.33, replaced by zsmalloc in 2012), by its behaviour:
// a page is divided into blocks of any size; free blocks are on lists by their size, and a request takes the head of the
// first list whose blocks are surely large enough, cutting off what is left over. Neighbours that become free merge, and an
// empty page goes back at once. No object crosses a page: that is why it wastes what is left beside objects of more than
// half a page, and why zsmalloc was written.

import {
  EINVAL,
  ENOMEM,
  ENOSPC,
  type Errno,
  type Machine,
  type Pfn,
  __GFP_HIGHMEM,
  __GFP_MOVABLE,
  isErrno,
} from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  type MapMode,
  type Mapping,
  type PoolStats,
  ZPoolError,
  type ZpoolBackend,
  assertCopyRange,
  badHandle,
} from "@zlab/zpool";
import { checkXvmallocPool } from "./check.ts";
import { FreeLists, NO_BLOCK, NO_LIST } from "./free-lists.ts";
import { PageBlocks } from "./page-blocks.ts";
import {
  HEADER_BYTES,
  MIN_LISTED_BYTES,
  freeListOf,
  listCountOf,
  maxObjectBytesOf,
  payloadFor,
  requestListOf,
  wholePageBytesOf,
} from "./sizes.ts";

/** Where an object lies. */
export interface XvmallocPlacement {
  /** Number of the page in the order of creation, from 0. */
  readonly pageSeq: number;
  /** Offset of the data in the page; the block's header is before it. */
  readonly byteOffset: number;
}

/** A block as its header tells of it. */
export interface XvmallocBlock {
  /** Offset of the header in the page. */
  readonly headerOffset: number;
  /** Bytes that a used block was asked for, not rounded; the payload of a free one. */
  readonly bytes: number;
  readonly free: boolean;
  readonly previousFree: boolean;
}

/** What xvmalloc can do on pages of this size. */
export function xvmallocCapabilities(pageBytes: number): Capabilities {
  return {
    maxBytes: maxObjectBytesOf(pageBytes),
    movable: false,
    sleepMapped: true,
    compact: false,
    crossPage: false,
    maxPageOrder: 0,
    looseFit: true,
  };
}

export class XvmallocPool implements ZpoolBackend {
  readonly type = "xvmalloc";
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #machine: Machine;
  readonly #owner: number; // marks our pages in the machine's page descriptors
  readonly #pageBytes: number;
  readonly #pagesPerByte: number; // a power of two: a product with it is an exact quotient
  readonly #maxBytes: number;
  readonly #mappings: CpuMappings;
  readonly #blocks: PageBlocks;
  readonly #lists: FreeLists;
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #slotBytes = 0; // of the live objects' blocks
  #destroyed = false;

  /** An empty pool on the pages of `machine`. `name` appears in messages. */
  constructor(machine: Machine, name: string) {
    this.name = name;
    this.capabilities = xvmallocCapabilities(machine.pageBytes);
    this.#machine = machine;
    this.#owner = machine.registerOwner(`xvmalloc ${name}`);
    this.#pageBytes = machine.pageBytes;
    this.#pagesPerByte = 1 / machine.pageBytes;
    this.#maxBytes = this.capabilities.maxBytes;
    this.#mappings = new CpuMappings(machine, `xvmalloc ${name}`);
    this.#blocks = new PageBlocks(machine.pageBytes);
    this.#lists = new FreeLists(listCountOf(machine.pageBytes));
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    const isUsual = bytes > 0 && bytes <= this.#maxBytes && (gfp & __GFP_HIGHMEM) === 0;
    return isUsual ? this.#place(bytes, gfp) : this.#refuseRequest(bytes, gfp);
  }

  /** `xv_malloc` with its historical results: 0 bytes and more than a page less 4 are ENOMEM; and the last 4 sizes below
   * that (4089 to 4092) are ENOMEM too, but only after the pool has grown by a page, which then stays, empty. The pages come
   * from low memory here, whatever `gfp` allows. */
  xvMalloc(bytes: number, gfp: number): Handle | Errno {
    const isTried = bytes > 0 && bytes <= wholePageBytesOf(this.#pageBytes);
    return isTried ? this.#place(bytes, gfp) : this.#refuse(ENOMEM);
  }

  free(handle: Handle): void {
    const blocks = this.#blocks;
    let block = this.#locate(handle, "free");
    if (this.#mappings.open > 0) this.#mappings.assertNotMapped(handle, "free");
    const payloadBytes = blocks.payloadOf(block);
    this.#frees++;
    this.#slotBytes -= HEADER_BYTES + payloadBytes;
    blocks.setFree(block, payloadBytes);
    const next = blocks.freeNextOf(block);
    if (next !== NO_BLOCK) {
      this.#unlist(next);
      blocks.mergeWithNext(block);
    }
    const previous = blocks.freePreviousOf(block);
    if (previous !== NO_BLOCK) {
      this.#unlist(previous);
      blocks.mergeWithNext(previous);
      block = previous;
    }
    if (blocks.isWholePage(block)) this.#releasePage(blocks.pageOf(block));
    else this.#enlist(block);
  }

  /** The mapping is the place itself, whatever the mode; its length is the size rounded up to 4. */
  map(handle: Handle, mode: MapMode): Mapping {
    const block = this.#locate(handle, "map");
    const mapping = this.#mappings.available();
    const pfn = this.#pfnOf(block);
    mapping.bytes = this.#machine.memory.chunkOf(pfn);
    mapping.offset = this.#machine.memory.offsetOf(pfn) + this.#offsetOf(block);
    mapping.length = this.#blocks.payloadOf(block);
    this.#mappings.begin(mapping, handle, mode);
    return mapping;
  }

  unmap(handle: Handle): void {
    this.#mappings.end(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const block = this.#locate(handle, "read");
    assertCopyRange(this.name, this.#blocks.payloadOf(block), target, targetOffset, length);
    this.#machine.memory.copyOut(this.#pfnOf(block), this.#offsetOf(block), target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const block = this.#locate(handle, "write");
    assertCopyRange(this.name, this.#blocks.payloadOf(block), source, sourceOffset, length);
    this.#machine.memory.copyIn(this.#pfnOf(block), this.#offsetOf(block), source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  totalPages(): number {
    return this.#blocks.pages.livePages;
  }

  stats(): PoolStats {
    return {
      totalPages: this.#blocks.pages.livePages,
      objects: this.#mallocs - this.#frees,
      slotBytes: this.#slotBytes,
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
    const state = { name, machine: this.#machine, owner: this.#owner, blocks: this.#blocks, lists: this.#lists };
    checkXvmallocPool(state, this.stats(), level);
  }

  /** Gives all pages back. A second call, and malloc after it, throw ZLAB_DESTROYED. */
  destroy(): number {
    this.#assertNotDestroyed("destroy");
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#mallocs - this.#frees;
    const { pages } = this.#blocks;
    for (let page = 0; page < pages.endPage; page++) {
      if (!pages.isLive(page)) continue;
      for (const block of this.#blocks.blocksOf(page)) if (this.#blocks.isFree(block)) this.#unlist(block);
      this.#releasePage(page);
    }
    this.#frees += leftovers;
    this.#slotBytes = 0;
    this.#destroyed = true;
    return leftovers;
  }

  /** Where an object lies. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): XvmallocPlacement {
    const block = this.#locate(handle, "placementOf");
    return { pageSeq: this.#pageSeqOf(block), byteOffset: this.#offsetOf(block) };
  }

  /** The pages in the order of creation: [number of the page in it, its blocks by ascending offset]. */
  pageBlocks(): [pageSeq: number, blocks: XvmallocBlock[]][] {
    const { pages } = this.#blocks;
    const live = Array.from({ length: pages.endPage }, (_, page) => page).filter((page) => pages.isLive(page));
    const rows = live.map((page): [number, XvmallocBlock[]] => [
      pages.seqOf(page),
      this.#blocks.blocksOf(page).map((block) => this.#describe(block)),
    ]);
    return rows.toSorted(([seq], [otherSeq]) => seq - otherSeq);
  }

  /** The free lists that are not empty: [index of the list, its blocks, head first, as [page number, header offset]]. */
  freeLists(): [list: number, blocks: [pageSeq: number, headerOffset: number][]][] {
    const rows: [number, [number, number][]][] = [];
    for (let list = this.#lists.firstFilled(0); list !== NO_LIST; list = this.#lists.firstFilled(list + 1)) {
      const blocks = this.#lists.blocksOf(list);
      rows.push([list, blocks.map((block) => [this.#pageSeqOf(block), this.#blocks.offsetOf(block)])]);
    }
    return rows;
  }

  /** Takes the head of the first list whose blocks are all large enough, and cuts off what is left over. */
  #place(bytes: number, gfp: number): Handle | Errno {
    const blocks = this.#blocks;
    const lists = this.#lists;
    const wholeBytes = (bytes | 0) === bytes ? bytes : Math.ceil(bytes);
    const firstList = requestListOf(wholeBytes);
    let list = lists.firstFilled(firstList);
    if (list === NO_LIST) {
      if (this.#growPool(gfp)) list = lists.firstFilled(firstList);
      if (list === NO_LIST) return this.#refuse(ENOMEM);
    }
    const block = lists.pop(list);
    const payloadBytes = payloadFor(wholeBytes);
    if (blocks.payloadOf(block) > payloadBytes) this.#enlist(blocks.split(block, payloadBytes));
    blocks.setUsed(block, wholeBytes);
    this.#mallocs++;
    this.#slotBytes += HEADER_BYTES + payloadBytes;
    return (this.#pfnOf(block) * this.#pageBytes + this.#offsetOf(block)) as Handle;
  }

  /** Puts a free block at the head of the list for its size; one below 32 bytes is on none, until it merges. */
  #enlist(block: number): void {
    const payloadBytes = this.#blocks.payloadOf(block);
    if (payloadBytes >= MIN_LISTED_BYTES) this.#lists.push(freeListOf(payloadBytes), block);
  }

  #unlist(block: number): void {
    const payloadBytes = this.#blocks.payloadOf(block);
    if (payloadBytes >= MIN_LISTED_BYTES) this.#lists.remove(freeListOf(payloadBytes), block);
  }

  /** Adds a page, one free block. False if there is none. */
  #growPool(gfp: number): boolean {
    this.#assertNotDestroyed("malloc");
    const pfn = this.#machine.allocPages(0, gfp & ~(__GFP_HIGHMEM | __GFP_MOVABLE), this.#owner);
    if (isErrno(pfn)) return false;
    const block = this.#blocks.addPage(pfn);
    this.#machine.pages.setPrivate(pfn, this.#blocks.pageOf(block));
    this.#enlist(block);
    return true;
  }

  #releasePage(page: number): void {
    this.#machine.freePages(this.#blocks.pages.pfnOf(page), 0);
    this.#blocks.removePage(page);
  }

  #pfnOf(block: number): Pfn {
    return this.#blocks.pages.pfnOf(this.#blocks.pageOf(block));
  }

  #pageSeqOf(block: number): number {
    return this.#blocks.pages.seqOf(this.#blocks.pageOf(block));
  }

  /** Offset of the block's data in its page. */
  #offsetOf(block: number): number {
    return this.#blocks.offsetOf(block) + HEADER_BYTES;
  }

  #describe(block: number): XvmallocBlock {
    const previous = this.#blocks.previousOf(block);
    return {
      headerOffset: this.#blocks.offsetOf(block),
      bytes: this.#blocks.bytesOf(block),
      free: this.#blocks.isFree(block),
      previousFree: previous !== NO_BLOCK && this.#blocks.isFree(previous),
    };
  }

  /** The block behind a handle, which is the physical address of the data. Throws ZLAB_BAD_HANDLE unless the page is ours and the
   * data of a used block begin at exactly this address. */
  #locate(handle: Handle, operation: string): number {
    const pfn = (handle * this.#pagesPerByte) | 0; // whatever the number is: the offset is looked at exactly
    if (pfn > 0 && pfn < this.#machine.endPfn && this.#machine.pages.ownerOf(pfn) === this.#owner) {
      const headerOffset = handle - pfn * this.#pageBytes - HEADER_BYTES;
      const page = this.#machine.pages.privateOf(pfn as Pfn);
      const isInside = headerOffset >= 0 && headerOffset < this.#pageBytes;
      const block = isInside ? this.#blocks.blockAt(page, headerOffset) : NO_BLOCK;
      if (block !== NO_BLOCK && !this.#blocks.isFree(block)) return block;
    }
    throw badHandle(this.name, operation, handle);
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
