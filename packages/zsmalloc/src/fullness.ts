// Fullness groups: how full a zspage is, in a few steps. Group 0 is empty, the last one full; in between an allocation prefers
// the highest group, and compaction empties the lowest.

export interface FullnessBands {
  readonly groupCount: number;
  /** Group of a zspage with `inuse` of `capacity` slots taken. */
  groupOf(inuse: number, capacity: number): number;
}

/** Linux 6.4 and later: empty, ten bands of ten per cent, full. Exactly 10 % belongs to the second band. */
export const TENTHS: FullnessBands = {
  groupCount: 12,
  groupOf(inuse, capacity) {
    if (inuse === 0) return 0;
    if (inuse === capacity) return 11;
    return Math.floor(Math.floor((100 * inuse) / capacity) / 10) + 1;
  },
};

/** Linux before: empty, almost empty (up to a quarter), almost full, full. */
export const QUARTERS: FullnessBands = {
  groupCount: 4,
  groupOf(inuse, capacity) {
    if (inuse === 0) return 0;
    if (inuse === capacity) return 3;
    return inuse <= Math.floor(capacity / 4) ? 1 : 2;
  },
};
