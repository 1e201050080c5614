// The codecs of this package together.

import type { Codec } from "./codec.ts";
import { deflateCodec } from "./deflate.ts";
import { lz4Codec } from "./lz4.ts";
import { lzoCodec, lzoRleCodec } from "./lzo.ts";
import { zstdCodec } from "./zstd.ts";

/** All codecs of this package, in the kernel's order. */
export function kernelCodecs(): Codec[] {
  return [lzoRleCodec(), lzoCodec(), lz4Codec(), zstdCodec(), deflateCodec()];
}
