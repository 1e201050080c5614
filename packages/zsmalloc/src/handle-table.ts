// Handles that stay while objects move (Linux 4.2 and later): a handle names a cell, and the cell holds the object's place.
// The kernel's handle is the address of the cell; ours is the number of the cell and a generation, which changes each time
// the cell is freed, so that a handle used after its free is recognised:
//
//   bit 30   29 … 23      22 … 0
//      0    generation   cell 1 … 8,388,607
//      1    ──────── cell, 30 bits ────────     for cells beyond: no room for a generation
//
// so every handle is a positive 31-bit number. A stale handle passes only after its cell was freed 128 times more; beyond cell
// 8,388,607 it is recognised until the cell is used again. Pools of one machine start with different generations, so that
// the handle of one is hardly ever good in another.

import type { HandleScheme } from "./handle-scheme.ts";
import { NO_ZSPAGE, type ZspageId } from "./zspage-table.ts";

const CELL_BITS = 23;
const CELL_MASK = 2 ** CELL_BITS - 1;
const GENERATION_MASK = 127;
const EXTENDED = 2 ** 30;

// A cell is two words: the zspage (or the next free cell), and generation << 16 | slot. No zspage has so many slots:
const NO_SLOT = 0xffff;
const SLOT_MASK = 0xffff;
const INITIAL_CELLS = 1024;

export class HandleTable implements HandleScheme {
  zspage: ZspageId = NO_ZSPAGE;
  slot = 0;
  readonly #firstGeneration: number;
  #cells: Int32Array = new Int32Array(2 * INITIAL_CELLS);
  #end = 1; // first cell that was never used; cell 0 is none
  #freeCell = 0; // head of the free cells, 0: none

  /** `salt` spreads the first generations of different pools. */
  constructor(salt: number) {
    this.#firstGeneration = Math.imul(salt, 37) & GENERATION_MASK;
  }

  resolve(handle: number): boolean {
    if ((handle | 0) !== handle || handle <= 0) return false;
    const extended = handle >= EXTENDED;
    const cell = extended ? handle - EXTENDED : handle & CELL_MASK;
    if (cell === 0 || cell >= this.#end || (extended && cell <= CELL_MASK)) return false;
    const place = this.#cells[2 * cell + 1]!;
    if ((place & SLOT_MASK) === NO_SLOT) return false;
    if (!extended && place >>> 16 !== handle >>> CELL_BITS) return false;
    this.zspage = this.#cells[2 * cell]! as ZspageId;
    this.slot = place & SLOT_MASK;
    return true;
  }

  issue(z: ZspageId, slot: number): number {
    let cell = this.#freeCell;
    if (cell !== 0) this.#freeCell = this.#cells[2 * cell]!;
    else cell = this.#newCell();
    const generation = this.#cells[2 * cell + 1]! >>> 16;
    this.#cells[2 * cell] = z;
    this.#cells[2 * cell + 1] = (generation << 16) | slot;
    return handleOf(cell, generation);
  }

  release(handle: number): void {
    const cell = cellOf(handle);
    const generation = cell <= CELL_MASK ? ((this.#cells[2 * cell + 1]! >>> 16) + 1) & GENERATION_MASK : 0;
    this.#cells[2 * cell] = this.#freeCell;
    this.#cells[2 * cell + 1] = (generation << 16) | NO_SLOT;
    this.#freeCell = cell;
  }

  ownerWord(handle: number): number {
    return cellOf(handle);
  }

  moved(ownerWord: number, z: ZspageId, slot: number): void {
    this.#cells[2 * ownerWord] = z;
    this.#cells[2 * ownerWord + 1] = (this.#cells[2 * ownerWord + 1]! & ~SLOT_MASK) | slot;
  }

  handleAt(_z: ZspageId, _slot: number, ownerWord: number): number {
    return handleOf(ownerWord, this.#cells[2 * ownerWord + 1]! >>> 16);
  }

  /** Cells in use, counted one by one: for checks. */
  countLive(): number {
    let live = 0;
    for (let cell = 1; cell < this.#end; cell++) if ((this.#cells[2 * cell + 1]! & SLOT_MASK) !== NO_SLOT) live++;
    return live;
  }

  #newCell(): number {
    const cell = this.#end++;
    if (2 * this.#end > this.#cells.length) {
      const larger = new Int32Array(2 * this.#cells.length);
      larger.set(this.#cells);
      this.#cells = larger;
    }
    this.#cells[2 * cell + 1] = (cell <= CELL_MASK ? this.#firstGeneration : 0) << 16;
    return cell;
  }
}

function cellOf(handle: number): number {
  return handle >= EXTENDED ? handle - EXTENDED : handle & CELL_MASK;
}

function handleOf(cell: number, generation: number): number {
  return cell <= CELL_MASK ? (generation << CELL_BITS) | cell : EXTENDED + cell;
}
