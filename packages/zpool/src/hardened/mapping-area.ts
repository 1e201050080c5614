// The bytes that a caller of a hardened pool gets for a mapping: a copy of the object between two guards.
//
//   0          64                      64 + length   multiple of 8            + 64
//   | BB … BB   | the object's bytes    | BB … BB     | BB … … … BB             |
//     guard       mapping.offset = 64     guard, at least 64 bytes
//
// After unmap all of it is filled with FREED. An area is never used for a second mapping, so that a write through a mapping
// that was kept can hit nothing else.

import type { MapMode, Mapping } from "../zpool-driver.ts";
import { FREED, GUARD, allFreed, firstOther, lastOther, sealOf } from "./patterns.ts";

export const GUARD_BYTES = 64;
const GUARD_WORDS = GUARD_BYTES / 4;
const NO_BYTES = new ArrayBuffer(0);

export class MappingArea implements Mapping {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
  readonly handle: number;
  readonly mode: MapMode;
  /** The operation that made the mapping. */
  readonly mappedBy: number;
  /** The backend's mapping, open as long as this one. */
  readonly source: Mapping;
  /** Seal of the bytes that the mapping showed at first. */
  seal: number = 0;
  readonly #doubles: Float64Array;
  readonly #words: Int32Array;

  /** `hasBytes`: false on a size-only machine, where there is nothing to guard. */
  constructor(handle: number, length: number, mode: MapMode, mappedBy: number, source: Mapping, hasBytes: boolean) {
    const paddedBytes = Math.ceil(length / 8) * 8;
    const buffer = hasBytes ? new ArrayBuffer(paddedBytes + 2 * GUARD_BYTES) : NO_BYTES;
    this.bytes = new Uint8Array(buffer).fill(GUARD);
    this.offset = hasBytes ? GUARD_BYTES : 0;
    this.length = length;
    this.handle = handle;
    this.mode = mode;
    this.mappedBy = mappedBy;
    this.source = source;
    this.#doubles = new Float64Array(buffer);
    this.#words = new Int32Array(buffer);
  }

  /** Memory that the area takes. */
  get areaBytes(): number {
    return this.bytes.length;
  }

  /** Takes the object's bytes from the backend's mapping. */
  load(): void {
    const { bytes, offset } = this.source;
    this.bytes.set(bytes.subarray(offset, offset + this.length), GUARD_BYTES);
  }

  /** Writes the object's bytes to the backend's mapping. */
  store(): void {
    this.source.bytes.set(this.bytes.subarray(GUARD_BYTES, GUARD_BYTES + this.length), this.source.offset);
  }

  /** Sets every byte of the object. */
  fillObject(value: number): void {
    this.bytes.fill(value, GUARD_BYTES, GUARD_BYTES + this.length);
  }

  /** The seal of the object's bytes as they are in the area. */
  sealNow(): number {
    return sealOf(this.#words, GUARD_WORDS, this.length);
  }

  /** The byte nearest to the object, counted from its start, that is no guard any more: `length` or more after an overrun, below
   * 0 after an underrun; undefined if the guards are whole. */
  damagedByte(): number | undefined {
    const end = GUARD_BYTES + this.length;
    const after = firstOther(this.bytes, end, this.bytes.length, GUARD);
    if (after >= 0) return after - GUARD_BYTES;
    const before = lastOther(this.bytes, 0, Math.min(GUARD_BYTES, this.bytes.length), GUARD);
    return before >= 0 ? before - GUARD_BYTES : undefined;
  }

  /** Makes the guards whole again. */
  repairGuards(): void {
    this.bytes.fill(GUARD, 0, GUARD_BYTES);
    this.bytes.fill(GUARD, GUARD_BYTES + this.length);
  }

  /** Fills the area with FREED: the mapping has ended. */
  poison(): void {
    this.bytes.fill(FREED);
  }

  /** Whether a byte was written since `poison`. */
  wasWritten(): boolean {
    return !allFreed(this.#doubles);
  }

  /** The first byte, counted from the object's start, that was written since `poison`; one of them was. */
  writtenByte(): number {
    return firstOther(this.bytes, 0, this.bytes.length, FREED) - GUARD_BYTES;
  }
}
