// The headers of the pool's blocks as a table: an array per field, indexed by a small block number that is used again after
// the block is gone. The page descriptor of a block's first page leads here: its `private` word is the block number.

import type { Pfn } from "@zlab/hw-sim";

export const NO_BLOCK = -1;

const FIRST_CAPACITY_BLOCKS = 64;
const WORDS = 2; // of 32 slots; no table has blocks of more than 63

export class BlockTable {
  #pfn: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS).fill(NO_BLOCK); // first page, NO_BLOCK while the entry is free
  #seq: Float64Array = new Float64Array(FIRST_CAPACITY_BLOCKS); // place in the order of creation
  #type: Uint8Array = new Uint8Array(FIRST_CAPACITY_BLOCKS);
  #freeSlots: Uint8Array = new Uint8Array(FIRST_CAPACITY_BLOCKS);
  #usedBits: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS * WORDS); // bit slot & 31 of [block * WORDS + (slot >> 5)]
  #nextFree: Int32Array = new Int32Array(FIRST_CAPACITY_BLOCKS); // list of free entries
  #firstFree: number = NO_BLOCK;
  #endBlock = 0; // entries from here up were never used
  #blocksEver = 0;

  /** One more than the highest block number ever used. */
  get endBlock(): number {
    return this.#endBlock;
  }

  /** Enters a block of free slots and returns its number. */
  add(pfn: Pfn, type: number, slots: number): number {
    const block = this.#takeEntry();
    this.#pfn[block] = pfn;
    this.#seq[block] = this.#blocksEver++;
    this.#type[block] = type;
    this.#freeSlots[block] = slots;
    this.#usedBits.fill(0, block * WORDS, (block + 1) * WORDS);
    return block;
  }

  remove(block: number): void {
    this.#pfn[block] = NO_BLOCK;
    this.#nextFree[block] = this.#firstFree;
    this.#firstFree = block;
  }

  isLive(block: number): boolean {
    return this.#pfn[block]! !== NO_BLOCK;
  }

  /** First page of the block. */
  pfnOf(block: number): Pfn {
    return this.#pfn[block] as Pfn;
  }

  /** Number of the block in the order of creation, from 0, never used again. */
  seqOf(block: number): number {
    return this.#seq[block]!;
  }

  typeOf(block: number): number {
    return this.#type[block]!;
  }

  freeSlotsOf(block: number): number {
    return this.#freeSlots[block]!;
  }

  isUsed(block: number, slot: number): boolean {
    return ((this.#usedBits[block * WORDS + (slot >> 5)]! >>> (slot & 31)) & 1) !== 0;
  }

  /** Marks the lowest free slot as used and returns it. The block must have one. */
  takeLowestSlot(block: number): number {
    const first = block * WORDS;
    const word = this.#usedBits[first] === -1 ? 1 : 0;
    const freeBits = ~this.#usedBits[first + word]!;
    const lowest = freeBits & -freeBits;
    this.#usedBits[first + word]! |= lowest;
    this.#freeSlots[block]!--;
    return word * 32 + 31 - Math.clz32(lowest);
  }

  /** Marks a used slot as free. Returns how many are free now. */
  releaseSlot(block: number, slot: number): number {
    this.#usedBits[block * WORDS + (slot >> 5)]! &= ~(1 << (slot & 31));
    return ++this.#freeSlots[block]!;
  }

  #takeEntry(): number {
    const reused = this.#firstFree;
    if (reused !== NO_BLOCK) {
      this.#firstFree = this.#nextFree[reused]!;
      return reused;
    }
    if (this.#endBlock === this.#pfn.length) this.#grow(this.#endBlock * 2);
    return this.#endBlock++;
  }

  #grow(capacityBlocks: number): void {
    this.#pfn = copied(this.#pfn, new Int32Array(capacityBlocks).fill(NO_BLOCK));
    this.#seq = copied(this.#seq, new Float64Array(capacityBlocks));
    this.#type = copied(this.#type, new Uint8Array(capacityBlocks));
    this.#freeSlots = copied(this.#freeSlots, new Uint8Array(capacityBlocks));
    this.#usedBits = copied(this.#usedBits, new Int32Array(capacityBlocks * WORDS));
    this.#nextFree = copied(this.#nextFree, new Int32Array(capacityBlocks));
  }
}

function copied<T extends Int32Array | Float64Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
