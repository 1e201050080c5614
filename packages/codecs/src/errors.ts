// What codecs throw.

import { ZlabError } from "@zlab/hw-sim";

/** Thrown by codecs and by their registry. Codes of a compressed stream that can't be decompressed, with the kernel's name where
 * it has one:
 *
 * | code | what is wrong with the stream |
 * |---|---|
 * | ZLAB_CODEC_INPUT_OVERRUN | it ends too early (LZO_E_INPUT_OVERRUN) |
 * | ZLAB_CODEC_INPUT_NOT_CONSUMED | bytes follow its end (LZO_E_INPUT_NOT_CONSUMED) |
 * | ZLAB_CODEC_OUTPUT_OVERRUN | it decompresses to more bytes than there is room for (LZO_E_OUTPUT_OVERRUN) |
 * | ZLAB_CODEC_BAD_OFFSET | a match lies before the start of the output, or has offset 0 (LZO_E_LOOKBEHIND_OVERRUN) |
 * | ZLAB_CODEC_BAD_STREAM | it breaks another rule of its format (LZO_E_ERROR) |
 * | ZLAB_CODEC_WRONG_LENGTH | it decompresses to fewer bytes than asked for |
 *
 * and of wrong calls:
 *
 * | code | what was wrong |
 * |---|---|
 * | ZLAB_CODEC_UNIT_TOO_LARGE | more than `MAX_UNIT_BYTES` to compress |
 * | ZLAB_CODEC_PARAMETERS | a parameter that the codec doesn't have, or a value out of its range |
 * | ZLAB_CODEC_UNKNOWN | the registry has no codec of that name |
 * | ZLAB_CODEC_DUPLICATE | the registry has a codec of that name already |
 * | ZLAB_CODEC_UNAVAILABLE | this JavaScript runtime lacks what the codec needs |
 */
export class CodecError extends ZlabError {}

export function inputOverrun(codec: string): CodecError {
  return new CodecError("ZLAB_CODEC_INPUT_OVERRUN", `${codec}: the compressed bytes end in the middle of the stream`);
}

export function inputNotConsumed(codec: string, leftBytes: number): CodecError {
  return new CodecError("ZLAB_CODEC_INPUT_NOT_CONSUMED", `${codec}: ${leftBytes} bytes follow the end of the stream`);
}

export function outputOverrun(codec: string, targetBytes: number): CodecError {
  const what = `the stream decompresses to more than the ${targetBytes} bytes there is room for`;
  return new CodecError("ZLAB_CODEC_OUTPUT_OVERRUN", `${codec}: ${what}`);
}

export function badOffset(codec: string, offset: number, writtenBytes: number): CodecError {
  const what = `a match ${offset} bytes back, with ${writtenBytes} bytes written so far`;
  return new CodecError("ZLAB_CODEC_BAD_OFFSET", `${codec}: ${what}`);
}

export function badStream(codec: string, what: string): CodecError {
  return new CodecError("ZLAB_CODEC_BAD_STREAM", `${codec}: ${what}`);
}

/** Throws ZLAB_CODEC_WRONG_LENGTH unless a stream gave exactly the bytes that were asked for. */
export function assertLength(codec: string, decodedBytes: number, expectedBytes: number): void {
  if (decodedBytes === expectedBytes) return;
  const what = `the stream decompresses to ${decodedBytes} bytes, not to ${expectedBytes}`;
  throw new CodecError("ZLAB_CODEC_WRONG_LENGTH", `${codec}: ${what}`);
}
