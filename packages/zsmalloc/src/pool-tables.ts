// Where the arrays of a pool come from. On most machines they begin short and are replaced by longer ones, which costs a pool of a
// few objects nothing. A table that has become large is replaced only once more, by one for all the pages of the machine: what isn't
// touched takes no memory, whereas doubling would copy gigabytes and keep both. Where threads share the machine tables can't be
// replaced under the others, so they are made that long at first. Others open them by their label.

import type { Machine, OpenTables } from "@zlab/hw-sim";

/** Positions in the table are below 2^31. A pool of a terabyte of small pages needs most of that. */
const MOST_WORDS = 2 ** 31 - 2 ** 16;
/** Handles are below 2^31, with one bit for the kind. */
const MOST_CELLS = 2 ** 30;
/** Tables of so many words, 64 MiB, are not doubled any more. */
const LARGE_WORDS = 2 ** 24;

/** The cells of handles that a pool may use: from `first` on, below `end`. */
export interface CellRange {
  readonly first: number;
  readonly end: number;
}

/** What a pool that shares a machine with pools of other threads is given: its tables, and which handles are its own. */
export interface PoolPart {
  readonly tables: PoolTables;
  readonly cells: CellRange;
}

export class PoolTables {
  readonly #machine: Machine;
  readonly #label: string;
  readonly #opened: OpenTables | undefined;
  #neededWords = 0;
  #neededCells = 0;

  /** `label` tells the pool's tables from others of the machine. With `opened` the tables are those of that label there, whatever
   * length is asked for. */
  constructor(machine: Machine, label: string, opened?: OpenTables) {
    this.#machine = machine;
    this.#label = label;
    this.#opened = opened;
  }

  /** Whether the tables were made elsewhere, with the class records in them. */
  get areOpened(): boolean {
    return this.#opened !== undefined;
  }

  /** Pages of the machine. */
  get machinePages(): number {
    return this.#machine.totalPageCount();
  }

  /** The table of classes and zspages: zeros, `initialWords` of them or as many as the pool can ever need. */
  words(initialWords: number, neededWords: number): Int32Array {
    this.#neededWords = Math.min(MOST_WORDS, neededWords);
    return this.#make("table", initialWords, this.#neededWords);
  }

  /** The class of each segment of the table. */
  segments(count: number): Int32Array {
    return this.#make("segments", count, count);
  }

  /** The cells of handles: likewise. */
  cells(initialCells: number, neededCells: number): Int32Array {
    this.#neededCells = Math.min(MOST_CELLS, neededCells);
    return this.#make("handles", initialCells, this.#neededCells);
  }

  /** The table with the same words and as many more, or all that the pool can ever need; undefined where there can't be more. */
  longerWords(words: Int32Array): Int32Array | undefined {
    return this.#longer(words, this.#neededWords, MOST_WORDS);
  }

  /** The cells likewise. */
  longerCells(cells: Int32Array): Int32Array | undefined {
    return this.#longer(cells, this.#neededCells, MOST_CELLS);
  }

  /** Forgets the tables that other threads could have opened. */
  release(): void {
    this.#machine.tables.release(`${this.#label}:`);
  }

  #make(name: string, initialLength: number, neededLength: number): Int32Array {
    if (this.#opened !== undefined) return this.#opened.int32(`${this.#label}: ${name}`);
    const { tables } = this.#machine;
    return tables.int32(tables.shared ? neededLength : initialLength, `${this.#label}: ${name}`);
  }

  #longer(table: Int32Array, needed: number, most: number): Int32Array | undefined {
    const length = Math.min(2 * table.length, most);
    if (this.#machine.tables.shared || length === table.length) return undefined;
    const reserved = length >= LARGE_WORDS && needed > length ? this.#reserve(needed) : undefined;
    const longer = reserved ?? new Int32Array(length);
    longer.set(table);
    return longer;
  }

  /** A table of zeros that takes memory where it is touched; undefined if the host doesn't let so much be reserved. */
  #reserve(length: number): Int32Array | undefined {
    try {
      return this.#machine.tables.int32(length, `${this.#label}: reserve`);
    } catch (error) {
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }
}
