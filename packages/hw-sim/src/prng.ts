// A small seeded generator (xorshift32), for everything in the simulation that is random and must be repeatable.

/** What xorshift starts from in place of 0, where it would stay for ever. */
const NONZERO_STATE = 0x9e37_79b9;

export class Prng {
  #state: number;

  /** `seed` is any integer. Its bits are mixed first: without that, small seeds begin with small numbers. */
  constructor(seed: number) {
    this.#state = mix(seed) || NONZERO_STATE;
  }

  /** The next 32-bit unsigned number. */
  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** A number from 0 to `bound` - 1; `bound` is from 1 to 2^32. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }
}

/** Spreads every bit of a number over all 32 (the finalizer of MurmurHash3). */
function mix(seed: number): number {
  let h = seed | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85eb_ca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2_ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
