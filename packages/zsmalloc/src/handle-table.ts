// Handles that stay while objects move (Linux 4.2 and later): a handle names a cell, and the cell holds the object's place.
// The kernel's handle is the address of the cell; ours is the number of the cell and a generation, which changes each time
// the cell is freed, so that a handle used after its free is recognised:
//
//   bit 30   29 … 23      22 … 0
//      0    generation   cell 1 … 8,388,607
//      1    ──────── cell, 30 bits ────────     for cells beyond: no room for a generation
//
// so every handle is a positive 31-bit number. A cell is one word:
//
//   live   position of the object's slot, whose word in turn holds the whole handle
//   free   bits inverted, and therefore negative: generation of the next handle << 23 | next free cell (0: none)
//          beyond cell 8,388,607 the next free cell alone; such cells are on a list of their own
//
// A handle is live if its cell leads to a slot that leads back to it. A stale one passes only after its cell was freed 128
// times more; beyond cell 8,388,607 it is recognised until the cell is used again. Pools of one machine start with different
// generations, so that the handle of one is hardly ever good in another.

import { corrupt } from "@zlab/zpool";
import * as layout from "./table-layout.ts";
import type { SlotId } from "./table-layout.ts";
import type { CellRange, PoolTables } from "./pool-tables.ts";
import type { ZspageTable } from "./zspage-table.ts";

const { NO_SLOT } = layout; // constants of this module are folded by V8; see zspage-table.ts

const CELL_MASK = 2 ** 23 - 1;
const GENERATION_MASK = 127 << 23;
const ONE_GENERATION = 1 << 23;
const EXTENDED = 2 ** 30;
const INITIAL_CELLS = 1024;
const CELLS_AT_ONCE = 64;

/** All that there are, for as long as handles last. */
const EVERY_CELL: CellRange = { first: 1, end: 2 ** 30 };

/** What `issue` returns when there are no more handles. */
export const NO_HANDLE = 0;

export class HandleTable {
  readonly #zspages: ZspageTable;
  readonly #firstGeneration: number; // in the place that it has in a handle
  readonly #tables: PoolTables;
  readonly #first: number; // first cell that may be used; cell 0 is none
  #cells: Int32Array;
  #end: number; // first cell that was never used
  #freeCell = 0; // head of the free cells up to 8,388,607, 0: none
  #freeExtendedCell = 0; // head of those beyond

  /** `salt` spreads the first generations of different pools; `cellsPerPage` is how many objects a page can hold. A range of cells
   * is for tables that can't grow. */
  constructor(
    zspages: ZspageTable,
    tables: PoolTables,
    salt: number,
    cellsPerPage: number,
    { first, end }: CellRange = EVERY_CELL,
  ) {
    this.#zspages = zspages;
    this.#tables = tables;
    this.#first = first;
    this.#end = first;
    this.#cells = tables.cells(INITIAL_CELLS, Math.min(end, first + tables.machinePages * cellsPerPage));
    this.#firstGeneration = Math.imul(salt, 37 * ONE_GENERATION) & GENERATION_MASK;
  }

  /** Slot of the object, NO_SLOT if the handle isn't live, whatever number it is. */
  resolve(handle: number): SlotId {
    const bits = handle | 0;
    if (bits !== handle || bits <= 0) return NO_SLOT;
    const cells = this.#cells;
    const cell = bits < EXTENDED ? bits & CELL_MASK : bits - EXTENDED;
    if (cell >= cells.length) return NO_SLOT;
    const slot = cells[cell]! as SlotId;
    return slot > 0 && this.#zspages.isOwnedBy(slot, bits) ? slot : NO_SLOT;
  }

  /** Whether `issueFreeCell` may be called. */
  get hasFreeCell(): boolean {
    return this.#freeCell !== 0;
  }

  /** Makes the handle of a newly taken slot from the first free cell; there must be one. */
  issueFreeCell(slot: SlotId): number {
    const cells = this.#cells;
    const cell = this.#freeCell;
    const free = ~cells[cell]!;
    cells[cell] = slot;
    this.#freeCell = free & CELL_MASK;
    return (free & GENERATION_MASK) | cell;
  }

