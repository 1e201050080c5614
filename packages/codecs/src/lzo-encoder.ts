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

import { copyLiterals } from "./copy.ts";
import { STREAM_START, WorkingMemory, equalBytes } from "./working-memory.ts";

const TABLE_BITS = 13;
const HASH_SHIFT = 32 - TABLE_BITS;
const HASH_FACTOR = 0x1824_429d;
const SEARCH_MARGIN = 20; // last bytes of a block where no match starts
const SHORTEST_BLOCK = 32; // with the carry; less is not searched
const FIRST_POSITION = 5; // first position looked at in a unit; in later blocks it is 1
const MISS_SHIFT = 5; // the step grows by one for every 32 bytes without a match
const SHORTEST_MATCH = 4;
const LONGEST_ZERO_RUN = 2051;

const PREFIX = 0x0111; // of lzo-rle, little-endian: 11 01
const PREFIX_BYTES = 2;
const END_MARKER = 0x000011; // 11 00 00
const END_MARKER_BYTES = 3;
const RUN_BASE = 18; // length of a literal run beyond which it needs an extended number
const M2_MAX_LENGTH = 8;
const M2_MAX_DISTANCE = 2048;
const M3_MAX_DISTANCE = 16_384;
const M3_MAX_SHORT_LENGTH = 33; // longer matches need an extended number
const M4_MAX_SHORT_LENGTH = 9;
const M3 = 32;
const M4 = 16;
const M4_DISTANCE_BIT = 14; // of distance - 16384, kept in the instruction byte
const MATCH_STATE = 2; // the state byte of a match is the last but one
const ZERO_RUN = 0x18;
const ZERO_RUN_BYTES = 4;
const ZERO_RUN_STATE = 3; // and that of a zero run the last but two
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
  readonly #memory = new WorkingMemory();
  /** Position in the block by hash. There is no mark for "never written": position 0 is a candidate like any other. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  #streamEnd = 0; // in the memory, after the blocks done so far
  #carry = 0; // literals before the block that are not put out yet

  constructor(variant: LzoVariant) {
    this.#name = variant;
    this.#hasZeroRuns = variant === "lzo-rle";
    this.#blockBytes = this.#hasZeroRuns ? 49_151 : 49_152;
  }

  /** The unit compressed, as a view that the next call overwrites. Throws ZLAB_CODEC_UNIT_TOO_LARGE. */
  encode(source: Uint8Array): Uint8Array {
    return this.#memory.streamUpTo(this.#run(source, true));
  }

  /** Length of what `encode` would give. */
  encodedSize(source: Uint8Array): number {
    return this.#run(source, false) - STREAM_START;
  }

  /** Compresses the unit or, if it doesn't write, counts; returns where in the memory the stream ends. */
  #run(source: Uint8Array, writes: boolean): number {
    const { length } = source;
    this.#memory.loadUnit(this.#name, source);
    const { bytes, view } = this.#memory;
    let start = STREAM_START;
    if (this.#hasZeroRuns) {
      view.setUint16(start, PREFIX, true);
      start += PREFIX_BYTES;
    }
    this.#streamEnd = start;
    this.#carry = 0;
    let block = 0;
    while (block < length) {
      const blockBytes = Math.min(length - block, this.#blockBytes);
      if (blockBytes + this.#carry < SHORTEST_BLOCK) break;
      this.#encodeBlock(block, blockBytes, writes);
      block += blockBytes;
    }
    const literals = this.#carry + length - block;
    let end = this.#streamEnd;
    if (end === start && literals > 0 && literals <= MAX_FIRST_LITERALS) {
      bytes[end++] = FIRST_LITERALS + literals;
      copyLiterals(bytes, view, 0, end, literals);
      end += literals;
    } else if (!writes) {
      end += literalBytes(literals);
    } else if (literals > 0) {
      end = putLiterals(bytes, view, end, 0, length - literals, literals); // more than three, too
    }
    if (writes) view.setInt32(end, END_MARKER, true);
    return end + END_MARKER_BYTES;
  }

  /** Searches one block, which begins at `block` of the unit, and leaves the literals at its end as the carry. */
  #encodeBlock(block: number, blockBytes: number, writes: boolean): void {
    const { bytes, view } = this.#memory;
    const table = this.#table;
    const hasZeroRuns = this.#hasZeroRuns;
    const limit = block + blockBytes - SEARCH_MARGIN;
    let streamEnd = this.#streamEnd;
    let stateByte = 0; // where the last instruction has the number of trailing literals; the first follows more than three
    let carry = this.#carry;
    let anchor = block; // behind the last thing put out
    let position = block + (block === 0 ? FIRST_POSITION : 1);
    table.fill(0);
    // HOT: nearly all of the time goes into this loop, most of it into positions without a match.
    while (position < limit) {
      const word = view.getInt32(position, true);
      let length = 0;
      let distance = 0;
      if (word === 0 && hasZeroRuns) {
        length = zeroRunLength(bytes, view, position, limit);
      } else {
        const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
        const candidate = block + table[hash]!;
        table[hash] = position - block;
        if (view.getInt32(candidate, true) !== word) {
          position += 1 + ((position - anchor) >> MISS_SHIFT);
          continue;
        }
        distance = position - candidate;
        length = matchLength(view, position, distance, limit);
        if (hasZeroRuns && isForbidden(length, distance)) length = SHORTENED_LENGTH;
      }
      const literals = position - anchor + carry;
      carry = 0;
      if (!writes) {
        streamEnd += literalBytes(literals) + (distance === 0 ? ZERO_RUN_BYTES : matchBytes(distance, length));
      } else {
        if (literals > 0) streamEnd = putLiterals(bytes, view, streamEnd, stateByte, position - literals, literals);
        if (distance === 0) streamEnd = putZeroRun(bytes, streamEnd, length);
        else streamEnd = putMatch(bytes, streamEnd, distance, length);
        stateByte = streamEnd - (distance === 0 ? ZERO_RUN_STATE : MATCH_STATE);
      }
      position += length;
      anchor = position;
    }
    this.#streamEnd = streamEnd;
    this.#carry = block + blockBytes - anchor + carry;
  }
}

