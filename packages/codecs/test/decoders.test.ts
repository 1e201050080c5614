// The decoders on damaged and made-up streams: the same result as the plain decoders', and nothing worse than a CodecError. Targets lie
// within more memory, which must stay as it was.

import { CodecError, decodeLz4, decodeLzo, kernelCodecs } from "@zlab/codecs";
import { Prng } from "@zlab/hw-sim";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PAGE_BYTES, corpusUnits } from "./corpus.ts";
import { anyLength, seed, units } from "./generated-units.ts";
import { type Decoded, referenceLz4Decode, referenceLzoDecode } from "./reference-decoders.ts";

const MARGIN = 64;
const memory = new Uint8Array(MARGIN + 65_536 + MARGIN);

/** Runs a decoder on a target of `room` bytes; its output, or the code of its CodecError. Any other exception is passed on. */
function outcome(decode: (target: Uint8Array) => number, room: number): Uint8Array | string {
  const end = MARGIN + room + MARGIN;
  memory.fill(0x5a, 0, end);
  const target = memory.subarray(MARGIN, MARGIN + room);
  let result: Uint8Array | string;
  try {
    const decodedBytes = decode(target);
    expect(decodedBytes).toBeLessThanOrEqual(room);
    if (target.subarray(decodedBytes).some((byte) => byte !== 0x5a)) throw new Error("a write behind the output");
    result = target.slice(0, decodedBytes);
  } catch (error) {
    if (!(error instanceof CodecError)) throw error;
    result = error.code.replace("ZLAB_CODEC_", "");
  }
  for (let i = 0; i < MARGIN; i++) {
    if (memory[i] !== 0x5a || memory[end - 1 - i] !== 0x5a) throw new Error("a write outside the target");
  }
  return result;
}

function agree(result: Uint8Array | string, expected: Decoded | undefined): void {
  if (typeof result !== "string" && typeof expected === "object") {
    expect(Buffer.compare(result, expected)).toBe(0);
  } else if (expected === undefined) {
    expect(typeof result).toBe("string");
  } else {
    expect(result).toEqual(expected);
  }
}

function agreeLz4(source: Uint8Array, room: number): void {
  agree(
    outcome((target) => decodeLz4(source, target), room),
    referenceLz4Decode(source, room),
  );
}

function agreeLzo(source: Uint8Array, room: number): void {
  agree(
    outcome((target) => decodeLzo("lzo", source, target), room),
    referenceLzoDecode(source, room),
  );
}

const DECODERS = { lz4: agreeLz4, lzo: agreeLzo, "lzo-rle": agreeLzo } as const;

/** The bytes with one to four of them changed, or cut, or with others behind. */
function damage(bytes: Uint8Array, prng: Prng): Uint8Array {
  const kind = prng.below(8);
  if (kind === 0) return bytes.slice(0, prng.below(bytes.length));
  if (kind === 1)
    return Uint8Array.from([...bytes, ...Array.from({ length: 1 + prng.below(4) }, () => prng.below(256))]);
  const damaged = bytes.slice();
  const reach = kind < 5 ? damaged.length : Math.min(damaged.length, 40);
  for (let i = prng.below(4); i >= 0; i--) {
    const at = kind % 2 === 0 ? prng.below(reach) : damaged.length - 1 - prng.below(reach);
    damaged[at] = [prng.below(256), 0, 255, damaged[at]! ^ (1 << prng.below(8))][prng.below(4)]!;
  }
  return damaged;
}

describe.each(kernelCodecs().filter(({ name }) => name in DECODERS))("$name", (codec) => {
  const agreeOn = DECODERS[codec.name as keyof typeof DECODERS];
  const stream = codec.createStream();

  test("sound streams, at every capacity near their length", () => {
    const check = (unit: Uint8Array): void => {
      const compressed = stream.compress(unit).slice();
      for (const room of [0, unit.length - 33, unit.length - 12, unit.length - 1, unit.length, unit.length + 40]) {
        if (room >= 0 && room <= 65_536) agreeOn(compressed, room);
      }
    };
    fc.assert(fc.property(units(anyLength), check), { seed, numRuns: 60 });
  });

  test("short streams cut at every byte", () => {
    const unit = Uint8Array.from({ length: 300 }, (_, i) => (i < 100 ? i : i < 200 ? 0 : i % 5));
    const compressed = stream.compress(unit).slice();
    for (let end = 0; end <= compressed.length; end++) agreeOn(compressed.slice(0, end), 300);
  });

  test("damaged streams of pages", () => {
    const prng = new Prng(seed);
    for (const page of corpusUnits(PAGE_BYTES).filter((_, i) => i % 16 === 0)) {
      const compressed = stream.compress(page).slice();
      for (let i = 0; i < 8; i++) agreeOn(damage(compressed, prng), PAGE_BYTES);
    }
  });

  test("damaged streams of generated units", () => {
    const check = (unit: Uint8Array, damageSeed: number): void => {
      const prng = new Prng(damageSeed);
      const compressed = stream.compress(unit).slice();
      for (let i = 0; i < 10; i++) agreeOn(damage(compressed, prng), unit.length);
    };
    fc.assert(fc.property(units(fc.integer({ min: 0, max: 3000 })), fc.nat(), check), { seed, numRuns: 300 });
  });

  test("made-up streams", () => {
    const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 1, 17, 18, 24, 31, 32, 0xf0, 0xff, 0xfc));
    const prefix = fc.constantFrom([], [17, 0], [17, 1], [0x1f], [0x4f, 1, 2, 3, 4], [24, 65, 66, 67, 68, 69, 70, 71]);
    const bytes = fc.tuple(prefix, fc.array(byte, { maxLength: 60 })).map((parts) => Uint8Array.from(parts.flat()));
    fc.assert(fc.property(bytes, fc.integer({ min: 0, max: 5000 }), agreeOn), { seed, numRuns: 4000 });
  });
});

