// What the benchmarks store: sizes as zram sees them, from a seed.

import { Prng } from "@zlab/hw-sim";

/** Sizes of `count` compressed pages: 8 % don't compress and stay 4,096 bytes, the others lie on two humps around 700 and 1,900
 * bytes; the mean is about 1,400. */
export function zramLikeSizes(count: number, seed: number): Int32Array {
  const prng = new Prng(seed);
  const hump = (centre: number, width: number): number => {
    const sum = prng.below(width) + prng.below(width) + prng.below(width);
    return Math.min(4000, Math.max(32, Math.round(centre + sum - 1.5 * width)));
  };
  return Int32Array.from({ length: count }, () => {
    if (prng.below(100) < 8) return 4096;
    return prng.below(100) < 60 ? hump(700, 500) : hump(1900, 900);
  });
}

/** `count` indexes below `bound`. */
export function randomIndexes(count: number, bound: number, seed: number): Int32Array {
  const prng = new Prng(seed);
  return Int32Array.from({ length: count }, () => prng.below(bound));
}
