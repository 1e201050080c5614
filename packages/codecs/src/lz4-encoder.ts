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

import { OUTPUT_START, UnitBuffer, equalBytes, wordAt } from "./unit-buffer.ts";

const TABLE_BITS = 13;
const HASH_SHIFT = 32 - TABLE_BITS;
const HASH_FACTOR = 2_654_435_761 | 0; // as an int, which Math.imul takes without a conversion
const SHORTEST_MATCH = 4;
const SEARCH_MARGIN = 12; // a probe whose successor lies within so many last bytes ends the search; short units have none
const LITERAL_TAIL = 5; // last bytes of the unit that no match covers
const PROBES_PER_GAP_SHIFT = 6; // the gap between probes grows by one every 64 misses
const LENGTH_NIBBLE = 15;
const SHORT_COPY = 24; // bytes up to which a loop beats a call of copyWithin

export class Lz4Encoder {
  readonly #unit = new UnitBuffer();
  /** Position by hash. There is no mark for "never written": position 0 is a candidate like any other. */
  readonly #table = new Uint16Array(1 << TABLE_BITS);
  readonly #firstMisses: number;
  #writes = true; // false: only the size is counted
  #end = 0; // of the output

  /** With a higher acceleration the gap between probes begins as wide as after so many times 64 misses. */
  constructor(acceleration: number) {
    this.#firstMisses = acceleration << PROBES_PER_GAP_SHIFT;
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
    this.#unit.load("lz4", source);
    const { words, bytes } = this.#unit;
    const table = this.#table;
    table.fill(0);
    this.#end = OUTPUT_START;
    const lastProbe = length - SEARCH_MARGIN;
    let anchor = 0; // first byte not put out yet
    for (;;) {
      // Look for a match from behind the anchor on.
      let misses = this.#firstMisses;
      let current = anchor + 1;
      let next = current + 1;
      let candidate = 0;
      while (next <= lastProbe) {
        const word = wordAt(words, current);
        const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
        candidate = table[hash]!;
        table[hash] = current;
        if (wordAt(words, candidate) === word) break;
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
        const end = matchEnd(words, bytes, current, candidate, length);
        this.#putSequence(anchor, current, candidate, end);
        anchor = end;
        if (anchor > lastProbe) break;
        const inside = anchor - 2;
        table[Math.imul(wordAt(words, inside), HASH_FACTOR) >>> HASH_SHIFT] = inside;
        const word = wordAt(words, anchor);
        const hash = Math.imul(word, HASH_FACTOR) >>> HASH_SHIFT;
        candidate = table[hash]!;
        table[hash] = anchor;
        if (wordAt(words, candidate) !== word) break;
        current = anchor;
      }
    }
    this.#putLastLiterals(anchor, length);
  }

  /** Puts out the bytes from the anchor to the match found as literals, and the match, which ends before `behind`. */
  #putSequence(anchor: number, current: number, candidate: number, behind: number): void {
    const literals = current - anchor;
    const match = behind - current - SHORTEST_MATCH;
    if (!this.#writes) {
      this.#end += 1 + extraBytes(literals) + literals + 2 + extraBytes(match);
      return;
    }
    const { bytes } = this.#unit;
    const token = this.#end;
    let end = putLength(bytes, token + 1, literals);
    if (literals <= SHORT_COPY) for (let i = 0; i < literals; i++) bytes[end + i] = bytes[anchor + i]!;
    else bytes.copyWithin(end, anchor, current);
    end += literals;
    const offset = current - candidate;
    bytes[end] = offset;
    bytes[end + 1] = offset >> 8;
    bytes[token] = (nibble(literals) << 4) | nibble(match);
    this.#end = putLength(bytes, end + 2, match);
  }

  #putLastLiterals(anchor: number, length: number): void {
    const literals = length - anchor;
    if (!this.#writes) {
      this.#end += 1 + extraBytes(literals) + literals;
      return;
    }
    const { bytes } = this.#unit;
    bytes[this.#end] = nibble(literals) << 4;
    const end = putLength(bytes, this.#end + 1, literals);
    bytes.copyWithin(end, anchor, length);
    this.#end = end + literals;
  }
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
function matchEnd(words: Int32Array, bytes: Uint8Array, current: number, from: number, length: number): number {
  const limit = length - LITERAL_TAIL;
  let end = current + SHORTEST_MATCH;
  let candidate = from + SHORTEST_MATCH;
  while (end <= limit - 4) {
    const difference = wordAt(words, end) ^ wordAt(words, candidate);
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
