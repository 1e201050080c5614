// Outputs of the kernel's own compression code, byte for byte.

import { createHash } from "node:crypto";
import { lz4Codec, lzoCodec, lzoRleCodec } from "@zlab/codecs";
import { describe, expect, test } from "vitest";

const streams = [lz4Codec(), lzoCodec(), lzoRleCodec()].map((codec) => codec.createStream());

/** The generator of the vectors; a mask of fewer bits makes what compresses. */
function random(length: number, mask: number): Uint8Array {
  let state = 1n;
  return Uint8Array.from({ length }, () => {
    state = (1_103_515_245n * state + 12_345n) % 0x8000_0000n;
    return Number(state / 65_536n) & mask;
  });
}

const zeros = (length: number): Uint8Array => new Uint8Array(length);
const text = (string: string): Uint8Array => new TextEncoder().encode(string);
const join = (...parts: Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const bytesTo63 = Uint8Array.from({ length: 64 }, (_, i) => i);

/** Input, and the outputs of lz4, lzo and lzo-rle. */
const SHORT: readonly (readonly [string, Uint8Array, string, string, string])[] = [
  ["empty", zeros(0), "00", "110000", "1101110000"],
  ['"a"', text("a"), "1061", "1261110000", "11011261110000"],
  [
    '12 × "a"',
    text("a".repeat(12)),
    "c0616161616161616161616161",
    "1d616161616161616161616161110000",
    "11011d616161616161616161616161110000",
  ],
  [
    '13 × "a"',
    text("a".repeat(13)),
    "d061616161616161616161616161",
    "1e61616161616161616161616161110000",
    "11011e61616161616161616161616161110000",
  ],
  [
    '14 × "a"',
    text("a".repeat(14)),
    "14610100506161616161",
    "1f6161616161616161616161616161110000",
    "11011f6161616161616161616161616161110000",
  ],
  [
    "31 × 00",
    zeros(31),
    "1f00010006500000000000",
    "3000000000000000000000000000000000000000000000000000000000000000110000",
    "11013000000000000000000000000000000000000000000000000000000000000000110000",
  ],
  [
    "32 × 00",
    zeros(32),
    "1f00010007500000000000",
    "0200000000002a10000c000000000000000000000000000000110000",
    "11010200000000001bfcff0000020000000000000000000000000000000000000000110000",
  ],
  [
    "64 × 00",
    zeros(64),
    "1f00010027500000000000",
    "020000000000200b10000c000000000000000000000000000000110000",
    "11010200000000001bfcff0400020000000000000000000000000000000000000000110000",
  ],
  [
    '"abcd" × 16',
    text("abcd".repeat(16)),
    "4f61626364040024506461626364",
    "05616263646162636420031c0000026162636461626364616263646162636461626364110000",
    "110105616263646162636420031c0000026162636461626364616263646162636461626364110000",
  ],
  [
    "bytes 0…63, then bytes 0…63",
    join(bytesTo63, bytesTo63),
    "ff31000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f400028503b3c3d3e3f",
    "002e000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f200bfc0000022c2d2e2f303132333435363738393a3b3c3d3e3f110000",
    "1101002e000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f200bfc0000022c2d2e2f303132333435363738393a3b3c3d3e3f110000",
  ],
  [
    '"0123456789" × 10, then 24 × "x"',
    text("0123456789".repeat(10) + "x".repeat(24)),
    "af303132333435363738390a00471e780100507878787878",
    "073031323334353637383920392500782a0000087878787878787878787878110000",
    "1101073031323334353637383920392500782a0000087878787878787878787878110000",
  ],
  [
    "R(300, 255)",
    random(300, 255),
    "(303 bytes) f0ff1ec67e816b4bfbe2fb54f6bddf7c … 649a69ef6f5642a01d51c502f7bb9245",
    "(306 bytes) 00001bc67e816b4bfbe2fb54f6bddf7c … ef6f5642a01d51c502f7bb9245110000",
    "(308 bytes) 110100001bc67e816b4bfbe2fb54f6bd … ef6f5642a01d51c502f7bb9245110000",
  ],
  [
    '300 × "z", then R(20, 255)',
    join(text("z".repeat(300)), random(20, 255)),
    "1f7a0100ff19f005c67e816b4bfbe2fb54f6bddf7c1ce18701bf31de",
    "027a7a7a7a7a20000710000002c67e816b4bfbe2fb54f6bddf7c1ce18701bf31de110000",
    "1101027a7a7a7a7a20000710000002c67e816b4bfbe2fb54f6bddf7c1ce18701bf31de110000",
  ],
  [
    "R(40, 255), 60 × 00, R(3, 255), 40 × 00, R(30, 255)",
    join(random(40, 255), zeros(60), random(3, 255), zeros(40), random(30, 255)),
    "ff1ac67e816b4bfbe2fb54f6bddf7c1ce18701bf31de56720f4767668759aa883c59ea56137bd285a1d8000100283fc67e813e00150f8f000650668759aa88",
    "0018c67e816b4bfbe2fb54f6bddf7c1ce18701bf31de56720f4767668759aa883c59ea56137bd285a1d8000020190700c67e812007f0002a38020f7c1ce18701bf31de56720f4767668759aa88110000",
    "11010016c67e816b4bfbe2fb54f6bddf7c1ce18701bf31de56720f4767668759aa883c59ea56137bd285a1d818ffff07c67e811cfcff042a38020f7c1ce18701bf31de56720f4767668759aa88110000",
  ],
];

const WORDS = new Uint8Array(4096);
for (let i = 0; i < 512; i++) new Uint16Array(WORDS.buffer)[i * 4] = i;

/** Length and first 8 digits of the SHA-256, by lz4, lzo and lzo-rle. */
const UNITS: readonly (readonly [string, Uint8Array, string, string, string])[] = [
  ["R(4096, 1)", random(4096, 1), "2467 e5482f6b", "1721 5eb16f87", "1802 5ec242d7"],
  ["R(4096, 3)", random(4096, 3), "2872 dc549436", "2117 b3d23b1d", "2123 12e35ffe"],
  ["R(4096, 15)", random(4096, 15), "4112 aab91b94", "4116 09092158", "4118 48810ac6"],
  ["R(4096, 255)", random(4096, 255), "4114 0bfc9550", "4116 016065cc", "4118 59f26499"],
  ["4096 × 00", zeros(4096), "26 033c5143", "44 c25574e1", "41 942ad997"],
  ["4095 × 00, then 01", join(zeros(4095), Uint8Array.of(1)), "26 3916ef36", "44 57432a4b", "41 12733e17"],
  ["u64le(0), u64le(1), … u64le(511)", WORDS, "2052 344968b7", "1556 35a215a2", "2067 a7a2240f"],
  ["R(2048, 255) twice", join(random(2048, 255), random(2048, 255)), "2073 310d0088", "2429 9728b9ee", "2431 080cf4d0"],
  [
    "R(100, 255), 3896 × 00, R(100, 255)",
    join(random(100, 255), zeros(3896), random(100, 255)),
    "132 25a4b5f8",
    "150 259bdf73",
    "137 62920df4",
  ],
  ["R(16384, 3)", random(16384, 3), "11394 190ff6ab", "8229 b4302d72", "8273 16b5415b"],
  ["R(8192, 255) twice", join(random(8192, 255), random(8192, 255)), "8267 3219f450", "8301 9157a87d", "8303 b508bd35"],
  ["R(65536, 3)", random(65536, 3), "45265 9e1bde27", "32775 42f9b86e", "32903 3a5c8edf"],
  [
    "R(32768, 255) twice",
    join(random(32768, 255), random(32768, 255)),
    "33035 fe2a3320",
    "65797 f6798299",
    "65799 6c642cfc",
  ],
  ["65535 × 00, then 01", join(zeros(65535), Uint8Array.of(1)), "267 6919b036", "311 6f5f8485", "184 d8378600"],
];

/** A long output is given by its length and both ends. */
function shown(bytes: Uint8Array, expected: string): string {
  const hex = Buffer.from(bytes).toString("hex");
  if (!expected.startsWith("(")) return hex;
  return `(${bytes.length} bytes) ${hex.slice(0, 32)} … ${hex.slice(-32)}`;
}

describe("short inputs", () => {
  test.each(SHORT)("%s", (_, input, ...outputs) => {
    for (const [i, stream] of streams.entries()) {
      const compressed = stream.compress(input);
      expect(shown(compressed, outputs[i]!)).toBe(outputs[i]);
      const target = new Uint8Array(input.length);
      stream.decompress(compressed, target);
      expect(target).toEqual(new Uint8Array(input));
      expect(stream.compressedSize(input)).toBe(compressed.length);
    }
  });
});

describe("pages and larger units", () => {
  test.each(UNITS)("%s", (_, input, ...outputs) => {
    for (const [i, stream] of streams.entries()) {
      const compressed = stream.compress(input);
      const digest = createHash("sha256").update(compressed).digest("hex").slice(0, 8);
      expect(`${compressed.length} ${digest}`).toBe(outputs[i]);
      const target = new Uint8Array(input.length);
      stream.decompress(compressed, target);
      expect(Buffer.compare(target, input)).toBe(0);
      expect(stream.compressedSize(input)).toBe(compressed.length);
    }
  });
});
