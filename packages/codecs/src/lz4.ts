// The codec "lz4".

import { type Codec, MAX_UNIT_BYTES } from "./codec.ts";
import { assertLength } from "./errors.ts";
import { decodeLz4 } from "./lz4-decoder.ts";
import { Lz4Encoder } from "./lz4-encoder.ts";
import { resolveParameters } from "./parameters.ts";

/** zram's "level" of lz4: higher ones search less. From the largest unit's length on nothing is found any more. */
const DEFAULTS = { acceleration: 1 };
const RANGES = { acceleration: [1, MAX_UNIT_BYTES] } as const;

/** LZ4 as Linux has it, without a dictionary. */
export function lz4Codec(): Codec {
  return {
    name: "lz4",
    description: "LZ4 of Linux, acceleration 1",
    parameters: DEFAULTS,
    createStream(parameters) {
      const { acceleration } = resolveParameters("lz4", DEFAULTS, RANGES, parameters);
      const encoder = new Lz4Encoder(acceleration);
      return {
        compress: (unit) => encoder.encode(unit),
        compressedSize: (unit) => encoder.encodedSize(unit),
        decompress: (compressed, target) => assertLength("lz4", decodeLz4(compressed, target), target.length),
      };
    },
  };
}
