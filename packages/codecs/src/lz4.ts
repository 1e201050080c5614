// The codec "lz4".

import type { Codec } from "./codec.ts";
import { assertLength } from "./errors.ts";
import { decodeLz4 } from "./lz4-decoder.ts";
import { Lz4Encoder } from "./lz4-encoder.ts";
import { resolveParameters } from "./parameters.ts";

/** zram's "level" of lz4. Higher ones search less; only the kernel's default is simulated. */
const DEFAULTS = { acceleration: 1 };
const RANGES = { acceleration: [1, 1] } as const;

/** LZ4 as Linux has it, without a dictionary. */
export function lz4Codec(): Codec {
  return {
    name: "lz4",
    description: "LZ4 of Linux, acceleration 1",
    parameters: DEFAULTS,
    createStream(parameters) {
      resolveParameters("lz4", DEFAULTS, RANGES, parameters);
      const encoder = new Lz4Encoder();
      return {
        compress: (unit) => encoder.encode(unit),
        compressedSize: (unit) => encoder.encodedSize(unit),
        decompress: (compressed, target) => assertLength("lz4", decodeLz4(compressed, target), target.length),
      };
    },
  };
}
