// What the decoders copy, at every distance and length where the way of copying changes, with output and input that end exactly there:
// against streams whose content is known by construction.

import { CodecError, MAX_UNIT_BYTES, decodeLz4, decodeLzo, lz4Codec, lzoCodec } from "@zlab/codecs";
import { describe, expect, test } from "vitest";

const OFFSETS = [...Array.from({ length: 20 }, (_, i) => i + 1), 31, 32, 33, 63, 64, 190, 256];
const LENGTHS = [...Array.from({ length: 70 }, (_, i) => i), ...Array.from({ length: 40 }, (_, i) => 175 + i), 600];

const SURROUNDING = 0xa5;
const around = new Uint8Array(64 + 2 * MAX_UNIT_BYTES);

/** Decodes into a target of exactly the unit's length within more memory; throws unless the unit comes out and nothing else changes. */
function expectUnit(decode: (target: Uint8Array) => number, unit: readonly number[]): void {
  const end = 32 + unit.length;
  around.fill(SURROUNDING, 0, end + 32);
  const decodedBytes = decode(around.subarray(32, end));
  if (decodedBytes !== unit.length) throw new Error(`${decodedBytes} bytes instead of ${unit.length}`);
  const wrong = unit.findIndex((byte, i) => around[32 + i] !== byte);
  if (wrong >= 0) throw new Error(`byte ${wrong} of ${unit.length} is ${around[32 + wrong]}, not ${unit[wrong]}`);
  for (let i = 0; i < 32; i++) {
    if (around[i] !== SURROUNDING || around[end + i] !== SURROUNDING) throw new Error("a write outside the target");
  }
}

/** Bytes of which none equals the one before. */
function literals(count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 7) & 127) + 1);
}

function repeated(unit: readonly number[], offset: number, length: number): number[] {
  const result = [...unit];
  for (let i = 0; i < length; i++) result.push(result[result.length - offset]!);
  return result;
}

/** Length bytes of LZ4 beyond a nibble. */
function lz4More(value: number): number[] {
  return value < 15 ? [] : [...Array.from({ length: Math.floor((value - 15) / 255) }, () => 255), (value - 15) % 255];
}

/** A literal run of LZO at the start of a stream or behind a match without literals. */
function lzoRun(bytes: readonly number[]): number[] {
  const head = bytes.length <= 18 ? [bytes.length - 3] : [0, ...lzoExtended(bytes.length - 18)];
  return [...head, ...bytes];
}

function lzoExtended(value: number): number[] {
  const zeros = Math.ceil(value / 255) - 1;
  return [...Array.from({ length: zeros }, () => 0), value - 255 * zeros];
}

function lzoMatch(offset: number, length: number, trailing: readonly number[]): number[] {
  const head = length <= 33 ? [32 + length - 2] : [32, ...lzoExtended(length - 33)];
  return [...head, (((offset - 1) & 63) << 2) | trailing.length, (offset - 1) >> 6, ...trailing];
}

const END = [17, 0, 0];

describe("matches of every offset and length", () => {
  test("lz4", () => {
    const last = literals(12);
    for (const offset of OFFSETS) {
      for (const length of LENGTHS.filter((bytes) => bytes >= 4)) {
        for (const before of [offset, offset + 3]) {
          const token = (Math.min(before, 15) << 4) | Math.min(length - 4, 15);
          const head = [token, ...lz4More(before), ...literals(before), offset & 255, offset >> 8];
          const stream = Uint8Array.from([...head, ...lz4More(length - 4), last.length << 4, ...last]);
          const unit = [...repeated(literals(before), offset, length), ...last];
          expectUnit((target) => decodeLz4(stream, target), unit);
        }
      }
    }
  });

  test("lzo", () => {
    for (const offset of OFFSETS) {
      for (const length of LENGTHS.filter((bytes) => bytes >= 3)) {
        const start = literals(Math.max(offset, 4));
        const trailing = literals(length & 3);
        const stream = Uint8Array.from([...lzoRun(start), ...lzoMatch(offset, length, trailing), ...END]);
        expectUnit((target) => decodeLzo("lzo", stream, target), [...repeated(start, offset, length), ...trailing]);
      }
    }
  });
});

test("literals of every length, up to the last byte of both sides", () => {
  for (const count of LENGTHS) {
    const bytes = literals(count);
    const block = Uint8Array.from([Math.min(count, 15) << 4, ...lz4More(count), ...bytes]);
    expectUnit((target) => decodeLz4(block, target), bytes);
    if (count < 4) continue;
    const stream = Uint8Array.from([...lzoRun(bytes), ...END]);
    expectUnit((target) => decodeLzo("lzo", stream, target), bytes);
  }
});

test("zero runs of every length, also where other bytes were decoded before", () => {
  const start = literals(4);
  for (let length = 4; length <= 2051; length += length < 300 ? 1 : 97) {
    const noise = Uint8Array.from([...lzoRun(literals(2100)), ...END]);
    decodeLzo("lzo-rle", noise, new Uint8Array(2100));
    const code = length - 4;
    const run = [0x18 | (code & 7), 0xfc | 1, 0xff, code >> 3, 99];
    const stream = Uint8Array.from([17, 1, ...lzoRun(start), ...run, ...END]);
    const unit = [...start, ...Array.from({ length }, () => 0), 99];
    expectUnit((target) => decodeLzo("lzo-rle", stream, target), unit);
  }
});

test("units and streams that are larger than any page's", () => {
  const bytes = literals(MAX_UNIT_BYTES + 1000);
  const block = Uint8Array.from([0xf0, ...lz4More(bytes.length), ...bytes]);
  expectUnit((target) => decodeLz4(block, target), bytes);
  const stream = Uint8Array.from([...lzoRun(bytes), ...END]);
  expectUnit((target) => decodeLzo("lzo", stream, target), bytes);
  const short = [0x1f, 1, 1, 0, ...lz4More(MAX_UNIT_BYTES), 0x50, 5, 4, 3, 2, 1];
  const run = Array.from({ length: 1 + MAX_UNIT_BYTES + 4 }, () => 9);
  expectUnit((target) => decodeLz4(Uint8Array.from(short.with(1, 9)), target), [...run, 5, 4, 3, 2, 1]);
  const tooLong = new Uint8Array(2 * MAX_UNIT_BYTES).fill(255);
  expect(() => decodeLz4(tooLong, new Uint8Array(4096))).toThrow(CodecError);
  expect(() => decodeLzo("lzo", tooLong, new Uint8Array(4096))).toThrow(CodecError);
});

describe.each([lz4Codec(), lzoCodec()])("$name", (codec) => {
  const stream = codec.createStream();
  const unit = Uint8Array.from({ length: 4096 }, (_, i) => (i % 300 < 200 ? i % 11 : (i * i) >> 5));

  test("compresses its own output", () => {
    const once = stream.compress(unit).slice();
    const expected = stream.compress(once).slice();
    expect(Buffer.compare(stream.compress(stream.compress(unit)), expected)).toBe(0);
  });

  test("decompresses to where the stream is", () => {
    const memory = new Uint8Array(unit.length);
    const compressed = stream.compress(unit);
    memory.set(compressed, 100);
    stream.decompress(memory.subarray(100, 100 + compressed.length), memory);
    expect(Buffer.compare(memory, unit)).toBe(0);
  });

  test("leaves the target alone where it refuses a stream", () => {
    const compressed = stream.compress(unit).slice(0, -1);
    const target = new Uint8Array(unit.length).fill(3);
    expect(() => stream.decompress(compressed, target)).toThrow(CodecError);
    expect(target.every((byte) => byte === 3)).toBe(true);
  });
});
