// Handle cells. A page with header owns a block of four cells; the handle of an object is the address of a cell in the
// block of the page where the object was first placed, and the cell says where the object is now:
//
//   address of a cell    2 * (4 * block + cell)       so addresses are even, and below 2^31 for 2^28 blocks
//   value of a cell      4 * page + buddy, 0: free    the page's number in the pool's table
//
// The handles of headless objects, page address + 1, are odd: they can't be mistaken for cell addresses. (In Linux the
// address is that of the cell's 8 bytes in kernel memory, and the value a page address with place bits that are turned as the
// numbering of the page's cells is.) When an object has moved to another page and its old page is gone, the block stays
// behind as an orphan until the object is freed.

import type { Machine } from "@zlab/hw-sim";

const CELLS_PER_BLOCK = 4;
export const NO_BLOCK = 0;

const BLOCKS_PER_SLAB = 64; // Linux: blocks of 64 bytes in a page of slab memory
const IN_USE = -1; // in #nextFree
const ORPHAN = -2; // in #nextFree
const NOT_OURS = -3; // in #nextFree

/** The next free slab number of each machine: pools of one machine share its addresses, so that no handle of one pool
 * means anything to another. Slab 0 does not exist, so that no handle is 0. */
const nextSlabOf = new WeakMap<Machine, number>();

export class HandleSlots {
  readonly #machine: Machine;
  #firstBlock = 0; // number of the block at index 0 of the arrays
  #cells: Int32Array = new Int32Array(0); // [(block - firstBlock) * 4 + cell]
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
    return (block * CELLS_PER_BLOCK + cell) * 2;
  }

  /** The block that holds the cell at this address. */
  blockOf(address: number): number {
    return (address >> 1) >> 2;
  }

  /** The object that the cell at this address names, as page * 4 + buddy; 0 if the cell is free or there is no such cell of this
   * pool. */
  objectAt(address: number): number {
    const cells = this.#cells;
    const cell = address >> 1;
    const index = cell - this.#firstBlock * CELLS_PER_BLOCK;
    return cell * 2 === address && index >= 0 && index < cells.length ? cells[index]! : 0;
  }

  /** Notes in a cell of a live block where its object is. */
  set(address: number, page: number, buddy: number): void {
    this.#cells[this.#indexOf(address)] = page * 4 + buddy;
  }

  /** Frees a cell of a page's block. */
  clear(address: number): void {
    this.#cells[this.#indexOf(address)] = 0;
  }

  /** Frees a cell, and its block if that is an orphan. */
  clearForeign(address: number): void {
    this.clear(address);
    const block = this.blockOf(address);
    if (this.isOrphan(block) && this.#isEmpty(block)) this.#freeBlock(block);
  }

  /** Position in the arrays of a cell that exists. */
  #indexOf(address: number): number {
    return (address >> 1) - this.#firstBlock * CELLS_PER_BLOCK;
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
    const cells = new Int32Array(capacityBlocks * CELLS_PER_BLOCK);
    cells.set(this.#cells);
    this.#cells = cells;
    const nextFree = new Int32Array(capacityBlocks).fill(NOT_OURS);
    nextFree.set(this.#nextFree);
    this.#nextFree = nextFree;
  }
}
