// The lengths of a running kernel for every page of the corpus.

import { type CodecStream, deflateCodec, isSameFilled, kernelCodecs, lz4Codec, zstdCodec } from "@zlab/codecs";
import { lzoCodec, lzoRleCodec } from "@zlab/codecs";
import { describe, expect, test } from "vitest";
import { zstdDeviation } from "../src/zstd.ts";
import { HUGE_THRESHOLD, PAGE_BYTES, corpusBytes, corpusUnits, deviceTruth, truthColumn } from "./corpus.ts";

const pages = corpusUnits(PAGE_BYTES);

/** What zram accounts for a page by the length that a codec gives. */
function storedBytes(page: Uint8Array, compressedBytes: number): number {
  if (isSameFilled(page)) return 0;
  return compressedBytes >= HUGE_THRESHOLD ? PAGE_BYTES : compressedBytes;
}

/** Numbers of the pages where two lists differ. */
function differingPages(lengths: readonly number[], truth: readonly string[]): number[] {
  expect(lengths.length).toBe(truth.length);
  return lengths.flatMap((length, page) => (String(length) === truth[page] ? [] : [page]));
}

/** Lengths of all pages, of which it is checked that they are those of the size-only call and that the pages come back. */
function lengthsOf(stream: CodecStream): number[] {
  const target = new Uint8Array(PAGE_BYTES);
  return pages.map((page) => {
    const compressed = stream.compress(page);
    stream.decompress(compressed, target);
    if (Buffer.compare(target, page) !== 0) throw new Error("a page does not come back");
    return compressed.length;
  });
}

test("the corpus has 2,048 pages", () => {
  expect(pages.length).toBe(2048);
  expect(corpusBytes.length).toBe(2048 * PAGE_BYTES);
});

test("same-filled pages are those of the kernel", () => {
  const kinds = truthColumn("kind");
  expect(pages.map((page) => isSameFilled(page))).toEqual(kinds.map((kind) => kind === "same"));
});

describe.each([
  ["lz4", "lz4", lz4Codec()],
  ["lzo", "lzo", lzoCodec()],
  ["lzo-rle", "lzo_rle", lzoRleCodec()],
])("%s", (name, column, codec) => {
  const stream = codec.createStream();
  const lengths = lengthsOf(stream);
  const stored = pages.map((page, i) => storedBytes(page, lengths[i]!));

  test("stores every page in as many bytes as the kernel", () => {
    expect(differingPages(stored, truthColumn(column))).toEqual([]);
  });

  test("counts the same without writing", () => {
    expect(pages.map((page) => stream.compressedSize(page))).toEqual(lengths);
  });

  test("adds up to what a device reports", () => {
    const truth = deviceTruth(name, "written");
    expect(stored.reduce((sum, bytes) => sum + bytes, 0)).toBe(truth["compr_data_size"]);
    expect(stored.filter((bytes) => bytes === 0).length).toBe(truth["same_pages"]);
    expect(stored.filter((bytes) => bytes === PAGE_BYTES).length).toBe(truth["huge_pages"]);
  });
});

describe.each([
  ["zstd", zstdCodec()],
  ["deflate", deflateCodec()],
])("%s", (name, codec) => {
  // Another libzstd may choose otherwise; then the codec says so, and there is nothing to compare.
  test.runIf(codec.deviation === undefined)("compresses every page to as many bytes as the kernel", () => {
    expect(differingPages(lengthsOf(codec.createStream()), truthColumn(name))).toEqual([]);
  });

  test("counts the same", () => {
    const stream = codec.createStream();
    for (const page of pages.slice(0, 20)) expect(stream.compressedSize(page)).toBe(stream.compress(page).length);
  });
});

test("zstd says when lengths may differ", () => {
  expect(zstdDeviation("1.5.7")).toBeUndefined();
  expect(zstdDeviation("1.5.6")).toContain("1.5.6");
  expect(zstdDeviation(undefined)).toContain("unknown");
  expect(zstdCodec().deviation).toBe(zstdDeviation(process.versions["zstd"]));
});

describe.each([16_384, 65_536])("units of %i bytes", (unitBytes) => {
  const units = corpusUnits(unitBytes).filter((_, i) => i % 4 === 0);

  test.each(kernelCodecs().map((codec) => [codec.name, codec] as const))("come back from %s", (_, codec) => {
    const stream = codec.createStream();
    const target = new Uint8Array(unitBytes);
    for (const unit of units) {
      const compressed = stream.compress(unit);
      target.fill(0xa5);
      stream.decompress(compressed, target);
      expect(Buffer.compare(target, unit)).toBe(0);
      if (codec.name.startsWith("lz")) expect(stream.compressedSize(unit)).toBe(compressed.length);
    }
  });
});
