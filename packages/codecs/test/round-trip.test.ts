// Units of all kinds: what the encoders make of them is what the plain encoders make of them, has the length that was counted, stays within
// the kernel's bound, and decodes to the unit.

import {
  type CodecStream,
  CodecError,
  MAX_UNIT_BYTES,
  kernelCodecs,
  lz4Codec,
  lzoCodec,
  lzoRleCodec,
} from "@zlab/codecs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyLength, seed, units } from "./generated-units.ts";
import { referenceLz4, referenceLzo } from "./reference-encoders.ts";

type Reference = (unit: Uint8Array) => Uint8Array;

const lz4Bound = (bytes: number): number => bytes + Math.floor(bytes / 255) + 16;
const lzoBound = (bytes: number): number => bytes + Math.floor(bytes / 16) + 67;

const WRITTEN: readonly (readonly [string, CodecStream, Reference, (bytes: number) => number])[] = [
  ["lz4", lz4Codec().createStream(), referenceLz4, lz4Bound],
  ["lzo", lzoCodec().createStream(), (unit) => referenceLzo(unit, false), lzoBound],
  ["lzo-rle", lzoRleCodec().createStream(), (unit) => referenceLzo(unit, true), (bytes) => lzoBound(bytes) + 2],
];

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Decompresses into a target that held something else and lies within more memory, which must not be touched. */
function comesBack(stream: CodecStream, unit: Uint8Array, compressed: Uint8Array): boolean {
  const memory = new Uint8Array(unit.length + 64).fill(0x5a);
  stream.decompress(compressed, memory.subarray(32, 32 + unit.length));
  const isMargin = (byte: number): boolean => byte === 0x5a;
  const margins = memory.subarray(0, 32).every(isMargin) && memory.subarray(32 + unit.length).every(isMargin);
  return margins && equal(memory.subarray(32, 32 + unit.length), unit);
}

describe.each(WRITTEN)("%s", (_, stream, reference, bound) => {
  const check = (unit: Uint8Array): void => {
    const compressed = stream.compress(unit);
    expect(equal(compressed, reference(unit))).toBe(true);
    expect(compressed.length).toBeLessThanOrEqual(bound(unit.length));
    expect(comesBack(stream, unit, compressed)).toBe(true);
    expect(stream.compressedSize(unit)).toBe(compressed.length);
  };

  test("every length from 0 to 300", () => {
    for (const kinds of [1, 3, 255]) {
      for (let bytes = 0; bytes <= 300; bytes++) {
        check(Uint8Array.from({ length: bytes }, (__, i) => (Math.imul(i + 7, 2_654_435_761) >>> 20) & kinds));
      }
    }
  });

  test("pages", () => {
    fc.assert(fc.property(units(fc.constant(4096)), check), { seed, numRuns: 600 });
  });

  test("matches of every length at the distances where their form changes", () => {
    // What repeats stands at 8, where every position is looked at, and its repetition behind a long match, which is looked at, too.
    const start = Uint8Array.from({ length: 60 }, (__, i) => (i * 89 + 7) & 255);
    for (const distance of [2047, 2048, 2049, 16_383, 16_384, 16_385]) {
      const unit = new Uint8Array(distance + 160).fill(0x7a);
      unit.set(start);
      for (let length = 4; length <= 40; length++) {
        const end = 8 + distance + length;
        unit.copyWithin(end - length, 8, 8 + length);
        unit[end] = unit[8 + length]! ^ 1;
        check(unit.subarray(0, end + 80));
      }
    }
  });

  test("any length", () => {
    fc.assert(fc.property(units(anyLength), check), { seed, numRuns: 300 });
  });

  test("units that lie anywhere in memory", () => {
    const memory = Uint8Array.from({ length: 5000 }, (__, i) => (i * i) >> 7);
    for (let offset = 0; offset < 9; offset++) check(memory.subarray(offset, offset + 4096));
  });

  test("a unit of more than 64 KiB is refused", () => {
    const unit = new Uint8Array(MAX_UNIT_BYTES + 1);
    for (const call of [() => stream.compress(unit), () => stream.compressedSize(unit)]) {
      expect(call).toThrow(expect.objectContaining({ code: "ZLAB_CODEC_UNIT_TOO_LARGE" }));
      expect(call).toThrow(CodecError);
    }
    check(unit.subarray(1));
  });
});

describe.each(["zstd", "deflate"])("%s", (name) => {
  test("comes back", () => {
    const stream = kernelCodecs()
      .find((codec) => codec.name === name)!
      .createStream();
    const check = (unit: Uint8Array): void => {
      expect(comesBack(stream, unit, stream.compress(unit))).toBe(true);
    };
    fc.assert(fc.property(units(anyLength), check), { seed, numRuns: 20 });
    check(new Uint8Array(0));
  });
});

/** A unit of 64 KiB whose bytes from 5 on come again, `length` of them, 32,831 bytes later; then three others, and zeros. */
function distantRepeat(length: number): Uint8Array {
  const unit = new Uint8Array(65_536);
  let state = 1;
  for (let i = 0; i < 5 + length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    unit[i] = 1 + ((state >>> 16) % 250);
  }
  unit.copyWithin(5 + 32_831, 5, 5 + length);
  unit.set([251, 252, 253], 5 + 32_831 + length);
  return unit;
}

test.each([259, 260, 261, 262, 263, 264, 265])("a distant match of %i bytes is not taken for a zero run", (length) => {
  const unit = distantRepeat(length);
  for (const [, stream, reference] of WRITTEN) {
    expect(equal(stream.compress(unit), reference(unit))).toBe(true);
    expect(comesBack(stream, unit, stream.compress(unit))).toBe(true);
  }
});

test("streams don't disturb each other, and equal units give equal bytes", () => {
  for (const codec of kernelCodecs()) {
    const [one, other] = [codec.createStream(), codec.createStream()];
    const page = Uint8Array.from({ length: 4096 }, (_, i) => (i * i) >> 9);
    const compressed = one.compress(page);
    const copy = compressed.slice();
    other.compress(new Uint8Array(4096).fill(77));
    expect(equal(compressed, copy)).toBe(true);
    one.compress(new Uint8Array(4096).fill(78));
    expect(equal(one.compress(page), copy)).toBe(true);
    expect(equal(other.compress(page), copy)).toBe(true);
  }
});
