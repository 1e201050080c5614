// What the kit knows about one object: the bytes it must hold, as far as they are defined.

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
    return this.known.lastIndexOf(1) + 1;
  }

  /** Defines `length` bytes from `from` as the pattern of `seed`. */
  setPattern(from: number, length: number, seed: number): void {
    this.#grow(from + length);
    fillPattern(this.content, from, length, seed);
    this.known.fill(1, from, from + length);
  }

  /** Defines one byte. */
  setByte(index: number, value: number): void {
    this.#grow(index + 1);
    this.content[index] = value;
    this.known[index] = 1;
  }

  /** From now on no byte is defined. */
  forget(): void {
    this.known.fill(0);
  }

  /** First defined byte that `got` (whose byte 0 is at `offset`) doesn't have; -1 if all agree. */
  firstDifference(got: Uint8Array, offset: number): number {
    const { content, known } = this;
    for (let i = 0; i < known.length; i++) {
      if (known[i] === 1 && got[offset + i] !== content[i]) return i;
    }
    return -1;
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

/** Fills bytes that differ between seeds and between neighbouring positions, also far apart, so that a shift, a swap or a
 * stale copy shows. */
export function fillPattern(target: Uint8Array, from: number, length: number, seed: number): void {
  let state = Math.imul(seed + 1, 0x9e3779b1) + Math.imul(from, 0x85ebca6b);
  for (let i = from; i < from + length; i++) {
    target[i] = (state >>> 24) ^ (state >>> 13);
    state = (state + 0x85ebca6b) | 0;
  }
}
