// A workload like zram's: sizes with a hump around 700 bytes, a wider one around 1,900, and some pages that do not compress; and a
// pool of so many such objects that are overwritten in random order.

import { Prng } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { mustStore } from "./own-pages.ts";

const PAGE_BYTES = 4096;
const SMALLEST_BYTES = 24;
const LARGEST_BYTES = 3600;
/** Parts in a hundred: whole pages, and of the rest the lower hump. */
const WHOLE_PAGES = 8;
const LOWER_HUMP = 60;
/** Mean and standard deviation in bytes. */
const LOWER = [700, 250] as const;
const UPPER = [1900, 500] as const;
/** The sum of so many even random numbers from 0 to 1 has a standard deviation of 1. */
const SUMMANDS = 12;

/** `count` sizes in bytes. */
export function drawTwoHumps(count: number, seed: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, () => drawSize(prng));
}

function drawSize(prng: Prng): number {
  if (prng.below(100) < WHOLE_PAGES) return PAGE_BYTES;
  const [mean, deviation] = prng.below(100) < LOWER_HUMP ? LOWER : UPPER;
  let sum = 0;
  for (let i = 0; i < SUMMANDS; i++) sum += prng.next() / 2 ** 32;
  const bytes = Math.round(mean + (sum - SUMMANDS / 2) * deviation);
  return Math.min(LARGEST_BYTES, Math.max(SMALLEST_BYTES, bytes));
}

/** A pool with a place for each of `sizes`. */
export class SmallPool {
  readonly #pool: ZsPool;
  readonly #sizes: number[];
  readonly #handles: Handle[];
  readonly #prng: Prng;

  /** Fills the places in order. */
  constructor(pool: ZsPool, sizes: readonly number[], seed: number) {
    this.#pool = pool;
    this.#sizes = [...sizes];
    this.#handles = sizes.map((bytes) => mustStore(pool, bytes));
    this.#prng = new Prng(seed + 1);
  }

  /** Overwrites each place about twice: pairs of places drawn at random exchange their sizes, so that the bytes stored stay the
   * same. A new object is stored before the old one is freed. */
  churn(): void {
    const count = this.#sizes.length;
    for (let step = 0; step < count; step++) {
      const a = this.#prng.below(count);
      const b = this.#prng.below(count);
      const bytes = this.#sizes[a]!;
      this.#sizes[a] = this.#sizes[b]!;
      this.#sizes[b] = bytes;
      for (const place of [a, b]) this.#overwrite(place);
    }
  }

  #overwrite(place: number): void {
    const handle = mustStore(this.#pool, this.#sizes[place]!);
    this.#pool.free(this.#handles[place]!);
    this.#handles[place] = handle;
  }
}
