// The objects of a hardened pool by handle. A handle names a cell and how often the cell was used before:
//
//   handle = generation * 2^26 + cell          generation: 27 bits, cell: 26 bits, together the 53 bits of a safe integer
//
// A cell that has been through all its generations is never used again, so that a stale handle is never taken for a live one.
// The first generation differs from pool to pool of a machine: for the first million uses of a cell, another pool's handle
// names nothing here.

import { ZPoolError } from "../errors.ts";
import type { ObjectHistory } from "./object-history.ts";
import { Field, ObjectRecords } from "./object-records.ts";

const CELL_LIMIT = 2 ** 26;
const GENERATION_LIMIT = 2 ** 27;
const GENERATIONS_PER_POOL = 2 ** 20;
const POOLS_APART = 64;
const FIRST_CELLS = 64;
const REMEMBERED_FREES = 1024;
const NONE = -1;

export interface NewObject {
  readonly backendHandle: number;
  readonly bytes: number;
  readonly gfp: number;
  readonly operation: number;
}

export class ObjectTable {
  /** Records by cell. */
  readonly records: ObjectRecords = new ObjectRecords(FIRST_CELLS);
  readonly #freed = new ObjectRecords(REMEMBERED_FREES); // a ring
  readonly #firstGeneration: number;
  readonly #generationLimit: number;
  readonly #mostCells: number;
  #generations = new Uint32Array(FIRST_CELLS); // of the object in the cell, or of the next one
  #nextFree = new Int32Array(FIRST_CELLS); // list of the cells that were used before
  #freeHead = NONE;
  #usedCells = 0; // cells from here on were never used
  #live = 0;
  #made = 0;
  #frees = 0;

  /** `poolNumber`: the how-manieth hardened pool of its machine, from 0. `generationLimit`: one more than the last generation of
   * a cell. `mostCells`: a power of two from 64. */
  constructor(poolNumber: number, generationLimit: number = GENERATION_LIMIT, mostCells: number = CELL_LIMIT) {
    this.#firstGeneration = 1 + (poolNumber % POOLS_APART) * GENERATIONS_PER_POOL;
    this.#generationLimit = generationLimit;
    this.#mostCells = mostCells;
  }

  get liveCount(): number {
    return this.#live;
  }

  /** Objects made so far. */
  get madeCount(): number {
    return this.#made;
  }

  /** Adds an object; returns its cell. Throws ZLAB_TOO_MANY_OBJECTS beyond `mostCells` cells, by default 2^26. */
  add({ backendHandle, bytes, gfp, operation }: NewObject): number {
    const cell = this.#takeCell();
    const { records } = this;
    records.set(cell, Field.HANDLE, this.#generations[cell]! * CELL_LIMIT + cell);
    records.set(cell, Field.BACKEND_HANDLE, backendHandle);
    records.set(cell, Field.OBJECT, ++this.#made);
    records.set(cell, Field.BYTES, bytes);
    records.set(cell, Field.GFP, gfp);
    records.set(cell, Field.ALLOCATED, operation);
    this.#live++;
    return cell;
  }

  /** Takes an object out; its record stays among those of the latest 1024 freed ones. */
  remove(cell: number, operation: number): void {
    this.records.set(cell, Field.FREED, operation);
    this.#freed.copyFrom(this.records, cell, this.#frees++ % REMEMBERED_FREES);
    this.records.clear(cell);
    this.#live--;
    if (++this.#generations[cell]! >= this.#generationLimit) return;
    this.#nextFree[cell] = this.#freeHead;
    this.#freeHead = cell;
  }

  /** The cell of a live object; -1 if the handle names none. */
  find(handle: number): number {
    const cell = handle % CELL_LIMIT;
    return handle !== 0 && this.records.get(cell, Field.HANDLE) === handle ? cell : NONE;
  }

  /** Whether the handle named an object of this pool that has been freed. */
  wasFreed(handle: number): boolean {
    const cell = handle % CELL_LIMIT;
    const generation = Math.floor(handle / CELL_LIMIT);
    return generation >= this.#firstGeneration && generation < this.#generations[cell]!; // that of no cell is undefined
  }

  /** The history of an object, live or freed; undefined if that is forgotten. */
  historyOf(handle: number): ObjectHistory | undefined {
    const cell = this.find(handle);
    if (cell !== NONE) return this.records.historyOf(cell);
    for (let row = 0; row < REMEMBERED_FREES; row++) {
      if (this.#freed.get(row, Field.HANDLE) === handle && handle !== 0) return this.#freed.historyOf(row);
    }
    return undefined;
  }

  /** The cells of all live objects. */
  *liveCells(): Generator<number> {
    for (let cell = 0; cell < this.#usedCells; cell++) if (this.records.get(cell, Field.HANDLE) !== 0) yield cell;
  }

  #takeCell(): number {
    const free = this.#freeHead;
    if (free !== NONE) {
      this.#freeHead = this.#nextFree[free]!;
      return free;
    }
    if (this.#usedCells === this.records.rowCount) this.#grow();
    const cell = this.#usedCells++;
    this.#generations[cell] = this.#firstGeneration;
    return cell;
  }

  #grow(): void {
    const cellCount = this.records.rowCount * 2;
    if (cellCount > this.#mostCells) {
      throw new ZPoolError(
        "ZLAB_TOO_MANY_OBJECTS",
        `a hardened pool can name ${this.#mostCells} objects; use a plain one for more`,
      );
    }
    this.records.grow(cellCount);
    this.#generations = grown(this.#generations, new Uint32Array(cellCount));
    this.#nextFree = grown(this.#nextFree, new Int32Array(cellCount));
  }
}

function grown<T extends Uint32Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
