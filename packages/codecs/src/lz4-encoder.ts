// The LZ4 block encoder of Linux for units of up to 64 KiB. It makes the kernel's choices, so its output is the kernel's
// to the byte; it differs from liblz4's only in giving up one byte earlier at the end of the unit.
//
// A block is a list of sequences, each "some literals, then a match"; the last one has literals only:
//
//   +-----------------+------------------+----------+-----------------+----------------+
//   | token           | more of literals | literals | offset          | more of match  |
//   | literals, match | 0.. bytes        |          | 2 bytes, LE     | length - 4     |
//   | 4 bits, 4 bits  |                  |          |                 | 0.. bytes      |
//   +-----------------+------------------+----------+-----------------+----------------+
//
// A length of 15 or more has 15 in the token and the rest in bytes of 255 with a smaller one at the end, which may be 0.

import { copyLiterals } from "./copy.ts";
import { STREAM_START, WorkingMemory, equalBytes } from "./working-memory.ts";

const TABLE_BITS = 13;
const HASH_SHIFT = 32 - TABLE_BITS;
const HASH_FACTOR = 2_654_435_761 | 0; // as an int, which Math.imul takes without a conversion
const SHORTEST_MATCH = 4;
const SEARCH_MARGIN = 12; // a probe whose successor lies within so many last bytes ends the search; short units have none
const LITERAL_TAIL = 5; // last bytes of the unit that no match covers
const PROBES_PER_GAP_SHIFT = 6; // the gap between probes grows by one every 64 misses
const LENGTH_NIBBLE = 15;

export class Lz4Encoder {
  readonly #memory = new WorkingMemory();
  /** Position by hash. There is no mark for "never written": position 0 is a candidate like any other. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  readonly #firstMisses: number;

  /** With a higher acceleration the gap between probes begins as wide as after so many times 64 misses. */
  constructor(acceleration: number) {
    this.#firstMisses = acceleration << PROBES_PER_GAP_SHIFT;
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
    this.#memory.loadUnit("lz4", source);
    const { bytes, view } = this.#memory;
    const table = this.#table;
    table.fill(0);
    const lastProbe = length - SEARCH_MARGIN;
    let streamEnd = STREAM_START;
    let anchor = 0; // first byte not put out yet
    for (;;) {
      // Look for a match from behind the anchor on. HOT: most of the time goes into this loop.
      let misses = this.#firstMisses;
      let current = anchor + 1;
      let next = current + 1;
      let candidate = 0;
      while (next <= lastProbe) {
        const word = view.getInt32(current, true);
        const hash = hashOf(word);
        candidate = table[hash]!;
        table[hash] = current;
        if (view.getInt32(candidate, true) === word) break;
        current = next;
        next += misses++ >> PROBES_PER_GAP_SHIFT;
      }
      if (next > lastProbe) break;
      while (current > anchor && candidate > 0 && bytes[current - 1] === bytes[candidate - 1]) {
        current--;
        candidate--;
      }
      // Put it out, and those that follow without a literal between.
      for (;;) {
        const end = matchEnd(bytes, view, current, candidate, length);
        const literals = current - anchor;
        const match = end - current - SHORTEST_MATCH;
        if (writes) {
          streamEnd = putLiterals(bytes, view, streamEnd, anchor, literals, nibble(match));
          view.setUint16(streamEnd, current - candidate, true);
          streamEnd = putLength(bytes, streamEnd + 2, match);
        } else {
          streamEnd += 1 + extraBytes(literals) + literals + 2 + extraBytes(match);
        }
        anchor = end;
        if (anchor > lastProbe) break;
        table[hashOf(view.getInt32(anchor - 2, true))] = anchor - 2;
        const word = view.getInt32(anchor, true);
        const hash = hashOf(word);
        candidate = table[hash]!;
        table[hash] = anchor;
        if (view.getInt32(candidate, true) !== word) break;
        current = anchor;
      }
    }
    const literals = length - anchor;
    if (!writes) return streamEnd + 1 + extraBytes(literals) + literals;
    return putLiterals(bytes, view, streamEnd, anchor, literals, 0);
  }
}

function hashOf(word: number): number {
  return Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
}

/** Writes the token and the literals of a sequence at `token`; returns the position behind them. */
function putLiterals(
  bytes: Uint8Array,
  view: DataView,
  token: number,
  anchor: number,
  literals: number,
  matchNibble: number,
): number {
  bytes[token] = (nibble(literals) << 4) | matchNibble;
  const start = putLength(bytes, token + 1, literals);
  copyLiterals(bytes, view, anchor, start, literals);
  return start + literals;
}

/** The part of a length that is in the token. */
function nibble(value: number): number {
  return value < LENGTH_NIBBLE ? value : LENGTH_NIBBLE;
}

/** Bytes that a length takes beyond the token. */
function extraBytes(value: number): number {
  return value < LENGTH_NIBBLE ? 0 : 1 + Math.floor((value - LENGTH_NIBBLE) / 255);
}

/** Writes those bytes at `at`; returns the position behind them. */
function putLength(bytes: Uint8Array, at: number, value: number): number {
  if (value < LENGTH_NIBBLE) return at;
  let end = at;
  let rest = value - LENGTH_NIBBLE;
  for (; rest >= 255; rest -= 255) bytes[end++] = 255;
  bytes[end++] = rest;
  return end;
}

/** Where a match of at least four bytes at `current` ends; `from` is what it repeats, `length` the unit's. */
function matchEnd(bytes: Uint8Array, view: DataView, current: number, from: number, length: number): number {
  const limit = length - LITERAL_TAIL;
  let end = current + SHORTEST_MATCH;
  let candidate = from + SHORTEST_MATCH;
  while (end <= limit - 4) {
    const difference = view.getInt32(end, true) ^ view.getInt32(candidate, true);
    if (difference !== 0) return end + equalBytes(difference);
    end += 4;
    candidate += 4;
  }
  while (end < limit && bytes[end] === bytes[candidate]) {
    end++;
    candidate++;
  }
  return end;
}
