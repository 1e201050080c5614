// The codec "deflate". Compression is pako's, a port of zlib that gives vanilla zlib's lengths, as the kernel's zlib does; Node's own is
// a fork that finds other matches. Decompression has one right result, so Node's is taken, which is faster.

import * as zlib from "node:zlib";
import * as pako from "pako";
import type { Codec } from "./codec.ts";
import { decompressInto } from "./node-zlib.ts";
import { resolveParameters } from "./parameters.ts";

type Level = Exclude<pako.DeflateFunctionOptions["level"], undefined>;

const DEFAULTS = { level: 6, windowBits: 11, memLevel: 8 };
const RANGES = { level: [-1, 9], windowBits: [9, 15], memLevel: [1, 9] } as const;

/** Raw deflate (no header, no checksum) with zram's settings: a window of 2 KiB. */
export function deflateCodec(): Codec {
  return {
    name: "deflate",
    description: `deflate of zlib (pako), raw, level ${DEFAULTS.level}, window of 2^${DEFAULTS.windowBits} bytes`,
    parameters: DEFAULTS,
    createStream(parameters) {
      const { level, windowBits, memLevel } = resolveParameters("deflate", DEFAULTS, RANGES, parameters);
      // Without the last one, which is pako's default, it would make the matches of Node's fork.
      const options = { level: level as Level, windowBits, memLevel, legacyHash: true };
      const inflate = (compressed: Uint8Array, how: zlib.ZlibOptions) =>
        zlib.inflateRawSync(compressed, { ...how, windowBits });
      return {
        compress: (unit) => pako.deflateRaw(unit, options),
        compressedSize: (unit) => pako.deflateRaw(unit, options).length,
        decompress: (compressed, target) => decompressInto("deflate", inflate, compressed, target),
      };
    },
  };
}
