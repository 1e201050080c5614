// Reading an object that another thread may be moving. The owner counts its moves, once before each and once after, so that the count
// is odd while an object is on its way. A reader looks at the count, follows the handle, copies, and looks again: if the
// count has changed, or was odd, what was read may be of two places, and is read anew. The owner never waits for readers.
//
// The second look is an addition of 0: it orders the reads before it, which an ordinary atomic read doesn't on all processors.

import { ZPoolError } from "@zlab/zpool";
import { MOVES } from "./mailbox.ts";

/** What `moves` is once the shard is closed, so that readers find out without looking at anything else. */
const CLOSED_MOVES = -1;
/** Looks at the count before a reader sleeps: a move takes less than ten microseconds, unless its thread is not running. */
const LOOKS = 1_000;
const NAP_MS = 1;
const LONGEST_NAPS = 10_000;

/** The owner's side. */
export class MoveCounter {
  readonly #mailbox: Int32Array;

  constructor(mailbox: Int32Array) {
    this.#mailbox = mailbox;
  }

  begin(): void {
    Atomics.add(this.#mailbox, MOVES, 1);
  }

  end(): void {
    // Over the top to 0, so that no count but the closed one is negative.
    const next = Atomics.load(this.#mailbox, MOVES) + 1;
    Atomics.store(this.#mailbox, MOVES, next > 0x7fff_fff0 ? 0 : next);
  }

  /** No object is moved or can be read any more. */
  close(): void {
    Atomics.store(this.#mailbox, MOVES, CLOSED_MOVES);
  }
}

/** The reader's side. `shard` names the shard in messages. */
export class MoveWatch {
  readonly #mailbox: Int32Array;
  readonly #shard: string;

  constructor(mailbox: Int32Array, shard: string) {
    this.#mailbox = mailbox;
    this.#shard = shard;
  }

  /** The count while no object is on its way, for `unchanged`. Throws ZLAB_DESTROYED for a closed shard, and ZLAB_SHARD if a move
   * does not come to its end: then the owner's thread was stopped in the midst of it. */
  begin(): number {
    const moves = Atomics.load(this.#mailbox, MOVES);
    return (moves & 1) === 0 ? moves : this.#await();
  }

  /** Whether the shard is closed, as far as this thread knows. */
  get isClosed(): boolean {
    return this.#mailbox[MOVES] === CLOSED_MOVES;
  }

  /** Whether nothing was moved since `begin` returned `moves`. */
  unchanged(moves: number): boolean {
    return Atomics.add(this.#mailbox, MOVES, 0) === moves;
  }

  #await(): number {
    for (let look = 0; look < LOOKS + LONGEST_NAPS; look++) {
      const moves = Atomics.load(this.#mailbox, MOVES);
      if (moves === CLOSED_MOVES) throw new ZPoolError("ZLAB_DESTROYED", `${this.#shard} is destroyed already`);
      if ((moves & 1) === 0) return moves;
      if (look >= LOOKS) Atomics.wait(this.#mailbox, MOVES, moves, NAP_MS);
    }
    throw new ZPoolError(
      "ZLAB_SHARD",
      `${this.#shard}: an object has been on its way for 10 seconds; its thread was stopped, make a new pool`,
    );
  }
}
