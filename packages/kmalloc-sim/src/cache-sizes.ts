// The sizes of the kmalloc caches and the way from a request to its cache. Sizes are powers of two, and 96 and 192
// between them; so a small request is looked up in a table and a larger one follows from its highest bit, as in the kernel.

/** Up to here a request is looked up in a table, in steps of 8 bytes. */
const TABLE_BYTES = 192;

/** Cache sizes in bytes, ascending: `smallestBytes`, its doubles up to `largestBytes`, and 96 and 192. */
export function cacheSizes(smallestBytes: number, largestBytes: number): number[] {
  const sizes = [96, 192];
  for (let bytes = smallestBytes; bytes <= largestBytes; bytes *= 2) sizes.push(bytes);
  return sizes.toSorted((a, b) => a - b);
}

/** Finds the smallest cache that a request fits in. */
export class CacheFinder {
  /** The largest request that a cache serves, in bytes. */
  readonly largestBytes: number;
  readonly #small: Uint8Array; // cache of (8 * i) bytes
  readonly #cacheOf256: number;

  /** `sizes` as `cacheSizes` makes them, from at most 32 up to at least 256. */
  constructor(sizes: readonly number[]) {
    this.largestBytes = sizes.at(-1)!;
    this.#small = Uint8Array.from({ length: TABLE_BYTES / 8 + 1 }, (_, i) => sizes.findIndex((size) => size >= 8 * i));
    this.#cacheOf256 = sizes.indexOf(256);
  }

  /** Index of the cache for a request of 1 to `largestBytes` bytes. */
  cacheOf(bytes: number): number {
    if (bytes <= TABLE_BYTES) return this.#small[(bytes + 7) >> 3]!;
    return this.#cacheOf256 + 24 - Math.clz32(bytes - 1);
  }
}

/** The order of the smallest block of 2^order pages that holds `bytes`. */
export function orderOf(bytes: number, pageBytes: number): number {
  let order = 0;
  while (pageBytes * 2 ** order < bytes) order++;
  return order;
}
