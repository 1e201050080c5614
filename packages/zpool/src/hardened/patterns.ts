// The byte patterns of hardened pools, and the checks whether they are still there. FREED and FRESH are those of the kernel's
// slab allocator, so that they mean something in a dump.

/** Around a mapped object. */
export const GUARD = 0xbb;
/** In a freed object, and in an ended mapping. */
export const FREED = 0x6b;
/** In an object that was never written, and in a WO mapping before it is written. */
export const FRESH = 0x5a;

/** The first byte of `bytes` from `from` to before `end` that isn't `value`; -1 if there is none. */
export function firstOther(bytes: Uint8Array, from: number, end: number, value: number): number {
  for (let index = from; index < end; index++) if (bytes[index] !== value) return index;
  return -1;
}

/** The last byte of `bytes` from `from` to before `end` that isn't `value`; -1 if there is none. */
export function lastOther(bytes: Uint8Array, from: number, end: number, value: number): number {
  for (let index = end - 1; index >= from; index--) if (bytes[index] !== value) return index;
  return -1;
}

const FREED_WORD = new Int32Array(new Uint8Array(4).fill(FREED).buffer)[0]!;
const FREED_DOUBLE = new Float64Array(new Uint8Array(8).fill(FREED).buffer)[0]!;

/** Whether all of an array is FREED. As a double the pattern is an ordinary number, equal to no other bit pattern. */
export function allFreed(doubles: Float64Array): boolean {
  for (let index = 0; index < doubles.length; index++) if (doubles[index] !== FREED_DOUBLE) return false;
  return true;
}

/** Whether the first `length` bytes of an array are FREED; `words` and `bytes` are views of the same memory. */
export function startsFreed(words: Int32Array, bytes: Uint8Array, length: number): boolean {
  const wordCount = length >> 2;
  for (let index = 0; index < wordCount; index++) if (words[index] !== FREED_WORD) return false;
  return firstOther(bytes, wordCount << 2, length, FREED) < 0;
}

const FIRST_FACTOR = 0x9e3779b1 | 0; // odd, so that a multiplication loses nothing
const SECOND_FACTOR = 0x85ebca77 | 0;

/** A 32-bit sum of `length` bytes from word `from` of `words`, by which a change of the bytes is seen. Every step maps the state
 * one-to-one for a given word, and each word for a given state: a change within one aligned word always shows, any other but
 * for one in 2^32. Four sums run side by side, since a multiplication has to wait for the one before. */
export function sealOf(words: Int32Array, from: number, length: number): number {
  const end = from + (length >> 2);
  let [a, b, c, d] = [length | 0, 1, 2, 3];
  let index = from;
  for (; index + 4 <= end; index += 4) {
    a = step(a, words[index]!);
    b = step(b, words[index + 1]!);
    c = step(c, words[index + 2]!);
    d = step(d, words[index + 3]!);
  }
  for (; index < end; index++) a = step(a, words[index]!);
  const restBits = (length & 3) << 3;
  if (restBits > 0) a = step(a, words[end]! << (32 - restBits)); // words are little-endian: the first bytes are the low ones
  return step(step(step(a, b), c), d);
}

function step(state: number, word: number): number {
  const product = Math.imul(state ^ word, FIRST_FACTOR);
  return Math.imul((product << 13) | (product >>> 19), SECOND_FACTOR);
}
