// The LZO1X-1 encoder of Linux, plain ("lzo") and with zero runs ("lzo-rle"). It makes the kernel's choices, so its output is
// the kernel's to the byte.
//
// A stream is a list of instructions, each with the literals that go before or behind it, and an end marker:
//
//   +------------------+--------------+-----------------------+-- - --+--------------+
//   | prefix, lzo-rle: | literal run  | match or zero run,    |       | end marker:  |
//   | 11 01            | (>= 4 bytes) | 0..3 trailing literals|       | 11 00 00     |
//   +------------------+--------------+-----------------------+-- - --+--------------+
//
// A run of 1 to 3 literals has no instruction of its own: its length goes into two bits of the instruction before, in its "state byte".
//
// The unit is searched in blocks of 48 KiB, and matches don't leave a block. Literals that a block leaves are carried over to the next.

import { OUTPUT_START, UnitBuffer, equalBytes, wordAt } from "./unit-buffer.ts";

const TABLE_BITS = 13;
const HASH_SHIFT = 32 - TABLE_BITS;
const HASH_FACTOR = 0x1824_429d;
const SEARCH_MARGIN = 20; // last bytes of a block where no match starts
const SHORTEST_BLOCK = 32; // with the carry; less is not searched
const FIRST_POSITION = 5; // first position looked at in a unit; in later blocks it is 1
const MISS_SHIFT = 5; // the step grows by one for every 32 bytes without a match
const SHORTEST_MATCH = 4;
const LONGEST_ZERO_RUN = 2051;
const SHORT_COPY = 24; // bytes up to which a loop beats a call of copyWithin

const M2_MAX_LENGTH = 8;
const M2_MAX_DISTANCE = 2048;
const M3_MAX_DISTANCE = 16_384;
const M3_MAX_SHORT_LENGTH = 33; // longer matches need an extended number
const M4_MAX_SHORT_LENGTH = 9;
const M3 = 32;
const M4 = 16;
const M4_DISTANCE_BIT = 14; // of distance - 16384, kept in the instruction byte
const ZERO_RUN = 0x18;
const MAX_FIRST_LITERALS = 238; // a unit that is one literal run of up to so many bytes has a form of its own
const FIRST_LITERALS = 17;

// An M4 match of one of these lengths whose distance has these bits would look like a zero run to a decoder.
const FORBIDDEN_FROM = 261;
const FORBIDDEN_TO = 264;
const FORBIDDEN_DISTANCE = 0x403f;
const SHORTENED_LENGTH = 260;

export type LzoVariant = "lzo" | "lzo-rle";

export class LzoEncoder {
  readonly #name: LzoVariant;
  readonly #hasZeroRuns: boolean;
  readonly #blockBytes: number;
  readonly #unit = new UnitBuffer();
  /** Position in the block by hash. There is no mark for "never written": position 0 is a candidate like any other. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  #writes = true; // false: only the size is counted
  #end = 0; // of the output
  #stateByte = 0; // where in the output the number of trailing literals goes
  #carry = 0; // literals before the block that are not put out yet

  constructor(variant: LzoVariant) {
    this.#name = variant;
    this.#hasZeroRuns = variant === "lzo-rle";
    this.#blockBytes = this.#hasZeroRuns ? 49_151 : 49_152;
  }

  /** The unit compressed, as a view that the next call overwrites. Throws ZLAB_CODEC_UNIT_TOO_LARGE. */
  encode(source: Uint8Array): Uint8Array {
    this.#writes = true;
    this.#run(source);
    return this.#unit.output(this.#end);
  }

  /** Length of what `encode` would give. */
  encodedSize(source: Uint8Array): number {
    this.#writes = false;
    this.#run(source);
    return this.#end - OUTPUT_START;
  }

  #run(source: Uint8Array): void {
    const { length } = source;
    this.#unit.load(this.#name, source);
    this.#end = OUTPUT_START;
    this.#carry = 0;
    if (this.#hasZeroRuns) this.#putBytes(0x11, 0x01);
    const start = this.#end;
    let block = 0;
    while (block < length) {
      const blockBytes = Math.min(length - block, this.#blockBytes);
      if (blockBytes + this.#carry < SHORTEST_BLOCK) break;
      this.#carry = this.#encodeBlock(block, blockBytes);
      block += blockBytes;
    }
    const literals = this.#carry + length - block;
    if (this.#end === start && literals > 0 && literals <= MAX_FIRST_LITERALS) {
      this.#putBytes(FIRST_LITERALS + literals);
      this.#copyLiterals(0, literals);
    } else if (literals > 0) {
      this.#putLiterals(length - literals, literals);
    }
    this.#putBytes(0x11, 0x00, 0x00);
  }

  /** Searches one block, which begins at `block` of the unit; returns the number of literals it leaves. */
  #encodeBlock(block: number, blockBytes: number): number {
    const { words } = this.#unit;
    const table = this.#table;
    const hasZeroRuns = this.#hasZeroRuns;
    const limit = block + blockBytes - SEARCH_MARGIN;
    let anchor = block; // behind the last thing put out
    let carry = this.#carry;
    let position = block + (block === 0 ? FIRST_POSITION : 1);
    table.fill(0);
    while (position < limit) {
      const word = wordAt(words, position);
      let length = 0;
      let distance = 0;
      if (word === 0 && hasZeroRuns) {
        length = this.#zeroRunLength(position, limit);
      } else {
        const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
        const candidate = block + table[hash]!;
        table[hash] = position - block;
        if (wordAt(words, candidate) !== word) {
          position += 1 + ((position - anchor) >> MISS_SHIFT);
          continue;
        }
        distance = position - candidate;
        length = this.#matchLength(position, candidate, limit);
        if (hasZeroRuns && isForbidden(length, distance)) length = SHORTENED_LENGTH;
      }
      const literals = position - anchor + carry;
      carry = 0;
      if (literals > 0) this.#putLiterals(position - literals, literals);
      if (distance === 0) this.#putZeroRun(length);
      else this.#putMatch(distance, length);
      position += length;
      anchor = position;
    }
    return block + blockBytes - anchor + carry;
  }

  #zeroRunLength(position: number, limit: number): number {
    const { words, bytes } = this.#unit;
    const end = Math.min(limit, position + LONGEST_ZERO_RUN);
    let at = position + SHORTEST_MATCH;
    while (at + 4 <= end && wordAt(words, at) === 0) at += 4;
    while (at < end && bytes[at] === 0) at++;
    return at - position;
  }

