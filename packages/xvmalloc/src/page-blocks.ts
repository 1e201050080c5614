// The blocks that the pages are divided into. The kernel keeps a header of 4 bytes before each block's payload, in the page:
//
//   bit   0              15 16  17   18             31
//         payload bytes     free |    offset / 4 of the previous block's header
//                            previous free
//
// Here the headers are a table beside the pages, indexed by a block number that is used again after the block has merged with
// another; so pools work on machines without bytes, and nothing that is written through a mapping can damage them. The bytes
// of the header stay reserved in the page. A header is one word here, too:
//
//   bit   0              15 16          29    31
//         bytes             offset / 4        free
//
// Its offset is that of the block itself, since blocks have a number and links; "previous free" is not kept, as one can look.
//
// The blocks of a page are linked in the order of their offsets, and cover it without gaps. A used block knows the size that
// was asked for, not rounded.

import type { Pfn } from "@zlab/hw-sim";
import { NO_BLOCK } from "./free-lists.ts";
import { XvmallocPageTable, sameRegion } from "./page-table.ts";
import { HEADER_BYTES, payloadFor, wholePageBytesOf } from "./sizes.ts";

const FIRST_CAPACITY_BLOCKS = 256;

const FREE: number = 1 << 31; // the sign: a header below 0 is that of a free block
const BYTES_MASK = 0xffff;
const OFFSET_MASK = 0x3fff_0000;
const OFFSET_SHIFT = 14; // so offset / 4, shifted by 16

export class PageBlocks {
  readonly pages: XvmallocPageTable;
  readonly #wholePageBytes: number;
  #header: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS); // as above
  #links: Int32Array = new Int32Array(2 * FIRST_CAPACITY_BLOCKS); // [block * 2] next in its page, or of the unused; then previous
  #page: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS);
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
    this.#header[block] = FREE | this.#wholePageBytes;
    this.#links[block * 2] = NO_BLOCK;
    this.#links[block * 2 + 1] = NO_BLOCK;
    this.pages.setFirstBlockNear(page, 0, block);
    return block;
  }

  /** Takes out a page with all of its blocks. */
  removePage(page: number): void {
    let block = this.pages.firstBlockNear(page, 0);
    while (block !== NO_BLOCK) {
      const next = this.nextOf(block);
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
    return offsetIn(this.#header[block]!);
  }

  /** Bytes that a used block was asked for; the payload of a free one. */
  bytesOf(block: number): number {
    return this.#header[block]! & BYTES_MASK;
  }

  /** Bytes between this header and the next, or the end of the page. */
  payloadOf(block: number): number {
    return payloadFor(this.#header[block]! & BYTES_MASK);
  }

  isFree(block: number): boolean {
    return this.#header[block]! < 0;
  }

  setFree(block: number, payloadBytes: number): void {
    this.#header[block] = (this.#header[block]! & ~BYTES_MASK) | FREE | payloadBytes;
  }

  setUsed(block: number, bytes: number): void {
    this.#header[block] = (this.#header[block]! & OFFSET_MASK) | bytes;
  }

  /** The block behind this one in its page, or NO_BLOCK. */
  nextOf(block: number): number {
    return this.#links[block * 2]!;
  }

  /** The block before this one in its page, or NO_BLOCK. */
  previousOf(block: number): number {
    return this.#links[block * 2 + 1]!;
  }

  /** The block behind this one in its page if it is free, else NO_BLOCK. */
  freeNextOf(block: number): number {
    const next = this.#links[block * 2]!;
    return next !== NO_BLOCK && this.#header[next]! < 0 ? next : NO_BLOCK;
  }

  /** The block before this one in its page if it is free, else NO_BLOCK. */
  freePreviousOf(block: number): number {
    const previous = this.#links[block * 2 + 1]!;
    return previous !== NO_BLOCK && this.#header[previous]! < 0 ? previous : NO_BLOCK;
  }

  isWholePage(block: number): boolean {
    return this.payloadOf(block) === this.#wholePageBytes;
  }

  /** The block whose header is at exactly this offset of a page, or NO_BLOCK. */
  blockAt(page: number, offset: number): number {
    const headers = this.#header;
    let block = this.pages.firstBlockNear(page, offset);
    while (block !== NO_BLOCK) {
      const blockOffset = offsetIn(headers[block]!);
      if (blockOffset >= offset) return blockOffset === offset ? block : NO_BLOCK;
      block = this.#links[block * 2]!;
    }
    return NO_BLOCK;
  }

  /** Shortens a free block to a payload of `payloadBytes` and returns the free block made of the rest, whose payload may be 0.
   * The rest must have room for a header. */
  split(block: number, payloadBytes: number): number {
    const tail = this.#takeEntry();
    const links = this.#links;
    const header = this.#header[block]!;
    const page = this.#page[block]!;
    const offset = offsetIn(header) + HEADER_BYTES + payloadBytes;
    const after = links[block * 2]!;
    this.#page[tail] = page;
    this.#header[tail] = FREE | (offset << OFFSET_SHIFT) | ((header & BYTES_MASK) - payloadBytes - HEADER_BYTES);
    this.#header[block] = (header & ~BYTES_MASK) | payloadBytes;
    links[block * 2] = tail;
    links[tail * 2] = after;
    links[tail * 2 + 1] = block;
    if (after !== NO_BLOCK) links[after * 2 + 1] = tail;
    if (!sameRegion(offsetIn(header), offset)) this.pages.setFirstBlockNear(page, offset, tail);
    return tail;
  }

  /** Makes one free block of this one and the next, which is no block any more. */
  mergeWithNext(block: number): void {
    const links = this.#links;
    const gone = links[block * 2]!;
    const after = links[gone * 2]!;
    const page = this.#page[gone]!;
    const offset = this.offsetOf(gone);
    this.setFree(block, this.payloadOf(block) + HEADER_BYTES + this.payloadOf(gone));
    links[block * 2] = after;
    if (after !== NO_BLOCK) links[after * 2 + 1] = block;
    if (this.pages.firstBlockNear(page, offset) === gone) {
      const moved = after !== NO_BLOCK && sameRegion(this.offsetOf(after), offset);
      this.pages.setFirstBlockNear(page, offset, moved ? after : NO_BLOCK);
    }
    this.#dropEntry(gone);
  }

  /** The blocks of a page, by ascending offset. */
  blocksOf(page: number): number[] {
    const blocks: number[] = [];
    for (let block = this.pages.firstBlockNear(page, 0); block !== NO_BLOCK; block = this.nextOf(block)) {
      blocks.push(block);
    }
    return blocks;
  }

  #takeEntry(): number {
    const reused = this.#firstUnused;
    if (reused !== NO_BLOCK) {
      this.#firstUnused = this.#links[reused * 2]!;
      return reused;
    }
    if (this.#endBlock === this.#page.length) this.#grow(this.#endBlock * 2);
    return this.#endBlock++;
  }

  #dropEntry(block: number): void {
    this.#links[block * 2] = this.#firstUnused;
    this.#firstUnused = block;
  }

  #grow(capacityBlocks: number): void {
    this.#header = copied(this.#header, new Int32Array(capacityBlocks));
    this.#links = copied(this.#links, new Int32Array(2 * capacityBlocks));
    this.#page = copied(this.#page, new Int32Array(capacityBlocks));
  }
}

/** Offset of a header in its page, which the header tells. */
function offsetIn(header: number): number {
  return (header & OFFSET_MASK) >> OFFSET_SHIFT;
}

function copied(old: Int32Array, larger: Int32Array): Int32Array {
  larger.set(old);
  return larger;
}
