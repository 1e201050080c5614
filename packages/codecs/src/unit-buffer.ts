// The working memory of an encoder: the unit being compressed, readable by unaligned 32-bit words, and the output.
//
// A typed array of words reads at multiples of four only. So the unit is there four times, each time shifted by one byte more:
//
//   byte 0              65536               131072              196608              262144
//        +-------------------+-------------------+-------------------+-------------------+-----------------+
//        | x[0] x[1] x[2] .. | x[1] x[2] x[3] .. | x[2] x[3] x[4] .. | x[3] x[4] x[5] .. | output          |
//        +-------------------+-------------------+-------------------+-------------------+-----------------+
//        words at 0, 4, 8 ..   at 1, 5, 9 ..       at 2, 6, 10 ..      at 3, 7, 11 ..
//
// Three copies within a page cost less than putting words together from bytes some thousand times. The output lies in the
// same array, so that literals are copied by `copyWithin`, which needs no view.

import { CodecError } from "./errors.ts";
import { MAX_UNIT_BYTES } from "./codec.ts";

const COPY_SHIFT = 14; // log2 of the words from one copy to the next
const COPIES = 4;

/** Where the output begins in `UnitBuffer.bytes`. */
export const OUTPUT_START: number = COPIES * MAX_UNIT_BYTES;

/** The longest output of any encoder for a unit of `MAX_UNIT_BYTES` (the bound of lzo-rle), rounded up to words. */
const OUTPUT_BYTES = MAX_UNIT_BYTES + (MAX_UNIT_BYTES >>> 4) + 72;

export class UnitBuffer {
  readonly bytes: Uint8Array;
  readonly words: Int32Array;

  constructor() {
    const memory = new ArrayBuffer(OUTPUT_START + OUTPUT_BYTES);
    this.bytes = new Uint8Array(memory);
    this.words = new Int32Array(memory);
  }

  /** Takes a unit in. Throws ZLAB_CODEC_UNIT_TOO_LARGE above `MAX_UNIT_BYTES`. */
  load(codec: string, unit: Uint8Array): void {
    const { length } = unit;
    if (length > MAX_UNIT_BYTES) {
      const what = `${length} bytes to compress; a unit has at most ${MAX_UNIT_BYTES}`;
      throw new CodecError("ZLAB_CODEC_UNIT_TOO_LARGE", `${codec}: ${what}`);
    }
    this.bytes.set(unit);
    for (let shift = 1; shift < COPIES; shift++) this.bytes.copyWithin(shift * MAX_UNIT_BYTES, shift, length);
  }

  /** The output up to `end`, as a view that the next unit overwrites. */
  output(end: number): Uint8Array {
    return this.bytes.subarray(OUTPUT_START, end);
  }
}

/** The four bytes from `position` of the unit as a little-endian number, signed. */
export function wordAt(words: Int32Array, position: number): number {
  return words[((position & 3) << COPY_SHIFT) | (position >> 2)]!;
}

/** How many of the bytes of two words are equal, counted from the first in memory; `difference` is their exclusive or, not 0. */
export function equalBytes(difference: number): number {
  return (31 - Math.clz32(difference & -difference)) >> 3;
}
