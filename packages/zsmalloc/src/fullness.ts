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

/** Linux before: empty, almost empty (up to a quarter), almost full, full; as the kernel's document of 2015 defines them. */
export const QUARTERS: FullnessBands = {
  groupCount: 4,
  groupOf: (inuse, capacity) => almostGroup(inuse, capacity, Math.floor(capacity / 4)),
};

/** The same four groups, but almost empty up to three quarters: what a change of 2015 says it makes of them, so that
 * compaction finds more to move, while the document kept the quarter. */
export const THREE_QUARTERS: FullnessBands = {
  groupCount: 4,
  groupOf: (inuse, capacity) => almostGroup(inuse, capacity, Math.floor((3 * capacity) / 4)),
};

function almostGroup(inuse: number, capacity: number, mostAlmostEmpty: number): number {
  if (inuse === 0) return 0;
  if (inuse === capacity) return 3;
  return inuse <= mostAlmostEmpty ? 1 : 2;
}

export type FullnessName = "tenths" | "quarters" | "three-quarters";

/** The groupings by the names of the pool option `fullness`. */
export const FULLNESS_BANDS: Readonly<Record<FullnessName, FullnessBands>> = {
  tenths: TENTHS,
  quarters: QUARTERS,
  "three-quarters": THREE_QUARTERS,
};
