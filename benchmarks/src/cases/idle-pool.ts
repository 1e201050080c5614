// A pool that does nothing: what is measured with it is the cost of the benchmark's own loops.

import type { ZpoolBackend } from "@zlab/zpool";

/** The pool's calls that are measured. */
export type MeasuredPool = Pick<ZpoolBackend, "malloc" | "free" | "read" | "write">;

/** Answers every call and does nothing. */
export function idlePool(): MeasuredPool {
  let last = 0;
  return {
    malloc: () => ++last as ReturnType<MeasuredPool["malloc"]>,
    free: () => {},
    read: () => {},
    write: () => {},
  };
}
