// The lengths that were recorded for every page of the experiments, from the codecs themselves.

import { deflateCodec, isSameFilled, lz4Codec, lzoCodec, lzoRleCodec, zstdCodec } from "@zlab/codecs";
import { expect, test } from "vitest";
import { PAGE_BYTES, golden, pageOf } from "./experiments.ts";

const pages = golden.page_sizes.rows.map(([recipe]) => pageOf(recipe));

function stored(page: Uint8Array, compressedBytes: number): number | string {
  if (isSameFilled(page)) return "same";
  return compressedBytes >= golden.huge_class_size ? "huge" : compressedBytes;
}

test.each([
  ["lzo-rle", lzoRleCodec().createStream()],
  ["lzo", lzoCodec().createStream()],
  ["lz4", lz4Codec().createStream()],
  ["lz4@30", lz4Codec().createStream({ acceleration: 30 })],
  ["zstd", zstdCodec().createStream()],
  ["zstd@1", zstdCodec().createStream({ level: 1 })],
  ["zstd@9", zstdCodec().createStream({ level: 9 })],
  ["zstd@-5", zstdCodec().createStream({ level: -5 })],
  ["deflate", deflateCodec().createStream()],
  ["deflate@1", deflateCodec().createStream({ level: 1 })],
  ["deflate@9", deflateCodec().createStream({ level: 9 })],
])("%s", (key, stream) => {
  const recorded = golden.page_sizes.rows.flatMap(([, lengths], i) => (key in lengths ? [[i, lengths[key]!]] : []));
  const seen = recorded.map(([i]) => [i, stored(pages[i as number]!, stream.compressedSize(pages[i as number]!))]);
  expect(recorded.length).toBeGreaterThan(0);
  expect(seen).toEqual(recorded);
});

test("the pages are pages", () => {
  expect(pages.length).toBe(1556);
  expect(pages.every((page) => page.length === PAGE_BYTES)).toBe(true);
});
