// Memory pages as a user hands them in, in one or several files or in the built-in corpus. They are read in runs, in the order in
// which they are asked for, so that they need not fit into memory.

import { counted } from "../output/format.ts";
import { PageBlock, type SharedBlock } from "./page-block.ts";

/** One file, or the corpus. */
export interface PageSource {
  readonly name: string;
  /** Format of the file: "raw", "elf-core", … */
  readonly format: string;
  readonly pageCount: number;
  /** Bytes of incomplete pages that the file didn't have and that were filled with zeros. */
  readonly zeroFilledBytes: number;
}

/** Pages as they are handed to another thread, which reads them by itself. */
export interface SharedPages {
  readonly pageBytes: number;
  readonly blocks: readonly SharedBlock[];
}

/** What is read at a time; small enough to stay in a processor's cache. */
const RUN_BYTES = 2 ** 20;

export class PageSet {
  readonly pageBytes: number;
  readonly pageCount: number;
  readonly sources: readonly PageSource[];
  readonly #blocks: readonly PageBlock[];
  readonly #run: Uint8Array;
  #runStart = 0;
  #runEnd = 0;

  constructor(pageBytes: number, blocks: readonly PageBlock[]) {
    this.pageBytes = pageBytes;
    this.sources = blocks;
    this.#blocks = blocks;
    this.pageCount = blocks.reduce((sum, block) => sum + block.pageCount, 0);
    this.#run = new Uint8Array(Math.min(RUN_BYTES, Math.max(1, this.pageCount) * pageBytes));
  }

  /** The pages that another thread has handed over. */
  static of({ pageBytes, blocks }: SharedPages): PageSet {
    return new PageSet(
      pageBytes,
      blocks.map((block) => PageBlock.of(block, pageBytes)),
    );
  }

  share(): SharedPages {
    return { pageBytes: this.pageBytes, blocks: this.#blocks.map((block) => block.share()) };
  }

  /** A page, counted over all sources. The bytes are good until the next call. */
  page(pageIndex: number): Uint8Array {
    if (pageIndex < this.#runStart || pageIndex >= this.#runEnd) this.#readRun(pageIndex);
    const start = (pageIndex - this.#runStart) * this.pageBytes;
    return this.#run.subarray(start, start + this.pageBytes);
  }

  /** Copies of all pages, for sets that are known to fit into memory. */
  get pages(): Uint8Array[] {
    return Array.from({ length: this.pageCount }, (_, pageIndex) => this.page(pageIndex).slice());
  }

  /** Where a page is from, for messages: "page 17 of memory.bin", "page 17 of the built-in corpus (node-heap)". */
  describe(pageIndex: number): string {
    const { block, indexInBlock } = this.#locate(pageIndex);
    const origin = block.originOf(indexInBlock);
    return `page ${indexInBlock} of ${block.name}${origin === undefined ? "" : ` (${origin})`}`;
  }

  #readRun(pageIndex: number): void {
    const { block, indexInBlock } = this.#locate(pageIndex);
    const count = Math.min(this.#run.length / this.pageBytes, block.pageCount - indexInBlock);
    block.read(indexInBlock, this.#run.subarray(0, count * this.pageBytes));
    this.#runStart = pageIndex;
    this.#runEnd = pageIndex + count;
  }

  #locate(pageIndex: number): { block: PageBlock; indexInBlock: number } {
    let indexInBlock = pageIndex;
    for (const block of this.#blocks) {
      if (indexInBlock < block.pageCount) return { block, indexInBlock };
      indexInBlock -= block.pageCount;
    }
    throw new RangeError(`page ${pageIndex} of ${this.pageCount}`);
  }
}

/** A sentence about pages of a source that were completed with zeros; undefined if there are none. */
export function describeZeroFill({ name, format, zeroFilledBytes }: PageSource): string | undefined {
  if (zeroFilledBytes === 0) return undefined;
  const [bytes, were] = [counted(zeroFilledBytes, "byte"), zeroFilledBytes === 1 ? "was" : "were"];
  if (format === "raw") return `${name} ends within a page: its last ${bytes} ${were} filled with zeros`;
  return `${name} has memory ranges that end within a page: ${bytes} ${were} filled with zeros`;
}
