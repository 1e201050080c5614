// Ways to damage any file.

import { Buffer } from "node:buffer";
import type { Prng } from "@zlab/hw-sim";
import type { Mutation } from "./fuzzed-reader.ts";

/** Longest input that repeating makes. */
const MAX_REPEATED_BYTES = 2 ** 18;

/** Numbers at which programs break: limits of types, and what lies beside them. */
const NUMBERS: readonly bigint[] = [
  0n,
  1n,
  2n,
  7n,
  0x7fn,
  0x80n,
  0xffn,
  0xfffn,
  0x1000n,
  0x7fffn,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0x8000_0000_0000_0000n,
  0xffff_ffff_ffff_ffffn,
];

/** The same in text, with what isn't quite a number. */
const NUMBER_TEXTS: readonly string[] = [
  "-1",
  "-0",
  "00",
  "1.5",
  "1e999",
  "NaN",
  "null",
  '""',
  "[]",
  "{}",
  "true",
  '"a"',
  "",
  "268435455",
  "268435456",
  "4294967295",
  "-4294967296",
  "9007199254740991",
  "9007199254740992",
  "99999999999999999999",
];

/** Bytes that mean something to text, or that no valid UTF-8 has. */
const SPECIAL_BYTES = [
  0x00, 0x0a, 0x0d, 0x09, 0x1b, 0x20, 0x22, 0x2c, 0x30, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x80, 0xc0, 0xed, 0xff,
];

export function pick<T>(items: readonly T[], prng: Prng): T {
  return items[prng.below(items.length)]!;
}

/** Replaces the `length` bytes from `start`. */
export function replaced(bytes: Uint8Array, start: number, length: number, insert: Uint8Array): Uint8Array {
  return Uint8Array.from(Buffer.concat([bytes.subarray(0, start), insert, bytes.subarray(start + length)]));
}

const truncate: Mutation = (bytes, prng) => bytes.slice(0, prng.below(bytes.length + 1));

const flipBits: Mutation = (bytes, prng) => {
  const damaged = bytes.slice();
  for (let left = 1 + prng.below(8); left > 0 && damaged.length > 0; left--) {
    damaged[prng.below(damaged.length)]! ^= 1 << prng.below(8);
  }
  return damaged;
};

const setBytes: Mutation = (bytes, prng) => {
  const damaged = bytes.slice();
  for (let left = 1 + prng.below(4); left > 0 && damaged.length > 0; left--) {
    damaged[prng.below(damaged.length)] = pick(SPECIAL_BYTES, prng);
  }
  return damaged;
};

const removeSlice: Mutation = (bytes, prng) => {
  const start = prng.below(bytes.length + 1);
  return replaced(bytes, start, prng.below(bytes.length - start + 1), new Uint8Array());
};

const repeatSlice: Mutation = (bytes, prng) => {
  const start = prng.below(bytes.length + 1);
  const slice = bytes.subarray(start, start + 1 + prng.below(bytes.length - start + 1));
  const most = Math.max(1, Math.floor(MAX_REPEATED_BYTES / Math.max(1, slice.length)));
  const count = 1 + prng.below(Math.min(most, 1 << prng.below(12)));
  return replaced(bytes, start, 0, Buffer.concat(Array.from({ length: count }, () => slice)));
};

const insertBytes: Mutation = (bytes, prng) => {
  const insert = Uint8Array.from({ length: 1 + prng.below(16) }, () => pick(SPECIAL_BYTES, prng));
  return replaced(bytes, prng.below(bytes.length + 1), 0, insert);
};

/** A binary number of 2, 4 or 8 bytes anywhere. */
const setNumber: Mutation = (bytes, prng) => {
  const width = pick([2, 4, 8] as const, prng);
  if (bytes.length < width) return bytes;
  return withNumber(bytes, prng.below(bytes.length - width + 1), width, prng);
};

/** One of the numbers in the text. */
const setNumberText: Mutation = (bytes, prng) => {
  const digits = Array.from(Buffer.from(bytes).toString("latin1").slice(0, 65_536).matchAll(/\d+/g));
  if (digits.length === 0) return bytes;
  const { index, 0: text } = pick(digits, prng);
  return replaced(bytes, index, text.length, Buffer.from(pick(NUMBER_TEXTS, prng)));
};

/** Two lines change places, or one is gone. */
const moveLines: Mutation = (bytes, prng) => {
  const lines = Buffer.from(bytes).toString("latin1").split("\n");
  const [from] = lines.splice(prng.below(lines.length), 1);
  if (prng.below(3) > 0) lines.splice(prng.below(lines.length + 1), 0, from!);
  return Uint8Array.from(Buffer.from(lines.join("\n"), "latin1"));
};

const DAMAGES: readonly Mutation[] = [
  truncate,
  flipBits,
  setBytes,
  removeSlice,
  repeatSlice,
  insertBytes,
  setNumber,
  setNumberText,
  moveLines,
];

/** Puts one of the critical numbers, or one near the length of the file, at a place. */
function withNumber(bytes: Uint8Array, offset: number, width: 2 | 4 | 8, prng: Prng): Uint8Array {
  const damaged = bytes.slice();
  if (offset + width > damaged.length) return damaged;
  const view = new DataView(damaged.buffer);
  const near = BigInt(Math.max(0, bytes.length - 2 + prng.below(4)));
  const value = BigInt.asUintN(8 * width, prng.below(4) === 0 ? near : pick(NUMBERS, prng));
  const isLittleEndian = prng.below(4) > 0;
  if (width === 2) view.setUint16(offset, Number(value), isLittleEndian);
  else if (width === 4) view.setUint32(offset, Number(value), isLittleEndian);
  else view.setBigUint64(offset, value, isLittleEndian);
  return damaged;
}

/** A mutation that puts critical numbers into fields of a header, given as pairs of offset and width. */
export function fieldMutation(fields: readonly (readonly [offset: number, width: 2 | 4 | 8])[]): Mutation {
  return (bytes, prng) => {
    let damaged = bytes;
    for (let left = 1 + prng.below(2); left > 0; left--) damaged = withNumber(damaged, ...pick(fields, prng), prng);
    return damaged;
  };
}

/** A damaged input: one of the samples after a mutation, half of the time after a second one, and so on; now and then after a splice with
 * another sample. */
export function damagedInput(samples: readonly Uint8Array[], own: readonly Mutation[], prng: Prng): Uint8Array {
  let bytes: Uint8Array = Uint8Array.from(pick(samples, prng)); // a Buffer's slice would share its bytes
  if (prng.below(16) === 0) {
    const other = pick(samples, prng);
    const tail = other.subarray(prng.below(other.length + 1));
    bytes = replaced(bytes, prng.below(bytes.length + 1), bytes.length, tail);
  }
  do {
    bytes = Uint8Array.from(pick(own.length > 0 && prng.below(2) === 0 ? own : DAMAGES, prng)(bytes, prng));
  } while (prng.below(2) === 0);
  return bytes;
}
