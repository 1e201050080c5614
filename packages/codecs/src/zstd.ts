// The codec "zstd", by the libzstd that Node carries.

import * as zlib from "node:zlib";
import type { Codec } from "./codec.ts";
import { CodecError } from "./errors.ts";
import { decompressInto } from "./node-zlib.ts";
import { resolveParameters } from "./parameters.ts";

/** The libzstd whose lengths are known to be zram's. */
const EXACT_VERSION = "1.5.7";

const DEFAULTS = { level: 3 };
const RANGES = { level: [-131_072, 22] } as const;

/** Zstandard at zram's level, 3. Throws ZLAB_CODEC_UNAVAILABLE on a Node without it (it came with 22.15). */
export function zstdCodec(): Codec {
  if (typeof zlib.zstdCompressSync !== "function") {
    const what = `Node ${process.versions.node} has no zstd; use Node 22.15 or later`;
    throw new CodecError("ZLAB_CODEC_UNAVAILABLE", what);
  }
  const version = process.versions["zstd"];
  const deviation = zstdDeviation(version);
  return {
    name: "zstd",
    description: `Zstandard ${version ?? "of unknown version"} of Node, level ${DEFAULTS.level}`,
    parameters: DEFAULTS,
    ...(deviation === undefined ? {} : { deviation }),
    createStream(parameters) {
      const { level } = resolveParameters("zstd", DEFAULTS, RANGES, parameters);
      const options = { params: { [zlib.constants.ZSTD_c_compressionLevel]: level } };
      return {
        compress: (unit) => zlib.zstdCompressSync(unit, options),
        compressedSize: (unit) => zlib.zstdCompressSync(unit, options).length,
        decompress: (compressed, target) => decompressInto("zstd", zlib.zstdDecompressSync, compressed, target),
      };
    },
  };
}

/** Why lengths of this version of libzstd may not be zram's; undefined if they are. */
export function zstdDeviation(version: string | undefined): string | undefined {
  if (version === EXACT_VERSION) return undefined;
  return `lengths are known to be zram's for libzstd ${EXACT_VERSION}; this Node carries ${version ?? "an unknown version"}`;
}
