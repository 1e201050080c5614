// Object sizes worth trying: where rounding to steps, powers of two and parts of a page goes wrong, it goes wrong by one.

import * as fc from "fast-check";
import type { Context } from "./subject.ts";

/** Steps to which allocators round, in bytes. */
const STEPS = [8, 16, 32, 64] as const;

/** A size from 1 to the largest that the workloads ask for, mostly at a boundary. */
export function sizeArbitrary(context: Context): fc.Arbitrary<number> {
  const { largestBytes, pageBytes } = context;
  const usual = Math.min(largestBytes, 2 * pageBytes);
  const clamp = (bytes: number): number => Math.max(1, Math.min(largestBytes, bytes));
  const nearby = fc.constantFrom(-1, 0, 1);
  const stepped = fc
    .tuple(fc.constantFrom(...STEPS), fc.nat(), nearby)
    .map(([step, nth, delta]) => clamp((1 + (nth % Math.ceil(usual / step))) * step + delta));
  const powers = fc
    .tuple(fc.nat(Math.ceil(Math.log2(usual))), nearby)
    .map(([exponent, delta]) => clamp(2 ** exponent + delta));
  const fractions = fc
    .tuple(fc.integer({ min: 1, max: 20 }), fc.constantFrom(-64, -16, -8, -1, 0, 1, 8))
    .map(([parts, delta]) => clamp(Math.floor(pageBytes / parts) + delta));
  const top = fc.constantFrom(0, 1, 2, 7, 8, 9, 15, 16, 63, 64, 128).map((below) => clamp(largestBytes - below));
  return fc.oneof(
    { weight: 4, arbitrary: stepped },
    { weight: 2, arbitrary: powers },
    { weight: 2, arbitrary: fractions },
    { weight: 1, arbitrary: top },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: usual }) },
  );
}

/** Sizes for a sweep: all from 1 to the largest if they are at most 5000, otherwise those next to some 300 multiples of a
 * step and to the powers of two. */
export function sweepSizes({ largestBytes }: Context): number[] {
  if (largestBytes <= 5000) return Array.from({ length: largestBytes }, (_, i) => i + 1);
  const stride = Math.max(64, 2 ** Math.ceil(Math.log2(largestBytes / 300)));
  const sizes = new Set<number>();
  const addAround = (bytes: number): void => {
    for (const size of [bytes - 1, bytes, bytes + 1]) if (size >= 1 && size <= largestBytes) sizes.add(size);
  };
  for (let bytes = stride; bytes <= largestBytes + 1; bytes += stride) addAround(bytes);
  for (let bytes = 1; bytes <= largestBytes; bytes *= 2) addAround(bytes);
  return [...sizes].toSorted((a, b) => a - b);
}

/** Sizes to fill pages with densely: with 4 KiB pages the upper ends of size classes a 256th of a page apart, with larger
 * pages every fourth or sixteenth of them. */
export function classSizes({ largestBytes, pageBytes }: Context): number[] {
  const usual = Math.min(largestBytes, pageBytes);
  const step = (pageBytes / 256) * Math.min(16, pageBytes / 4096);
  return Array.from({ length: Math.floor(usual / step) }, (_, i) => (i + 1) * step);
}

/** Cuts a list into parts of at most `length` elements. */
export function partsOf<T>(items: readonly T[], length: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / length) }, (_, i) => items.slice(i * length, (i + 1) * length));
}
