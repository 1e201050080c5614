// The decompressors of node:zlib under the rules of `CodecStream.decompress`.

import { type CodecError, assertLength, badStream, inputNotConsumed, inputOverrun, outputOverrun } from "./errors.ts";

/** What a synchronous call of node:zlib returns with the option `info`. */
interface Decompressed {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number }; // bytes of input that it took
}

/** A synchronous decompressor of node:zlib. */
type Decompressor = (compressed: Uint8Array, options: { info: boolean; maxOutputLength: number }) => unknown;

/** Decompresses into the whole of `target`. Throws a `CodecError` for whatever is wrong with the stream. */
export function decompressInto(
  codec: string,
  decompress: Decompressor,
  compressed: Uint8Array,
  target: Uint8Array,
): void {
  // The option can't be 0. For an empty target one byte is found out by its length.
  const options = { info: true, maxOutputLength: Math.max(target.length, 1) };
  let result: Decompressed;
  try {
    result = decompress(compressed, options) as Decompressed;
  } catch (error) {
    throw translated(codec, error, target.length);
  }
  const { buffer, engine } = result;
  if (buffer.length > target.length) throw outputOverrun(codec, target.length);
  const leftBytes = compressed.length - engine.bytesWritten;
  if (leftBytes > 0) throw inputNotConsumed(codec, leftBytes);
  assertLength(codec, buffer.length, target.length);
  target.set(buffer);
}

function translated(codec: string, error: unknown, targetBytes: number): CodecError {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ERR_BUFFER_TOO_LARGE") return outputOverrun(codec, targetBytes);
  if (code === "Z_BUF_ERROR") return inputOverrun(codec);
  return badStream(codec, message);
}
