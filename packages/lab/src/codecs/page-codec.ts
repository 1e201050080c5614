// The seam for compressors of pages. Codecs are bound under PAGE_CODECS; the program finds them by name.

export interface PageCodec {
  /** Name on the command line. */
  readonly name: string;
  /** Version and settings, for heads of reports. */
  readonly description: string;
  /** The page compressed. The result may be longer than the page. */
  compress(page: Uint8Array): Uint8Array;
  /** The page again; `pageBytes` is its length. Throws on bytes that `compress` can't have made. */
  decompress(compressed: Uint8Array, pageBytes: number): Uint8Array;
}

/** Every `PageCodec` that was loaded: `container.getAll(PAGE_CODECS)`. */
export const PAGE_CODECS: unique symbol = Symbol.for("zlab.page-codecs");