  /** Length of a match of at least four bytes. The limit counts only each time that eight more bytes were equal, so that a match
   * may end behind it, and may end before it although more bytes are equal. */
  #matchLength(position: number, candidate: number, limit: number): number {
    const { words } = this.#unit;
    let end = position + SHORTEST_MATCH;
    const distance = position - candidate;
    do {
      const low = wordAt(words, end) ^ wordAt(words, end - distance);
      if (low !== 0) return end - position + equalBytes(low);
      const high = wordAt(words, end + 4) ^ wordAt(words, end + 4 - distance);
      if (high !== 0) return end + 4 - position + equalBytes(high);
      end += 8;
    } while (end < limit);
    return end - position;
  }

  #putLiterals(from: number, count: number): void {
    if (!this.#writes) {
      this.#end += count + (count <= 3 ? 0 : count <= 18 ? 1 : 1 + extendedBytes(count - 18));
      return;
    }
    const { bytes } = this.#unit;
    if (count <= 3) bytes[this.#stateByte]! |= count;
    else if (count <= 18) bytes[this.#end++] = count - 3;
    else {
      bytes[this.#end++] = 0;
      this.#putExtended(count - 18);
    }
    this.#copyLiterals(from, count);
  }

  #copyLiterals(from: number, count: number): void {
    const end = this.#end;
    this.#end = end + count;
    if (!this.#writes) return;
    const { bytes } = this.#unit;
    if (count <= SHORT_COPY) for (let i = 0; i < count; i++) bytes[end + i] = bytes[from + i]!;
    else bytes.copyWithin(end, from, from + count);
  }

  #putMatch(distance: number, length: number): void {
    if (length <= M2_MAX_LENGTH && distance <= M2_MAX_DISTANCE) {
      const code = distance - 1;
      this.#stateByte = this.#end;
      this.#putBytes(((length - 1) << 5) | ((code & 7) << 2), code >> 3);
      return;
    }
    let code = distance - 1;
    let instruction = M3;
    let maxShortLength = M3_MAX_SHORT_LENGTH;
    if (distance > M3_MAX_DISTANCE) {
      code = distance - M3_MAX_DISTANCE;
      instruction = M4 | ((code >> M4_DISTANCE_BIT) << 3);
      maxShortLength = M4_MAX_SHORT_LENGTH;
    }
    if (length <= maxShortLength) this.#putBytes(instruction | (length - 2));
    else {
      this.#putBytes(instruction);
      this.#putExtended(length - maxShortLength);
    }
    this.#stateByte = this.#end;
    this.#putBytes((code & 63) << 2, code >> 6);
  }

  #putZeroRun(length: number): void {
    const code = length - SHORTEST_MATCH;
    this.#stateByte = this.#end + 1;
    this.#putBytes(ZERO_RUN | (code & 7), 0xfc, 0xff, code >> 3);
  }

  /** A number of at least 1 in zero bytes of 255 each and a last byte that isn't 0. */
  #putExtended(value: number): void {
    if (!this.#writes) {
      this.#end += extendedBytes(value);
      return;
    }
    const { bytes } = this.#unit;
    let rest = value;
    for (; rest > 255; rest -= 255) bytes[this.#end++] = 0;
    bytes[this.#end++] = rest;
  }

  #putBytes(...values: number[]): void {
    for (const value of values) this.#unit.bytes[this.#end++] = value;
  }
}

function extendedBytes(value: number): number {
  return Math.ceil(value / 255);
}

function isForbidden(length: number, distance: number): boolean {
  if (length < FORBIDDEN_FROM || length > FORBIDDEN_TO || distance <= M3_MAX_DISTANCE) return false;
  return ((distance - M3_MAX_DISTANCE) & FORBIDDEN_DISTANCE) === FORBIDDEN_DISTANCE;
}
