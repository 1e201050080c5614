// The codecs "lzo" and "lzo-rle".

import type { Codec } from "./codec.ts";
import { assertLength } from "./errors.ts";
import { decodeLzo } from "./lzo-decoder.ts";
import { LzoEncoder, type LzoVariant } from "./lzo-encoder.ts";
import { resolveParameters } from "./parameters.ts";

/** LZO1X-1 as Linux has it. */
export function lzoCodec(): Codec {
  return codecOf("lzo", "LZO1X-1 of Linux");
}

/** LZO1X-1 with runs of zeros as Linux has it: the default of zram. */
export function lzoRleCodec(): Codec {
  return codecOf("lzo-rle", "LZO1X-1 with zero runs of Linux");
}

function codecOf(name: LzoVariant, description: string): Codec {
  return {
    name,
    description,
    parameters: {},
    createStream(parameters) {
      resolveParameters(name, {}, {}, parameters);
      const encoder = new LzoEncoder(name);
      return {
        compress: (unit) => encoder.encode(unit),
        compressedSize: (unit) => encoder.encodedSize(unit),
        decompress: (compressed, target) => assertLength(name, decodeLzo(name, compressed, target), target.length),
      };
    },
  };
}
