// The blocks that the pages are divided into. The kernel keeps a header of 4 bytes before each block's payload, in the page:
//
//   bit   0              15 16  17   18             31
//         payload bytes     free |    offset / 4 of the previous block's header
//                            previous free
//
// Here the headers are a table beside the pages, an array per field, indexed by a block number that is used again after the
// block has merged with another; so pools work on machines without bytes, and nothing that is written through a mapping
// can damage them. The bytes of the header stay reserved in the page. "Previous free" is not kept, as one can look.
//
// The blocks of a page are linked in the order of their offsets, and cover it without gaps. A used block knows the size that
// was asked for, not rounded.

import type { Pfn } from "@zlab/hw-sim";
import { NO_BLOCK } from "./free-lists.ts";
import { XvmallocPageTable, sameRegion } from "./page-table.ts";
import { HEADER_BYTES, payloadFor, wholePageBytesOf } from "./sizes.ts";

const FIRST_CAPACITY_BLOCKS = 256;

export class PageBlocks {
  readonly pages: XvmallocPageTable;
  readonly #wholePageBytes: number;
  #page: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS);
  #offset: Uint16Array = new Uint16Array(FIRST_CAPACITY_BLOCKS); // of the header, in the page
  #bytes: Uint16Array = new Uint16Array(FIRST_CAPACITY_BLOCKS); // asked for, or the payload of a free block
  #free: Uint8Array = new Uint8Array(FIRST_CAPACITY_BLOCKS); // 1: free
  #next: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS); // in the page; or in the list of unused entries
  #previous: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS); // in the page
  #firstUnused: number = NO_BLOCK;
  #endBlock = 0; // entries from here up were never used

  constructor(pageBytes: number) {
    this.pages = new XvmallocPageTable(pageBytes);
    this.#wholePageBytes = wholePageBytesOf(pageBytes);
  }

  /** Enters a page and returns its only block, which is free. */
  addPage(pfn: Pfn): number {
    const page = this.pages.add(pfn);
    const block = this.#takeEntry();
    this.#page[block] = page;
    this.#offset[block] = 0;
    this.#next[block] = NO_BLOCK;
    this.#previous[block] = NO_BLOCK;
    this.setFree(block, this.#wholePageBytes);
    this.pages.setFirstBlockNear(page, 0, block);
    return block;
  }

  /** Takes out a page with all of its blocks. */
  removePage(page: number): void {
    let block = this.pages.firstBlockNear(page, 0);
    while (block !== NO_BLOCK) {
      const next = this.#next[block]!;
      this.#dropEntry(block);
      block = next;
    }
    this.pages.remove(page);
  }

  pageOf(block: number): number {
    return this.#page[block]!;
  }

  /** Offset of the block's header in its page. The payload follows. */
  offsetOf(block: number): number {
    return this.#offset[block]!;
  }

  /** Bytes that a used block was asked for; the payload of a free one. */
  bytesOf(block: number): number {
    return this.#bytes[block]!;
  }

  /** Bytes between this header and the next, or the end of the page. */
  payloadOf(block: number): number {
    return payloadFor(this.#bytes[block]!);
  }

  isFree(block: number): boolean {
    return this.#free[block] === 1;
  }

  setFree(block: number, payloadBytes: number): void {
    this.#free[block] = 1;
    this.#bytes[block] = payloadBytes;
  }

  setUsed(block: number, bytes: number): void {
    this.#free[block] = 0;
    this.#bytes[block] = bytes;
  }

  /** The block behind this one in its page, or NO_BLOCK. */
  nextOf(block: number): number {
    return this.#next[block]!;
  }

  /** The block before this one in its page, or NO_BLOCK. */
  previousOf(block: number): number {
    return this.#previous[block]!;
  }

  isWholePage(block: number): boolean {
    return this.payloadOf(block) === this.#wholePageBytes;
  }

  /** The block whose header is at exactly this offset of a page, or NO_BLOCK. */
  blockAt(page: number, offset: number): number {
    let block = this.pages.firstBlockNear(page, offset);
    while (block !== NO_BLOCK && this.#offset[block]! < offset) block = this.#next[block]!;
    return block !== NO_BLOCK && this.#offset[block] === offset ? block : NO_BLOCK;
  }

  /** Shortens a free block to a payload of `payloadBytes` and returns the free block made of the rest, whose payload may be 0.
   * The rest must have room for a header. */
  split(block: number, payloadBytes: number): number {
    const tail = this.#takeEntry();
    const page = this.#page[block]!;
    const offset = this.#offset[block]! + HEADER_BYTES + payloadBytes;
    const after = this.#next[block]!;
    this.#page[tail] = page;
    this.#offset[tail] = offset;
    this.setFree(tail, this.#bytes[block]! - payloadBytes - HEADER_BYTES);
    this.setFree(block, payloadBytes);
    this.#next[block] = tail;
    this.#previous[tail] = block;
    this.#next[tail] = after;
    if (after !== NO_BLOCK) this.#previous[after] = tail;
    if (!sameRegion(this.#offset[block]!, offset)) this.pages.setFirstBlockNear(page, offset, tail);
    return tail;
  }

  /** Makes one free block of this one and the next, which is no block any more. */
  mergeWithNext(block: number): void {
    const gone = this.#next[block]!;
    const after = this.#next[gone]!;
    const page = this.#page[gone]!;
    const offset = this.#offset[gone]!;
    this.setFree(block, this.payloadOf(block) + HEADER_BYTES + this.payloadOf(gone));
    this.#next[block] = after;
    if (after !== NO_BLOCK) this.#previous[after] = block;
    if (this.pages.firstBlockNear(page, offset) === gone) {
      const moved = after !== NO_BLOCK && sameRegion(this.#offset[after]!, offset);
      this.pages.setFirstBlockNear(page, offset, moved ? after : NO_BLOCK);
    }
    this.#dropEntry(gone);
  }

  /** The blocks of a page, by ascending offset. */
  blocksOf(page: number): number[] {
    const blocks: number[] = [];
    for (let block = this.pages.firstBlockNear(page, 0); block !== NO_BLOCK; block = this.#next[block]!) {
      blocks.push(block);
    }
    return blocks;
  }

  #takeEntry(): number {
    const reused = this.#firstUnused;
    if (reused !== NO_BLOCK) {
      this.#firstUnused = this.#next[reused]!;
      return reused;
    }
    if (this.#endBlock === this.#page.length) this.#grow(this.#endBlock * 2);
    return this.#endBlock++;
  }

  #dropEntry(block: number): void {
    this.#next[block] = this.#firstUnused;
    this.#firstUnused = block;
  }

  #grow(capacityBlocks: number): void {
    this.#page = copied(this.#page, new Int32Array(capacityBlocks));
    this.#offset = copied(this.#offset, new Uint16Array(capacityBlocks));
    this.#bytes = copied(this.#bytes, new Uint16Array(capacityBlocks));
    this.#free = copied(this.#free, new Uint8Array(capacityBlocks));
    this.#next = copied(this.#next, new Int32Array(capacityBlocks));
    this.#previous = copied(this.#previous, new Int32Array(capacityBlocks));
  }
}

function copied<T extends Int32Array | Uint16Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