interface Sequence {
  readonly literals: number;
  readonly offset: number;
  readonly match: number;
}

/** Sequences as LZ4 stores them, and the positions in input and output where each begins; the last ones are the ends. */
function lz4Block(
  sequences: readonly Sequence[],
  lastLiterals: number,
): { bytes: Uint8Array; inputs: number[]; outputs: number[] } {
  const bytes: number[] = [];
  const inputs: number[] = [];
  const outputs: number[] = [];
  let output = 0;
  const more = (length: number): number[] =>
    length < 15 ? [] : [...Array.from({ length: Math.floor((length - 15) / 255) }, () => 255), (length - 15) % 255];
  for (const { literals, offset, match } of sequences) {
    inputs.push(bytes.length);
    outputs.push(output);
    bytes.push((Math.min(literals, 15) << 4) | Math.min(match - 4, 15), ...more(literals));
    for (let i = 0; i < literals; i++) bytes.push(i);
    output += literals;
    const back = Math.min(offset, output + 1);
    bytes.push(back & 255, back >> 8, ...more(match - 4));
    output += match;
  }
  inputs.push(bytes.length);
  outputs.push(output, output + lastLiterals);
  bytes.push(lastLiterals << 4);
  for (let i = 0; i < lastLiterals; i++) bytes.push(i);
  return { bytes: Uint8Array.from(bytes), inputs, outputs };
}

test("lz4 judges sequences near both ends as the kernel does", () => {
  const sequence = fc.record({
    literals: fc.oneof(fc.integer({ min: 0, max: 20 }), fc.constantFrom(269, 270, 271)),
    offset: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 0, max: 700 })),
    match: fc.oneof(fc.integer({ min: 4, max: 24 }), fc.constantFrom(273, 274, 275)),
  });
  const judge = (sequences: Sequence[], lastLiterals: number, which: number, cut: number): void => {
    const { bytes, inputs, outputs } = lz4Block(sequences, lastLiterals);
    const last = outputs.at(-1)!;
    for (let room = Math.max(last - 15, 0); room <= last + 40; room++) agreeLz4(bytes, room);
    const near = outputs[which % outputs.length]!;
    for (let room = near + 26; room <= near + 36; room++) agreeLz4(bytes, room);
    const end = Math.min(inputs[which % inputs.length]! + cut, bytes.length);
    for (const room of [last, last + 100]) agreeLz4(bytes.slice(0, end), room);
  };
  const sequences = fc.array(sequence, { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(sequences, fc.nat(14), fc.nat(10), fc.integer({ min: 1, max: 40 }), judge), {
    seed,
    numRuns: 1000,
  });
});

test("lz4 lets a relaxed match come near the end only if it does not overlap closely", () => {
  const before = { literals: 3, offset: 1, match: 60 };
  for (let offset = 1; offset <= 9; offset++) {
    for (let match = 12; match <= 19; match++) {
      for (let lastLiterals = 0; lastLiterals <= 5; lastLiterals++) {
        const { bytes, outputs } = lz4Block([before, { literals: 14, offset, match }], lastLiterals);
        for (let spare = 0; spare < 8; spare++) agreeLz4(bytes, outputs.at(-1)! + spare);
      }
    }
  }
});

test("lz4 asks for input behind every byte of a length", () => {
  for (let behind = 0; behind < 40; behind++) {
    const tail = Array.from({ length: behind }, (_, i) => i);
    agreeLz4(Uint8Array.of(0xf0, 0, ...tail), 4096);
    agreeLz4(Uint8Array.of(0xf0, 255, 0, ...tail), 4096);
    agreeLz4(Uint8Array.of(0x1f, 7, 1, 0, 0, ...tail), 4096);
    agreeLz4(Uint8Array.of(0x1f, 7, 1, 0, 255, 1, ...tail), 4096);
    if (behind < 15) agreeLz4(Uint8Array.of(0x1f, 7, 1, 0, 255, 0, behind << 4, ...tail), 4096);
  }
});

