// Which shard an object is in, told by its handle. The shards of a pool share out the cells of handles (handle-table.ts): each has a
// range of its own, so that a handle is good in one shard only, and its upper bits are the number of the shard:
//
//   bit 30   29 … 23      22 … 0
//      0    generation   shard | cell of the shard       1 bit of 23 for two shards, 2 for three and four …
//
// A pool has therefore 8,388,608 handles at most, whatever the number of its shards.

import type { CellRange } from "../pool-tables.ts";

const CELL_BITS = 23;
const CELL_MASK = 2 ** CELL_BITS - 1;

/** Shards that a pool can have. */
export const MOST_SHARDS = 64;

export class ShardHandles {
  readonly #shift: number;

  constructor(shardCount: number) {
    this.#shift = CELL_BITS - Math.ceil(Math.log2(shardCount));
  }

  /** Shard of a handle; of any other number some shard, or a number that no shard has. */
  shardOf(handle: number): number {
    return (handle & CELL_MASK) >> this.#shift;
  }

  /** Objects that a shard can hold. Cell 0 is none. */
  get objectsPerShard(): number {
    return 2 ** this.#shift - 1;
  }

  /** The cells of a shard; the first of its range is left out, so that all shards have as many. */
  cellsOf(shard: number): CellRange {
    const start = shard * 2 ** this.#shift;
    return { first: start + 1, end: start + 2 ** this.#shift };
  }
}
