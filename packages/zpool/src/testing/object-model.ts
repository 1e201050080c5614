// What the kit knows about one object: the bytes it must hold, as far as they are defined.

import { Prng } from "@zlab/hw-sim";
import type { Handle } from "../zpool-driver.ts";
import type { ObjectName } from "./step.ts";

const UNKNOWN = -1;

export class ObjectModel {
  readonly name: ObjectName;
  readonly pool: number;
  readonly handle: Handle;
  /** Bytes that malloc was asked for. */
  readonly bytes: number;
  readonly gfp: number;
  /** Bytes that a mapping showed to be usable; -1 before the first mapping. */
  usableBytes: number = UNKNOWN;
  content: Uint8Array;
  /** 1 for each byte of `content` that is defined. */
  known: Uint8Array;
  #knownPrefix = 0; // all bytes before this one are defined
  #knownEnd = 0;

  constructor(name: ObjectName, pool: number, handle: Handle, bytes: number, gfp: number) {
    this.name = name;
    this.pool = pool;
    this.handle = handle;
    this.bytes = bytes;
    this.gfp = gfp;
    this.content = NOTHING;
    this.known = NOTHING;
  }

  /** Bytes that may certainly be read and written. */
  get accessibleBytes(): number {
    return this.usableBytes === UNKNOWN ? this.bytes : this.usableBytes;
  }

  /** One more than the last defined byte; 0 if none is. */
  get knownEnd(): number {
    return this.#knownEnd;
  }

  /** Defines `length` bytes from `from` as the pattern of `seed`. */
  setPattern(from: number, length: number, seed: number): void {
    this.#grow(from + length);
    fillPattern(this.content, from, length, seed);
    this.#define(from, from + length);
  }

  /** Defines one byte. */
  setByte(index: number, value: number): void {
    this.#grow(index + 1);
    this.content[index] = value;
    this.#define(index, index + 1);
  }

  /** The same object under another handle, after it was copied to another pool: what was asked for in malloc, and no more. */
  movedTo(handle: Handle): ObjectModel {
    const moved = new ObjectModel(this.name, this.pool, handle, this.bytes, this.gfp);
    const length = Math.min(this.bytes, this.content.length);
    moved.#grow(length);
    moved.content.set(this.content.subarray(0, length));
    const prefix = Math.min(length, this.#knownPrefix);
    if (prefix > 0) moved.#define(0, prefix);
    for (let i = prefix; i < length; i++) if (this.known[i] === 1) moved.#define(i, i + 1);
    return moved;
  }

  /** From now on no byte is defined. */
  forget(): void {
    this.known.fill(0);
    this.#knownPrefix = 0;
    this.#knownEnd = 0;
  }

  /** First defined byte that `got` (whose byte 0 is at `offset`) doesn't have; -1 if all agree. */
  firstDifference(got: Uint8Array, offset: number): number {
    const { content, known } = this;
    const agreeing = equalWords(content, got, offset, this.#knownPrefix);
    for (let i = agreeing; i < this.#knownEnd; i++) {
      if (known[i] === 1 && got[offset + i] !== content[i]) return i;
    }
    return -1;
  }

  #define(from: number, end: number): void {
    this.known.fill(1, from, end);
    if (from <= this.#knownPrefix && end > this.#knownPrefix) this.#knownPrefix = end;
    if (end > this.#knownEnd) this.#knownEnd = end;
  }

  #grow(length: number): void {
    if (length <= this.content.length) return;
    const capacity = Math.max(length, this.accessibleBytes);
    const content = new Uint8Array(capacity);
    const known = new Uint8Array(capacity);
    content.set(this.content);
    known.set(this.known);
    this.content = content;
    this.known = known;
  }
}

const NOTHING = new Uint8Array(0);

/** How many bytes from the start of `content` are in `got` at `offset` too, up to `length`, counted in words where both
 * arrays allow it: a lower bound, to be followed by a comparison of bytes. */
export function equalWords(content: Uint8Array, got: Uint8Array, offset: number, length: number): number {
  const start = got.byteOffset + offset;
  const wordCount = Math.min(length, got.length - offset) >> 2;
  if ((start & 3) !== 0 || wordCount < 8) return 0;
  const expectedWords = new Int32Array(content.buffer, content.byteOffset, wordCount);
  const gotWords = new Int32Array(got.buffer, start, wordCount);
  let word = 0;
  while (word < wordCount && expectedWords[word] === gotWords[word]) word++;
  return word * 4;
}

const TABLE_BYTES = 2 ** 18;
const table = randomBytes(TABLE_BYTES);

function randomBytes(count: number): Uint8Array {
  const prng = new Prng(1);
  return Uint8Array.from({ length: count }, () => prng.below(256));
}

/** Fills `length` bytes from `from` with bytes that differ between seeds and between positions, so that a shift, a swap or a
 * stale copy shows: a window of a table of random bytes, where the seed places the window. */
export function fillPattern(target: Uint8Array, from: number, length: number, seed: number): void {
  let at = ((Math.imul(seed + 1, 0x9e3779b1) >>> 0) + from) % TABLE_BYTES;
  for (let done = 0; done < length;) {
    const part = Math.min(length - done, TABLE_BYTES - at);
    target.set(table.subarray(at, at + part), from + done);
    done += part;
    at = 0;
  }
}
