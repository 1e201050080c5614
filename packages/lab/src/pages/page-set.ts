// Memory pages as a user hands them in: raw pages, one after the other, in one or several files or in the built-in corpus.

/** One file, or the corpus. */
export interface PageSource {
  readonly name: string;
  readonly pageCount: number;
  /** Bytes of the last page that the file didn't have and that were filled with zeros. */
  readonly zeroFilledBytes: number;
}

/** The pages of one source. */
export interface PageBlock extends PageSource {
  /** pageCount * page size bytes. */
  readonly bytes: Uint8Array;
  /** What a page is from, if known. */
  readonly originOf?: (pageIndex: number) => string;
}

export class PageSet {
  readonly pageBytes: number;
  readonly sources: readonly PageSource[];
  /** All pages, source after source; views of the sources' memory. */
  readonly pages: readonly Uint8Array[];
  readonly #blocks: readonly PageBlock[];

  constructor(pageBytes: number, blocks: readonly PageBlock[]) {
    this.pageBytes = pageBytes;
    this.sources = blocks;
    this.#blocks = blocks;
    this.pages = blocks.flatMap(({ bytes, pageCount }) =>
      Array.from({ length: pageCount }, (_, i) => bytes.subarray(i * pageBytes, (i + 1) * pageBytes)),
    );
  }

  /** Where a page is from, for messages: "page 17 of memory.bin", "page 17 of the built-in corpus (node-heap)". */
  describe(pageIndex: number): string {
    let indexInBlock = pageIndex;
    for (const block of this.#blocks) {
      if (indexInBlock < block.pageCount) {
        const origin = block.originOf?.(indexInBlock);
        return `page ${indexInBlock} of ${block.name}${origin === undefined ? "" : ` (${origin})`}`;
      }
      indexInBlock -= block.pageCount;
    }
    return `page ${pageIndex}`;
  }
}
