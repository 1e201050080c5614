import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { deflateCodec } from "../src/codecs/deflate.ts";
import { zstdCodec } from "../src/codecs/zstd.ts";
import { compressPages, restorePage } from "../src/pages/compressed-pages.ts";
import { readCorpus } from "../src/pages/corpus.ts";
import { isSameFilled } from "../src/pages/same-filled.ts";
import { packageDirectory } from "./zlab.ts";

describe("the corpus", () => {
  const truth = readFileSync(`${packageDirectory}corpus/truth-pages.csv`, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((row) => row.split(","));

  test("has as same-filled pages those of zram", () => {
    const found = readCorpus(4096).pages.map(isSameFilled);
    expect(found).toEqual(truth.map(([, kind]) => kind === "same"));
  });

  test("compresses with zstd to the recorded lengths", () => {
    const codec = zstdCodec();
    const lengths = readCorpus(4096).pages.map((page) => codec.compress(page).length);
    expect(lengths).toEqual(truth.map(([, , , , , zstd]) => Number(zstd)));
  });

  test("tells where a page is from", () => {
    expect(readCorpus(4096).describe(0)).toBe("page 0 of the built-in corpus (python-heap)");
  });

  test.each([16384, 65536])("is the same bytes in pages of %d", (pageBytes) => {
    const small = Buffer.concat(readCorpus(4096).pages);
    const large = readCorpus(pageBytes);
    expect(large.pages).toHaveLength((2048 * 4096) / pageBytes);
    expect(Buffer.concat(large.pages).equals(small)).toBe(true);
  });
});

describe("same-filled pages", () => {
  test("repeat one word of 64 bits", () => {
    const page = Buffer.alloc(4096, "\x01\x02\x03\x04\x05\x06\x07\x08", "latin1");
    expect(isSameFilled(page)).toBe(true);
    for (const at of [0, 7, 8, 2000, 4095]) {
      const changed = Buffer.from(page);
      changed[at]! ^= 1;
      expect(isSameFilled(changed)).toBe(false);
    }
  });

  test("are found at any alignment", () => {
    const memory = new Uint8Array(4100).fill(7);
    expect(isSameFilled(memory.subarray(3, 4099))).toBe(true);
  });
});

describe.each([zstdCodec(), deflateCodec()])("$name", (codec) => {
  test("gives every page back", () => {
    const compressed = compressPages(readCorpus(4096), codec);
    expect(compressed.objects.length + compressed.sameFilledCount).toBe(2048);
    for (const [i, object] of compressed.objects.entries()) {
      expect(object.length).toBeLessThanOrEqual(4096);
      const page = compressed.pageSet.pages[compressed.pageIndexes[i]!]!;
      expect(Buffer.compare(restorePage(codec, object, 4096), page)).toBe(0);
    }
  });

  test("throws on bytes that it can't have made", () => {
    expect(() => codec.decompress(new Uint8Array(100).fill(0xee), 4096)).toThrow();
  });
});
