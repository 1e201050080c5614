// A small seeded generator (xorshift32), for everything in the simulation that is random and must be repeatable.

export class Prng {
  #state: number;

  /** `seed` is any integer; 0 is replaced, since xorshift would stay there for ever. */
  constructor(seed: number) {
    this.#state = seed >>> 0 || 0x9e3779b9;
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

  /** A number from 0 to `bound` - 1. */
  below(bound: number): number {
    return Math.floor((this.next() / 0x1_0000_0000) * bound);
  }
}