/** Length of a run of at least four zeros. */
function zeroRunLength(bytes: Uint8Array, view: DataView, position: number, limit: number): number {
  const end = Math.min(limit, position + LONGEST_ZERO_RUN);
  let at = position + SHORTEST_MATCH;
  while (at + 4 <= end && view.getInt32(at, true) === 0) at += 4;
  while (at < end && bytes[at] === 0) at++;
  return at - position;
}

/** Length of a match of at least four bytes. The limit counts only each time that eight more bytes were equal, so that a match
 * may end behind it, and may end before it although more bytes are equal. */
function matchLength(view: DataView, position: number, distance: number, limit: number): number {
  let end = position + SHORTEST_MATCH;
  do {
    const low = view.getInt32(end, true) ^ view.getInt32(end - distance, true);
    if (low !== 0) return end - position + equalBytes(low);
    const high = view.getInt32(end + 4, true) ^ view.getInt32(end + 4 - distance, true);
    if (high !== 0) return end + 4 - position + equalBytes(high);
    end += 8;
  } while (end < limit);
  return end - position;
}

/** Writes `count` literals from `from` of the unit on, at `at` of the stream or, a few, with their number in the state byte. Returns the
 * position behind them, as all that write do. */
function putLiterals(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  stateByte: number,
  from: number,
  count: number,
): number {
  let end = at;
  if (count <= 3) bytes[stateByte]! |= count;
  else if (count <= RUN_BASE) bytes[end++] = count - 3;
  else {
    bytes[end++] = 0;
    end = putExtended(bytes, end, count - RUN_BASE);
  }
  copyLiterals(bytes, view, from, end, count);
  return end + count;
}

/** Bytes that so many literals take. */
function literalBytes(count: number): number {
  return count + (count <= 3 ? 0 : count <= RUN_BASE ? 1 : 1 + extendedBytes(count - RUN_BASE));
}

function putMatch(bytes: Uint8Array, at: number, distance: number, length: number): number {
  let end = at;
  let code = distance - 1;
  if (length <= M2_MAX_LENGTH && distance <= M2_MAX_DISTANCE) {
    bytes[end++] = ((length - 1) << 5) | ((code & 7) << 2);
    bytes[end++] = code >> 3;
    return end;
  }
  let instruction = M3;
  let maxShortLength = M3_MAX_SHORT_LENGTH;
  if (distance > M3_MAX_DISTANCE) {
    code = distance - M3_MAX_DISTANCE;
    instruction = M4 | ((code >> M4_DISTANCE_BIT) << 3);
    maxShortLength = M4_MAX_SHORT_LENGTH;
  }
  if (length <= maxShortLength) bytes[end++] = instruction | (length - 2);
  else {
    bytes[end++] = instruction;
    end = putExtended(bytes, end, length - maxShortLength);
  }
  bytes[end++] = (code & 63) << 2;
  bytes[end++] = code >> 6;
  return end;
}

/** Bytes that a match takes. */
function matchBytes(distance: number, length: number): number {
  if (length <= M2_MAX_LENGTH && distance <= M2_MAX_DISTANCE) return 2;
  const maxShortLength = distance > M3_MAX_DISTANCE ? M4_MAX_SHORT_LENGTH : M3_MAX_SHORT_LENGTH;
  return 3 + (length <= maxShortLength ? 0 : extendedBytes(length - maxShortLength));
}

function putZeroRun(bytes: Uint8Array, at: number, length: number): number {
  const code = length - SHORTEST_MATCH;
  bytes[at] = ZERO_RUN | (code & 7);
  bytes[at + 1] = 0xfc;
  bytes[at + 2] = 0xff;
  bytes[at + 3] = code >> 3;
  return at + ZERO_RUN_BYTES;
}

/** Writes a number of at least 1: zero bytes for 255 each and a last byte that isn't 0. */
function putExtended(bytes: Uint8Array, at: number, value: number): number {
  let end = at;
  let rest = value;
  for (; rest > 255; rest -= 255) bytes[end++] = 0;
  bytes[end++] = rest;
  return end;
}

/** Bytes that such a number takes. */
function extendedBytes(value: number): number {
  return Math.ceil(value / 255);
}

function isForbidden(length: number, distance: number): boolean {
  if (length < FORBIDDEN_FROM || length > FORBIDDEN_TO || distance <= M3_MAX_DISTANCE) return false;
  return ((distance - M3_MAX_DISTANCE) & FORBIDDEN_DISTANCE) === FORBIDDEN_DISTANCE;
}
