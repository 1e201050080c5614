// The memory that encoders and decoders work in: the unit and the stream of compressed bytes, side by side in one array. What is read
// is copied in first; what an encoder puts out is handed on as a view, what a decoder puts out is copied out.
//
//   0                               streamStart
//   +-----------------------+-------+----------------------------+-------+
//   | unit                  | slack | stream                     | slack |
//   +-----------------------+-------+----------------------------+-------+
//
// Copying a page costs less than a fiftieth of what compressing it costs, and buys two things:
//   * Words of four bytes can be read and written at any position through one DataView. V8 compiles its methods to plain loads and
//     stores (measured: 1.1 to 1.2 times as fast as words of an Int32Array over four shifted copies of the unit), but making a view
//     for each unit would be dear. The view is there for the encoders' and decoders' hot loops only.
//   * Copies may run over: short ones always move the same number of bytes, and what is too much is overwritten by what follows or
//     lies in the slack. A loop over the exact number of bytes costs more in mispredicted branches than in bytes moved.

import { MAX_UNIT_BYTES } from "./codec.ts";
import { CodecError } from "./errors.ts";

/** How many bytes behind the end of the unit or the stream a copy may touch. */
const SLACK_BYTES = 64;

/** The longest stream of any encoder for a unit of `MAX_UNIT_BYTES` (the bound of lzo-rle), rounded up. */
const MAX_STREAM_BYTES = MAX_UNIT_BYTES + (MAX_UNIT_BYTES >>> 4) + 72;

/** Where the stream begins in a memory of the usual size. */
export const STREAM_START: number = MAX_UNIT_BYTES + SLACK_BYTES;

export class WorkingMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly streamStart: number;

  /** Room for units and streams of up to so many bytes. */
  constructor(unitBytes: number = MAX_UNIT_BYTES, streamBytes: number = MAX_STREAM_BYTES) {
    this.streamStart = unitBytes + SLACK_BYTES;
    const memory = new ArrayBuffer(this.streamStart + streamBytes + SLACK_BYTES);
    this.bytes = new Uint8Array(memory);
    this.view = new DataView(memory);
  }

  /** Takes a unit in, for an encoder. Throws ZLAB_CODEC_UNIT_TOO_LARGE above `MAX_UNIT_BYTES`. */
  loadUnit(codec: string, unit: Uint8Array): void {
    if (unit.length > MAX_UNIT_BYTES) {
      const what = `${unit.length} bytes to compress; a unit has at most ${MAX_UNIT_BYTES}`;
      throw new CodecError("ZLAB_CODEC_UNIT_TOO_LARGE", `${codec}: ${what}`);
    }
    this.bytes.set(unit);
  }

  /** The stream up to position `end` of the memory, as a view that the next unit overwrites. */
  streamUpTo(end: number): Uint8Array {
    return this.bytes.subarray(this.streamStart, end);
  }

  /** Copies the first bytes of the unit out, for a decoder. */
  storeUnit(target: Uint8Array, unitBytes: number): void {
    target.set(this.bytes.subarray(0, unitBytes));
  }
}

/** For all decoders of this thread, which run one at a time and keep nothing between two streams. */
const decoderMemory = new WorkingMemory();

/** A memory with room for a unit of `unitBytes` that has the stream in it, from `streamStart` on. What no encoder here makes, longer units
 * or streams, gets a memory of its own, so that one large call doesn't hold it for ever. */
export function memoryToDecode(stream: Uint8Array, unitBytes: number): WorkingMemory {
  const isUsual = unitBytes <= MAX_UNIT_BYTES && stream.length <= MAX_STREAM_BYTES;
  const memory = isUsual ? decoderMemory : new WorkingMemory(unitBytes, stream.length);
  memory.bytes.set(stream, memory.streamStart);
  return memory;
}

/** How many of the bytes of two words are equal, counted from the first in memory; `difference` is their exclusive or, not 0. */
export function equalBytes(difference: number): number {
  return (31 - Math.clz32(difference & -difference)) >> 3;
}
