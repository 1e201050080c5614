// The blocks that the pages are divided into. The kernel keeps a header of 4 bytes before each block's payload, in the page:
//
//   bit   0              15 16  17   18             31
//         payload bytes     free |    offset / 4 of the previous block's header
//                            previous free
//
// Here the headers are a table beside the pages, a record for each, indexed by a block number that is used again after the
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

// A record of 4 words: four blocks to a cache line.
const WORDS = 4;
const PAGE = 0;
const NEXT = 1; // in the page; or in the list of unused entries
const PREVIOUS = 2; // in the page
const HEADER = 3; // 31 ... 17: offset of the header in the page / 4 | 16: free | 15 ... 0: bytes asked for, or the payload of a free block
const OFFSET_SHIFT = 17;
const OFFSET_MASK: number = -1 << OFFSET_SHIFT;
const FREE_BIT = 0x1_0000;
const BYTES_MASK = 0xffff;

export class PageBlocks {
  readonly pages: XvmallocPageTable;
  readonly #wholePageBytes: number;
  #words: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS * WORDS);
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
    this.#words[block * WORDS + PAGE] = page;
    this.#words[block * WORDS + HEADER] = 0;
    this.#words[block * WORDS + NEXT] = NO_BLOCK;
    this.#words[block * WORDS + PREVIOUS] = NO_BLOCK;
    this.setFree(block, this.#wholePageBytes);
    this.pages.setFirstBlockNear(page, 0, block);
    return block;
  }

  /** Takes out a page with all of its blocks. */
  removePage(page: number): void {
    let block = this.pages.firstBlockNear(page, 0);
    while (block !== NO_BLOCK) {
      const next = this.#words[block * WORDS + NEXT]!;
      this.#dropEntry(block);
      block = next;
    }
    this.pages.remove(page);
  }

  pageOf(block: number): number {
    return this.#words[block * WORDS + PAGE]!;
  }

  /** Offset of the block's header in its page. The payload follows. */
  offsetOf(block: number): number {
    return (this.#words[block * WORDS + HEADER]! >>> OFFSET_SHIFT) * HEADER_BYTES;
  }

  /** Bytes that a used block was asked for; the payload of a free one. */
  bytesOf(block: number): number {
    return this.#words[block * WORDS + HEADER]! & BYTES_MASK;
  }

  /** Bytes between this header and the next, or the end of the page. */
  payloadOf(block: number): number {
    return payloadFor(this.bytesOf(block));
  }

  isFree(block: number): boolean {
    return (this.#words[block * WORDS + HEADER]! & FREE_BIT) !== 0;
  }

  setFree(block: number, payloadBytes: number): void {
    const offset = this.#words[block * WORDS + HEADER]! & OFFSET_MASK;
    this.#words[block * WORDS + HEADER] = offset | FREE_BIT | payloadBytes;
  }

  setUsed(block: number, bytes: number): void {
    const offset = this.#words[block * WORDS + HEADER]! & OFFSET_MASK;
    this.#words[block * WORDS + HEADER] = offset | bytes;
  }

  /** The block behind this one in its page, or NO_BLOCK. */
  nextOf(block: number): number {
    return this.#words[block * WORDS + NEXT]!;
  }

  /** The block before this one in its page, or NO_BLOCK. */
  previousOf(block: number): number {
    return this.#words[block * WORDS + PREVIOUS]!;
  }

  isWholePage(block: number): boolean {
    return this.payloadOf(block) === this.#wholePageBytes;
  }

  /** The block whose header is at exactly this offset of a page, or NO_BLOCK. */
  blockAt(page: number, offset: number): number {
    let block = this.pages.firstBlockNear(page, offset);
    while (block !== NO_BLOCK && this.offsetOf(block) < offset) block = this.#words[block * WORDS + NEXT]!;
    return block !== NO_BLOCK && this.offsetOf(block) === offset ? block : NO_BLOCK;
  }

  /** Shortens a free block to a payload of `payloadBytes` and returns the free block made of the rest, whose payload may be 0.
   * The rest must have room for a header. */
  split(block: number, payloadBytes: number): number {
    const tail = this.#takeEntry();
    const page = this.#words[block * WORDS + PAGE]!;
    const offset = this.offsetOf(block) + HEADER_BYTES + payloadBytes;
    const after = this.#words[block * WORDS + NEXT]!;
    this.#words[tail * WORDS + PAGE] = page;
    this.#words[tail * WORDS + HEADER] = (offset / HEADER_BYTES) << OFFSET_SHIFT;
    this.setFree(tail, this.bytesOf(block) - payloadBytes - HEADER_BYTES);
    this.setFree(block, payloadBytes);
    this.#words[block * WORDS + NEXT] = tail;
    this.#words[tail * WORDS + PREVIOUS] = block;
    this.#words[tail * WORDS + NEXT] = after;
    if (after !== NO_BLOCK) this.#words[after * WORDS + PREVIOUS] = tail;
    if (!sameRegion(this.offsetOf(block), offset)) this.pages.setFirstBlockNear(page, offset, tail);
    return tail;
  }

  /** Makes one free block of this one and the next, which is no block any more. */
  mergeWithNext(block: number): void {
    const gone = this.#words[block * WORDS + NEXT]!;
    const after = this.#words[gone * WORDS + NEXT]!;
    const page = this.#words[gone * WORDS + PAGE]!;
    const offset = this.offsetOf(gone);
    this.setFree(block, this.payloadOf(block) + HEADER_BYTES + this.payloadOf(gone));
    this.#words[block * WORDS + NEXT] = after;
    if (after !== NO_BLOCK) this.#words[after * WORDS + PREVIOUS] = block;
    if (this.pages.firstBlockNear(page, offset) === gone) {
      const moved = after !== NO_BLOCK && sameRegion(this.offsetOf(after), offset);
      this.pages.setFirstBlockNear(page, offset, moved ? after : NO_BLOCK);
    }
    this.#dropEntry(gone);
  }

  /** The blocks of a page, by ascending offset. */
  blocksOf(page: number): number[] {
    const blocks: number[] = [];
    for (
      let block = this.pages.firstBlockNear(page, 0);
      block !== NO_BLOCK;
      block = this.#words[block * WORDS + NEXT]!
    ) {
      blocks.push(block);
    }
    return blocks;
  }

  #takeEntry(): number {
    const reused = this.#firstUnused;
    if (reused !== NO_BLOCK) {
      this.#firstUnused = this.#words[reused * WORDS + NEXT]!;
      return reused;
    }
    if (this.#endBlock * WORDS === this.#words.length) this.#grow(this.#endBlock * 2);
    return this.#endBlock++;
  }

  #dropEntry(block: number): void {
    this.#words[block * WORDS + NEXT] = this.#firstUnused;
    this.#firstUnused = block;
  }

  #grow(capacityBlocks: number): void {
    const words = new Int32Array(capacityBlocks * WORDS);
    words.set(this.#words);
    this.#words = words;
  }
}
