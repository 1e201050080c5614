// zstd as Node carries it, at the level that is its default and zram's.

import * as zlib from "node:zlib";
import { UsageError } from "../errors.ts";
import type { PageCodec } from "./page-codec.ts";

const LEVEL = 3;

/** Throws a `UsageError` if this Node has no zstd (it came with 22.15). */
export function assertZstd(): void {
  if (typeof zlib.zstdCompressSync === "function") return;
  throw new UsageError(`Node ${process.versions.node} has no zstd; use Node 22.15 or later`);
}

export function zstdCodec(): PageCodec {
  assertZstd();
  const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: LEVEL } };
  return {
    name: "zstd",
    description: `zstd ${process.versions["zstd"] ?? ""} level ${LEVEL}`,
    compress: (page) => zlib.zstdCompressSync(page, options),
    decompress: (compressed, pageBytes) => zlib.zstdDecompressSync(compressed, { maxOutputLength: pageBytes }),
  };
}
