// Handle cells. A page with header owns a block of four cells; the handle of an object is the address of a cell in the
// block of the page where the object was first placed, and the cell says where the object is now:
//
//   address of a cell    block * 64 + cell * 8        as if the blocks, 64 bytes each, lay one behind the other
//   value of a cell      page address | chunks << 2 | (buddy + firstNum) mod 4      0: free
//                        (chunks only for a last buddy)
//
// So cell addresses are multiples of 8, and the handles of headless objects, page address + 1, are odd: they can't be
// mistaken for each other. When an object has moved to another page and its old page is gone, the block stays behind as
// an orphan until the object is freed.

import type { Machine } from "@zlab/hw-sim";

export const CELLS_PER_BLOCK = 4;
export const NO_BLOCK = 0;

const BLOCK_BYTES = 64;
const CELL_BYTES = 8;
const BLOCKS_PER_SLAB = 64; // the blocks of a page
const IN_USE = -1; // in #nextFree
const ORPHAN = -2; // in #nextFree
const NOT_OURS = -3; // in #nextFree

/** The next free slab number of each machine: pools of one machine share its addresses, so that no handle of one pool
 * means anything to another. Slab 0 does not exist, so that no handle is 0. */
const nextSlabOf = new WeakMap<Machine, number>();

export class HandleSlots {
  readonly #machine: Machine;
  #firstBlock = 0; // number of the block at index 0 of the arrays
  #cells: Float64Array = new Float64Array(0); // [(block - firstBlock) * 4 + cell]
  #nextFree: Int32Array = new Int32Array(0); // [block - firstBlock]: list of free blocks, or what the block is
  #firstFree: number = NO_BLOCK;
  #liveBlocks = 0;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Blocks that belong to a page or are orphans. */
  get liveBlocks(): number {
    return this.#liveBlocks;
  }

  /** Takes an empty block for a page. */
  allocateBlock(): number {
    if (this.#firstFree === NO_BLOCK) this.#addSlab();
    const block = this.#firstFree;
    this.#firstFree = this.#nextFree[block - this.#firstBlock]!;
    this.#nextFree[block - this.#firstBlock] = IN_USE;
    this.#liveBlocks++;
    return block;
  }

  /** Takes leave of a page's block: it is free again, now or when its last cell is cleared. */
  releaseBlock(block: number): void {
    if (this.#isEmpty(block)) this.#freeBlock(block);
    else this.#nextFree[block - this.#firstBlock] = ORPHAN;
  }

  isOrphan(block: number): boolean {
    return this.#nextFree[block - this.#firstBlock] === ORPHAN;
  }

  /** Address of a cell. */
  addressOf(block: number, cell: number): number {
    return block * BLOCK_BYTES + cell * CELL_BYTES;
  }

  /** The block that holds the cell at this address. */
  blockOf(address: number): number {
    return Math.floor(address / BLOCK_BYTES);
  }

  /** The value of the cell at this address; 0 if it is free or there is no such cell of this pool. */
  valueAt(address: number): number {
    const cell = this.#indexOf(address);
    return cell < 0 ? 0 : this.#cells[cell]!;
  }

  /** Writes a cell of a live block. */
  setValueAt(address: number, value: number): void {
    this.#cells[this.#indexOf(address)] = value;
  }

  /** Frees a cell, and its block if that is an orphan. */
  clear(address: number): void {
    this.setValueAt(address, 0);
    const block = this.blockOf(address);
    if (this.isOrphan(block) && this.#isEmpty(block)) this.#freeBlock(block);
  }

  /** Position of a cell in the arrays, -1 for what is no cell address of ours. */
  #indexOf(address: number): number {
    const block = Math.floor(address / BLOCK_BYTES);
    const cell = (address - block * BLOCK_BYTES) / CELL_BYTES;
    const index = block - this.#firstBlock;
    const exists = index >= 0 && index < this.#nextFree.length && cell < CELLS_PER_BLOCK && Number.isInteger(cell);
    return exists ? index * CELLS_PER_BLOCK + cell : -1;
  }

  #isEmpty(block: number): boolean {
    const index = (block - this.#firstBlock) * CELLS_PER_BLOCK;
    for (let cell = index; cell < index + CELLS_PER_BLOCK; cell++) if (this.#cells[cell] !== 0) return false;
    return true;
  }

  #freeBlock(block: number): void {
    this.#nextFree[block - this.#firstBlock] = this.#firstFree;
    this.#firstFree = block;
    this.#liveBlocks--;
  }

  /** Takes the machine's next slab. What lies between our slabs belongs to other pools and stays unused in our arrays. */
  #addSlab(): void {
    const slab = nextSlabOf.get(this.#machine) ?? 1;
    nextSlabOf.set(this.#machine, slab + 1);
    const start = slab * BLOCKS_PER_SLAB;
    if (this.#firstBlock === 0) this.#firstBlock = start;
    const end = start + BLOCKS_PER_SLAB;
    if (end - this.#firstBlock > this.#nextFree.length) this.#grow(2 * (end - this.#firstBlock));
    for (let block = start; block < end; block++) {
      this.#nextFree[block - this.#firstBlock] = block + 1 < end ? block + 1 : NO_BLOCK;
    }
    this.#firstFree = start;
  }

  #grow(capacityBlocks: number): void {
    const cells = new Float64Array(capacityBlocks * CELLS_PER_BLOCK);
    cells.set(this.#cells);
    this.#cells = cells;
    const nextFree = new Int32Array(capacityBlocks).fill(NOT_OURS);
    nextFree.set(this.#nextFree);
    this.#nextFree = nextFree;
  }
}
