// Raw deflate (no header, no checksum) as Node carries it: level 6, window of 32 KiB. The kernel's deflate has a window of
// 2 KiB, so that lengths differ a little from zram's.

import * as zlib from "node:zlib";
import type { PageCodec } from "./page-codec.ts";

const LEVEL = 6;

export function deflateCodec(): PageCodec {
  return {
    name: "deflate",
    description: `deflate (zlib ${process.versions["zlib"] ?? ""}) raw, level ${LEVEL}`,
    compress: (page) => zlib.deflateRawSync(page, { level: LEVEL }),
    decompress: (compressed, pageBytes) => zlib.inflateRawSync(compressed, { maxOutputLength: pageBytes }),
  };
}
