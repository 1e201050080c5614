// What a thread of sharded-threads.test.ts is started with.

import type { ShardedPool } from "@zlab/zsmalloc";

/** An entry of the table: state, handle, bytes, and how often it was written. */
export const ENTRY_WORDS = 4;

export interface StressTask {
  readonly pool: ShardedPool;
  readonly index: number;
  /** Records of ENTRY_WORDS, zero at first. */
  readonly entries: Int32Array;
  /** Zeros: arrivals, generation and stop flag of the barrier, then two words for each thread. */
  readonly meeting: Int32Array;
  readonly seed: number;
  readonly milliseconds: number;
  readonly operationsPerRound: number;
  /** Sizes of objects; up to 15 bytes are taken off. */
  readonly sizes: readonly number[];
  /** A thread compacts its shard once in so many operations. */
  readonly operationsPerCompaction: number;
}