/** Every code for bad streams, from the smallest stream that shows it. */
const REFUSED: readonly (readonly [string, string, number[], number])[] = [
  ["lz4", "INPUT_OVERRUN", [], 0],
  ["lz4", "INPUT_OVERRUN", [0x20, 1], 2],
  ["lz4", "INPUT_OVERRUN", [0xf0, 0xff, 0xff], 4096],
  ["lz4", "OUTPUT_OVERRUN", [0x20, 1, 2], 1],
  ["lz4", "BAD_STREAM", [0x10, 1, 2], 4096],
  ["lz4", "BAD_OFFSET", [0x10, 7, 0, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8], 4096],
  ["lz4", "BAD_OFFSET", [0x10, 7, 2, 0, 0x80, 1, 2, 3, 4, 5, 6, 7, 8], 4096],
  ["lz4", "WRONG_LENGTH", [0x10, 7], 2],
  ["lzo", "INPUT_OVERRUN", [17, 0], 0],
  ["lzo", "INPUT_OVERRUN", [18, 1, 17, 0], 1],
  ["lzo", "INPUT_NOT_CONSUMED", [17, 0, 0, 0], 0],
  ["lzo", "OUTPUT_OVERRUN", [18, 1, 17, 0, 0], 0],
  ["lzo", "BAD_OFFSET", [18, 1, 0x44, 0, 17, 0, 0], 4096],
  ["lzo", "BAD_STREAM", [18, 1, 18, 0, 0], 4096],
  ["lzo", "WRONG_LENGTH", [18, 1, 17, 0, 0], 2],
  ["lzo-rle", "OUTPUT_OVERRUN", [17, 1, 18, 9, 24, 0xfc, 0xff, 0, 17, 0, 0], 4],
  ["lzo-rle", "INPUT_OVERRUN", [17, 1, 18, 9, 24, 0xfc, 0xff], 1],
  ["zstd", "BAD_STREAM", [1, 2, 3, 4, 5, 6, 7, 8], 4096],
  ["zstd", "INPUT_OVERRUN", [], 4096],
  ["deflate", "BAD_STREAM", [7], 4096],
  ["deflate", "INPUT_OVERRUN", [], 4096],
];

test.each(REFUSED)("%s refuses by %s: %j", (name, code, bytes, room) => {
  const stream = kernelCodecs()
    .find((codec) => codec.name === name)!
    .createStream();
  expect(() => stream.decompress(Uint8Array.from(bytes), new Uint8Array(room))).toThrow(
    expect.objectContaining({ code: `ZLAB_CODEC_${code}` }),
  );
});

test("a zero run is one only behind a version that is not 0", () => {
  const bytes = (version: number): Uint8Array => Uint8Array.of(17, version, 18, 9, 24, 0xfc, 0xff, 0, 17, 0, 0);
  const target = new Uint8Array(5).fill(7);
  expect(decodeLzo("lzo-rle", bytes(1), target)).toBe(5);
  expect([...target]).toEqual([9, 0, 0, 0, 0]);
  expect(decodeLzo("lzo-rle", bytes(200), target)).toBe(5);
  expect(() => decodeLzo("lzo-rle", bytes(0), target)).toThrow(CodecError);
});

describe.each(kernelCodecs())("$name", (codec) => {
  test("fills the target or throws a CodecError, whatever the damage", () => {
    const stream = codec.createStream();
    const prng = new Prng(seed);
    let refusedCount = 0;
    for (const page of corpusUnits(PAGE_BYTES).filter((_, i) => i % 64 === 5)) {
      const compressed = stream.compress(page).slice();
      for (let i = 0; i < 10; i++) {
        const damaged = damage(compressed, prng);
        const decode = (target: Uint8Array): number => {
          stream.decompress(damaged, target);
          return target.length;
        };
        if (typeof outcome(decode, PAGE_BYTES) === "string") refusedCount++;
      }
    }
    expect(refusedCount).toBeGreaterThan(50);
  });

  test("refuses more, and fewer, bytes than the unit had", () => {
    const stream = codec.createStream();
    const page = Uint8Array.from({ length: 4096 }, (_, i) => (i * i) >> 9);
    const compressed = stream.compress(page).slice();
    const decompressTo = (room: number) => () => stream.decompress(compressed, new Uint8Array(room));
    expect(decompressTo(4095)).toThrow(expect.objectContaining({ code: "ZLAB_CODEC_OUTPUT_OVERRUN" }));
    expect(decompressTo(4097)).toThrow(expect.objectContaining({ code: "ZLAB_CODEC_WRONG_LENGTH" }));
    const longer = Uint8Array.from([...compressed, 0]);
    expect(() => stream.decompress(longer, new Uint8Array(4096))).toThrow(CodecError);
  });
});
