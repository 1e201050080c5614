// What threads tell each other about a shard, one array of 32-bit words per shard. Every group of words that one thread writes and
// others read has a cache line pair of its own:
//
//   word  0        32         64       96                  96 + RING_WORDS
//        ┌────────┬──────────┬────────┬───────────────────┬───────────────────┬───
//        │ moves  │ doorbell │ owner  │ ring of shard 0   │ ring of shard 1   │ …
//        └────────┴──────────┴────────┴───────────────────┴───────────────────┴───
//                                      head, tail, handles
//
//   moves      sequence number of the owner's moves: odd while an object is on its way (moves.ts)
//   doorbell   whether there is something in the rings, or the shard is closed
//   owner      whether a thread has opened the shard
//   ring       handles that the thread of another shard frees: that thread pushes, the owner takes (remote-frees.ts)

/** Words of two cache lines: processors fetch them in pairs. */
const LINES = 32;

export const MOVES = 0;
export const DOORBELL: number = LINES;
export const OWNER: number = 2 * LINES;
const RINGS = 3 * LINES;

/** Values of the doorbell. */
export const QUIET = 0;
export const RUNG = 1;
export const CLOSED = 2;

/** Handles that a ring can hold, a power of two. */
export const RING_CAPACITY = 2048;
export const HEAD = 0; // handles taken ever; wraps round at 32 bits
export const TAIL: number = LINES; // handles pushed ever
export const HANDLES: number = 2 * LINES;
const RING_WORDS = HANDLES + RING_CAPACITY;

/** Words of a shard's mailbox. */
export function mailboxWords(shardCount: number): number {
  return RINGS + shardCount * RING_WORDS;
}

/** Where in a mailbox the ring begins that the thread of shard `from` fills. */
export function ringOf(from: number): number {
  return RINGS + from * RING_WORDS;
}
