// THE contract of a codec: a compressor of single pages as zram and zswap use it. A codec makes streams; a stream does the work
// and holds whatever memory that takes, so there is one for each CPU (or thread), as in the kernel.
//
// What a stream promises:
//   1. Each unit stands for itself: no state goes from one to the next, and equal units give equal bytes, on any stream.
//   2. `decompress` takes back what `compress` gave, from any stream with the same parameters.
//   3. `compressedSize` is the length of what `compress` would give.
//   4. Any bytes may be given to `decompress`: it returns or throws a `CodecError`, in bounded time, and touches nothing but the target.

/** The largest unit of the codecs that are written for pages (lz4 and both lzo): 64 KiB, the largest page there is. */
export const MAX_UNIT_BYTES = 65_536;

/** Settings of a codec by name, numbers only. */
export type CodecParameters = Readonly<Record<string, number>>;

/** A compressor, known by its name to the registry. It has no state itself. */
export interface Codec {
  /** The kernel's name where it has the compressor: "lzo-rle". */
  readonly name: string;
  /** One line with version and settings, for lists and heads of reports. */
  readonly description: string;
  /** Every setting there is, with the value that zram takes when told nothing. */
  readonly parameters: CodecParameters;
  /** Why lengths may differ from the kernel's on this runtime; absent if they don't. */
  readonly deviation?: string;
  /** A stream with these settings; those left out have their values from `parameters`. Throws ZLAB_CODEC_PARAMETERS. */
  createStream(parameters?: CodecParameters): CodecStream;
}

/** Compresses and decompresses units, one at a time. */
export interface CodecStream {
  /** The unit compressed. The result may be longer than the unit; it may be a view of the stream's own memory, good until the
   * next call. Throws ZLAB_CODEC_UNIT_TOO_LARGE if the codec has a limit. */
  compress(unit: Uint8Array): Uint8Array;
  /** How many bytes `compress` would give. Faster where the codec can count without writing. */
  compressedSize(unit: Uint8Array): number;
  /** Fills the whole of `target` with the unit that `compressed` stands for. Throws a `CodecError` with one of the codes for bad
   * streams; ZLAB_CODEC_WRONG_LENGTH if the unit is shorter than the target. What the target holds then is undefined. */
  decompress(compressed: Uint8Array, target: Uint8Array): void;
}
