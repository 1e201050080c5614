import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { kernelCodecs, isSameFilled, zstdCodec } from "@zlab/codecs";
import { compressPages, restorePage } from "../src/pages/compressed-pages.ts";
import { readCorpus } from "../src/pages/corpus.ts";
import { packageDirectory } from "./zlab.ts";

describe("the corpus", () => {
  const truth = readFileSync(`${packageDirectory}corpus/truth-pages.csv`, "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((row) => row.split(","));

  test("has as same-filled pages those of zram", () => {
    const found = readCorpus(4096).pages.map((page) => isSameFilled(page));
    expect(found).toEqual(truth.map(([, kind]) => kind === "same"));
  });

  test("compresses with zstd to the recorded lengths", () => {
    const stream = zstdCodec().createStream();
    const lengths = readCorpus(4096).pages.map((page) => stream.compress(page).length);
    expect(lengths).toEqual(truth.map(([, , , , , zstd]) => Number(zstd)));
  });

  test("tells where a page is from", () => {
    expect(readCorpus(4096).describe(0)).toBe("page 0 of the built-in corpus (python-heap)");
  });

  test.each([16384, 65536])("is the same bytes in pages of %d", (pageBytes) => {
    const small = Buffer.concat(readCorpus(4096).pages);
    const large = readCorpus(pageBytes);
    expect(large.pageCount).toBe((2048 * 4096) / pageBytes);
    expect(Buffer.concat(large.pages).equals(small)).toBe(true);
  });
});

describe.each(kernelCodecs())("$name", (codec) => {
  const compressed = compressPages(readCorpus(4096), codec);

  test("gives every page back", () => {
    const page = new Uint8Array(4096);
    expect(compressed.objects.length + compressed.sameFilledCount).toBe(2048);
    for (const [i, object] of compressed.objects.entries()) {
      expect(object.length).toBeLessThanOrEqual(4096);
      restorePage(compressed.stream, object, page);
      expect(Buffer.compare(page, compressed.pageSet.page(compressed.pageIndexes[i]!))).toBe(0);
    }
  });

  test("throws on bytes that it can't have made", () => {
    expect(() => restorePage(compressed.stream, new Uint8Array(100).fill(0xee), new Uint8Array(4096))).toThrow();
  });
});
