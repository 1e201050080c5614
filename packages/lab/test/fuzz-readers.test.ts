// A small campaign of damaged files; `npm run fuzz:readers` is the large one.

import { describe, expect, test } from "vitest";
import { assertRight } from "../src/fuzz-readers/fuzzed-reader.ts";
import { damagedInput } from "../src/fuzz-readers/mutations.ts";
import { READERS, readerIndexOf } from "../src/fuzz-readers/readers.ts";
import { createInput, tryInput } from "../src/fuzz-readers/try-input.ts";
import { UsageError } from "../src/errors.ts";
import { Prng } from "@zlab/hw-sim";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const INPUTS_PER_READER = 25;

describe.each(READERS.map((reader) => [reader.name, reader] as const))("%s", (_name, reader) => {
  test("refuses damaged inputs clearly, or reads them rightly", async () => {
    const samples = reader.samples();
    const verdicts: string[] = [];
    for (let index = 0; index < INPUTS_PER_READER; index++) {
      const verdict = await tryInput(reader, createInput(reader, samples, seed, index));
      verdicts.push(verdict.verdict === "failed" ? `input ${index}: ${verdict.problem}` : verdict.verdict);
    }
    expect(verdicts.filter((verdict) => verdict !== "accepted" && verdict !== "refused")).toEqual([]);
    expect(verdicts).toContain("accepted");
  });

  test("accepts a sample in some variant, and leaves it as it is", async () => {
    for (const sample of reader.samples()) {
      const before = Uint8Array.from(sample);
      const verdicts = await Promise.all([0, 1, 2].map((variant) => tryInput(reader, { bytes: sample, variant })));
      expect(verdicts.map(({ verdict }) => verdict)).toContain("accepted");
      for (let index = 0; index < 12; index++) damagedInput([sample], reader.mutations, new Prng(index));
      expect(Uint8Array.from(sample)).toEqual(before);
    }
  });
});

test.each([
  ["an exception of another kind", () => new TypeError("x is undefined")],
  ["a result that can't be right", () => assertRight(false, "two pages in no bytes") as never],
  ["a message that says nothing", () => new UsageError("bad")],
  ["a message as long as the input", () => new UsageError("x".repeat(10_000))],
])("%s counts as a failure", async (_what, error) => {
  const reader = {
    ...READERS[0]!,
    read: () => {
      throw error();
    },
  };
  expect(await tryInput(reader, { bytes: new Uint8Array(), variant: 0 })).toMatchObject({ verdict: "failed" });
});

test("the readers take turns by their weights, and an input depends on its number alone", () => {
  const total = READERS.reduce((sum, { weight }) => sum + weight, 0);
  const turns = Array.from({ length: total }, (_, i) => readerIndexOf(i + 3 * total, READERS));
  expect(READERS.map((_, i) => turns.filter((turn) => turn === i).length)).toEqual(READERS.map(({ weight }) => weight));
  const [reader] = READERS;
  const samples = reader!.samples();
  expect(createInput(reader!, samples, 5, 77)).toEqual(createInput(reader!, samples, 5, 77));
  expect(createInput(reader!, samples, 5, 77)).not.toEqual(createInput(reader!, samples, 6, 77));
});
