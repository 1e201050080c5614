// Pages of one machine word.

import { isSameFilled, sameFilledWord } from "@zlab/codecs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { seed } from "./generated-units.ts";

/** A page of a pattern over and over. */
function patterned(pattern: readonly number[], bytes = 4096): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, i) => pattern[i % pattern.length]!);
}

describe.each([
  [8, [1, 2, 4, 8]],
  [4, [1, 2, 4]],
] as const)("words of %i bytes", (wordBytes, periods) => {
  test("every period that divides the word counts", () => {
    for (const period of periods) {
      const pattern = Array.from({ length: period }, (_, i) => i + 1);
      expect(isSameFilled(patterned(pattern), wordBytes)).toBe(true);
    }
  });

  test("twice the word does not", () => {
    const pattern = Array.from({ length: wordBytes * 2 }, (_, i) => i);
    expect(isSameFilled(patterned(pattern), wordBytes)).toBe(false);
  });

  test("one differing byte anywhere is seen", () => {
    const differs = (at: number): void => {
      const page = patterned([0, 0, 7, 9]);
      page[at]! ^= 0x10;
      expect(isSameFilled(page, wordBytes)).toBe(false);
    };
    fc.assert(fc.property(fc.nat(4095), differs), { seed, numRuns: 300 });
    for (const at of [0, wordBytes - 1, wordBytes, 4095 - wordBytes, 4096 - wordBytes, 4095]) differs(at);
  });

  test("a page may lie anywhere in memory", () => {
    const memory = patterned([5], 4200);
    for (let offset = 0; offset < 8; offset++) {
      expect(isSameFilled(memory.subarray(offset, offset + 4096), wordBytes)).toBe(true);
    }
    memory[2000] = 6;
    for (let offset = 0; offset < 8; offset++) {
      expect(isSameFilled(memory.subarray(offset, offset + 4096), wordBytes)).toBe(false);
    }
  });
});

test("zero is not special", () => {
  expect(sameFilledWord(new Uint8Array(4096))).toBe(0n);
  expect(sameFilledWord(new Uint8Array(4096).fill(255))).toBe(0xffff_ffff_ffff_ffffn);
});

test("the word is little-endian", () => {
  expect(sameFilledWord(patterned([1, 2, 3, 4, 5, 6, 7, 8]))).toBe(0x0807_0605_0403_0201n);
  expect(sameFilledWord(patterned([1, 2, 3, 4]), 4)).toBe(0x0403_0201n);
  expect(sameFilledWord(patterned([1, 2, 3, 4, 5, 6, 7, 8]), 4)).toBeUndefined();
});

test("larger pages", () => {
  const page = patterned([1, 2], 65_536);
  expect(isSameFilled(page)).toBe(true);
  page[40_000]!++;
  expect(isSameFilled(page)).toBe(false);
});