  /** Makes the handle of a newly taken slot; NO_HANDLE when there are 2^30 already. */
  issue(slot: SlotId): number {
    if (this.#freeCell === 0) this.#addCells();
    return this.#freeCell === 0 ? this.#issueExtendedCell(slot) : this.issueFreeCell(slot);
  }

  /** Ends a live handle. */
  release(handle: number): void {
    const cells = this.#cells;
    if (handle >= EXTENDED) {
      const cell = handle - EXTENDED;
      cells[cell] = ~this.#freeExtendedCell;
      this.#freeExtendedCell = cell;
    } else {
      const cell = handle & CELL_MASK;
      cells[cell] = ~(((handle + ONE_GENERATION) & GENERATION_MASK) | this.#freeCell);
      this.#freeCell = cell;
    }
  }

  /** The object of a live handle is in another slot now. */
  moved(handle: number, slot: SlotId): void {
    this.#cells[handle < EXTENDED ? handle & CELL_MASK : handle - EXTENDED] = slot;
  }

  /** Cells in use, counted one by one: for checks. */
  countLive(): number {
    let live = 0;
    for (let cell = this.#first; cell < this.#end; cell++) if (this.#cells[cell]! > 0) live++;
    return live;
  }

  /** Cells on the two free lists, followed one by one: for checks. Throws ZLAB_CORRUPT if they lead elsewhere, or in a circle. */
  countFree(): number {
    return (
      this.#countList(this.#freeCell, 1, CELL_MASK) +
      this.#countList(this.#freeExtendedCell, CELL_MASK + 1, EXTENDED - 1)
    );
  }

  /** Cells, live and free. */
  get cellCount(): number {
    return this.#end - this.#first;
  }

  // ---- Images -------------------------------------------------------------------------------------------------------------

  /** A copy of the cells that were ever used, from cell 0. */
  copyCells(): Int32Array {
    return this.#cells.slice(0, this.#end);
  }

  /** Heads of the two lists of free cells. */
  freeListHeads(): Int32Array {
    return Int32Array.of(this.#freeCell, this.#freeExtendedCell);
  }

  /** Takes over what the two methods above gave. False if there can't be so many cells. */
  load(cells: Int32Array, freeListHeads: Int32Array): boolean {
    while (this.#cells.length < cells.length) if (!this.#grow()) return false;
    this.#cells.set(cells);
    this.#end = cells.length;
    this.#freeCell = freeListHeads[0]!;
    this.#freeExtendedCell = freeListHeads[1]!;
    return true;
  }

  // ---- Details ------------------------------------------------------------------------------------------------------------

  /** Length of a list of free cells whose numbers are from `lowest` to `highest`. */
  #countList(first: number, lowest: number, highest: number): number {
    let count = 0;
    for (let cell = first; cell !== 0; count++) {
      const isCell = cell >= lowest && cell <= Math.min(highest, this.#end - 1);
      const free = isCell ? ~this.#cells[cell]! : -1;
      if (free < 0 || free >= EXTENDED)
        throw corrupt("handles", `cell ${cell} is on the list of free cells and is none`);
      if (count === this.#end) throw corrupt("handles", `the list of free cells runs in a circle at cell ${cell}`);
      cell = free & (lowest === 1 ? CELL_MASK : EXTENDED - 1);
    }
    return count;
  }

  /** Puts some cells that were never used on the free list, in ascending order; none beyond cell 8,388,607, or if the table can't
   * grow any more. */
  #addCells(): void {
    if (this.#end === this.#cells.length && !this.#grow()) return;
    const last = Math.min(this.#end + CELLS_AT_ONCE, this.#cells.length, CELL_MASK + 1) - 1;
    if (last < this.#end) return;
    for (let cell = this.#end; cell < last; cell++) this.#cells[cell] = ~(this.#firstGeneration | (cell + 1));
    this.#cells[last] = ~this.#firstGeneration;
    this.#freeCell = this.#end;
    this.#end = last + 1;
  }

  #issueExtendedCell(slot: SlotId): number {
    let cell = this.#freeExtendedCell;
    if (cell !== 0) {
      this.#freeExtendedCell = ~this.#cells[cell]!;
    } else {
      if (this.#end === this.#cells.length && !this.#grow()) return NO_HANDLE;
      cell = this.#end++;
    }
    this.#cells[cell] = slot;
    return EXTENDED + cell;
  }

  #grow(): boolean {
    const cells = this.#tables.longerCells(this.#cells);
    if (cells === undefined) return false;
    this.#cells = cells;
    return true;
  }
}
