// Frees of objects that are another thread's. Handles go through rings in shared memory, one for each pair of threads, so that each
// has one thread that pushes and one that takes, and needs no lock:
//
//   freer   handle → ring of the owner's mailbox → (now and then) its new tail, and the doorbell
//   owner   (now and then) doorbell → takes all handles of all rings → frees them → the new heads
//
// Neither ever waits for the other: when a ring is full, handles are kept aside by the freer and pushed later. To publish and to look
// only every few operations is what makes it cheap: the two threads' caches quarrel about a line once for many handles.

import * as mailboxLayout from "./mailbox.ts";

// V8 folds a module's own constants into optimised code, but loads those of other modules at every use; hence these copies.
const { CLOSED, DOORBELL, HANDLES, HEAD, QUIET, RING_CAPACITY, RUNG, TAIL, ringOf } = mailboxLayout;
const POSITION_MASK = RING_CAPACITY - 1;

/** The pushing side of one ring. */
class OutgoingRing {
  readonly #mailbox: Int32Array;
  readonly #ring: number;
  readonly #aside: number[] = []; // handles for which there was no room
  #tail = 0;
  #published = 0;
  #headSeen = 0;

  constructor(mailbox: Int32Array, from: number) {
    this.#mailbox = mailbox;
    this.#ring = ringOf(from);
  }

  push(handle: number): void {
    const tail = this.#tail;
    if (((tail - this.#headSeen) | 0) >= RING_CAPACITY && !this.#findRoom()) {
      this.#aside.push(handle);
      return;
    }
    this.#mailbox[this.#ring + HANDLES + (tail & POSITION_MASK)] = handle;
    this.#tail = (tail + 1) | 0;
  }

  /** Shows the owner what was pushed. */
  publish(): void {
    while (this.#aside.length > 0 && this.#findRoom()) this.push(this.#aside.pop()!);
    if (this.#tail === this.#published) return;
    this.#published = this.#tail;
    Atomics.store(this.#mailbox, this.#ring + TAIL, this.#tail);
    // The owner silences the bell before it looks at the tails, so that none of the two can miss the other.
    if (Atomics.load(this.#mailbox, DOORBELL) === QUIET) {
      Atomics.compareExchange(this.#mailbox, DOORBELL, QUIET, RUNG);
    }
  }

  /** Handles for which there is no room. */
  get asideCount(): number {
    return this.#aside.length;
  }

  /** Handles that the owner hasn't taken. */
  waiting(): number {
    return ((this.#tail - Atomics.load(this.#mailbox, this.#ring + HEAD)) | 0) + this.#aside.length;
  }

  #findRoom(): boolean {
    this.#headSeen = Atomics.load(this.#mailbox, this.#ring + HEAD);
    return ((this.#tail - this.#headSeen) | 0) < RING_CAPACITY;
  }
}

/** Handles of one shard's objects that other threads have freed. */
export class IncomingFrees {
  readonly #mailbox: Int32Array;
  readonly #shard: number;
  readonly #heads: Int32Array; // by the shard of the thread that pushes

  constructor(mailbox: Int32Array, shard: number, shardCount: number) {
    this.#mailbox = mailbox;
    this.#shard = shard;
    this.#heads = new Int32Array(shardCount);
  }

  /** Takes what there is and calls `free` with each handle, which may not throw; returns how many there were. */
  take(free: (handle: number) => void): number {
    const mailbox = this.#mailbox;
    if (Atomics.load(mailbox, DOORBELL) !== RUNG) return 0;
    Atomics.store(mailbox, DOORBELL, QUIET);
    let count = 0;
    for (let from = 0; from < this.#heads.length; from++) if (from !== this.#shard) count += this.#takeFrom(from, free);
    return count;
  }

  /** Handles in the rings now. */
  waiting(): number[] {
    return this.waitingByShard().flatMap((count, from) => {
      const head = this.#heads[from]!;
      const length = Math.max(0, Math.min(count, RING_CAPACITY));
      return Array.from({ length }, (_, n) => this.#mailbox[ringOf(from) + HANDLES + ((head + n) & POSITION_MASK)]!);
    });
  }

  /** How many handles are in the ring of each thread: 0 to the capacity. */
  waitingByShard(): number[] {
    return Array.from(this.#heads, (head, from) => (Atomics.load(this.#mailbox, ringOf(from) + TAIL) - head) | 0);
  }

  /** No thread pushes any more. */
  close(): void {
    Atomics.store(this.#mailbox, DOORBELL, CLOSED);
  }

  #takeFrom(from: number, free: (handle: number) => void): number {
    const mailbox = this.#mailbox;
    const ring = ringOf(from);
    const tail = Atomics.load(mailbox, ring + TAIL);
    const head = this.#heads[from]!;
    if (head === tail) return 0;
    for (let n = head; n !== tail; n = (n + 1) | 0) free(mailbox[ring + HANDLES + (n & POSITION_MASK)]!);
    this.#heads[from] = tail;
    Atomics.store(mailbox, ring + HEAD, tail);
    return (tail - head) | 0;
  }
}

/** Handles of other shards' objects that this thread has freed. */
export class OutgoingFrees {
  readonly #rings: readonly OutgoingRing[]; // by the shard that owns the objects
  #sent = 0;
  #published = 0;

  /** `mailboxes` are those of all shards; `shard` is this thread's. */
  constructor(mailboxes: readonly Int32Array[], shard: number) {
    this.#rings = mailboxes.map((mailbox) => new OutgoingRing(mailbox, shard));
  }

  /** Handles sent so far. */
  get sent(): number {
    return this.#sent;
  }

  /** Sends a handle to the shard that owns it, which will see it after `publish`. */
  send(to: number, handle: number): void {
    this.#rings[to]!.push(handle);
    this.#sent++;
  }

  publish(): void {
    if (this.#sent === this.#published) return;
    let aside = 0;
    for (const ring of this.#rings) {
      ring.publish();
      aside += ring.asideCount;
    }
    this.#published = this.#sent - aside;
  }

  /** Handles that their owners haven't taken. */
  waiting(): number {
    return this.#rings.reduce((sum, ring) => sum + ring.waiting(), 0);
  }
}
