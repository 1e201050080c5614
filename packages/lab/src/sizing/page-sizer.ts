// Compresses pages for their lengths: what one thread does.

import { type CodecStream, type Codec, isSameFilled } from "@zlab/codecs";
import type { PageSet } from "../pages/page-set.ts";
import type { SizeTable } from "./size-table.ts";

export class PageSizer {
  readonly #pages: PageSet;
  readonly #streams: readonly CodecStream[];
  readonly #sizes: SizeTable;

  constructor(pages: PageSet, codecs: readonly Codec[], sizes: SizeTable) {
    this.#pages = pages;
    this.#streams = codecs.map((codec) => codec.createStream());
    this.#sizes = sizes;
  }

  /** Enters the sizes of the pages from `firstPage` to before `endPage`. Throws what reading and the codecs throw. */
  size(firstPage: number, endPage: number): void {
    for (let pageIndex = firstPage; pageIndex < endPage; pageIndex++) {
      const page = this.#pages.page(pageIndex);
      if (isSameFilled(page)) {
        this.#sizes.setSameFilled(pageIndex);
        continue;
      }
      for (const [codecIndex, stream] of this.#streams.entries()) {
        this.#sizes.setSize(codecIndex, pageIndex, stream.compressedSize(page));
      }
    }
  }
}
