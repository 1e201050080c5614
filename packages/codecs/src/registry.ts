// Codecs by name, in the order of the kernel's list.

import type { Codec } from "./codec.ts";
import { CodecError } from "./errors.ts";

/** The order in which zram lists its compressors, whichever of them were built in. */
export const KERNEL_ORDER: readonly string[] = ["lzo-rle", "lzo", "lz4", "lz4hc", "zstd", "deflate", "842"];

export class CodecRegistry {
  readonly #codecs = new Map<string, Codec>();

  constructor(codecs: readonly Codec[] = []) {
    for (const codec of codecs) this.register(codec);
  }

  /** Makes a codec available; disposing the result takes it out again. Throws ZLAB_CODEC_DUPLICATE for a known name. */
  register(codec: Codec): Disposable {
    const { name } = codec;
    if (this.#codecs.has(name)) {
      throw new CodecError("ZLAB_CODEC_DUPLICATE", `a codec named "${name}" is registered already`);
    }
    this.#codecs.set(name, codec);
    return {
      [Symbol.dispose]: () => {
        if (this.#codecs.get(name) === codec) this.#codecs.delete(name);
      },
    };
  }

  has(name: string): boolean {
    return this.#codecs.has(name);
  }

  /** Throws ZLAB_CODEC_UNKNOWN, naming those there are. */
  codec(name: string): Codec {
    const codec = this.#codecs.get(name);
    if (codec !== undefined) return codec;
    const known = this.names().join(", ") || "none";
    throw new CodecError("ZLAB_CODEC_UNKNOWN", `there is no codec "${name}"; registered: ${known}`);
  }

  /** All codecs: those that the kernel has in its order, then the others in the order of registration. */
  codecs(): Codec[] {
    return Array.from(this.#codecs.values()).toSorted((a, b) => rank(a.name) - rank(b.name));
  }

  /** Their names, in the same order. */
  names(): string[] {
    return this.codecs().map(({ name }) => name);
  }
}

function rank(name: string): number {
  const index = KERNEL_ORDER.indexOf(name);
  return index === -1 ? KERNEL_ORDER.length : index;
}
