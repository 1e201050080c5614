// What each page of the input compresses to under each codec. The table lies in memory that threads share: each writes the pages that it
// has compressed, none writes those of another.

/** The size of a page of one machine word over and over, which is not compressed at all. */
const SAME_FILLED = 0;

export class SizeTable {
  readonly pageCount: number;
  readonly codecCount: number;
  /** The memory, for other threads. */
  readonly shared: SharedArrayBuffer;
  readonly #sizes: Uint32Array; // a codec after the other

  /** A table of zeros, or over the memory of another thread's table. */
  constructor(pageCount: number, codecCount: number, shared?: SharedArrayBuffer) {
    this.pageCount = pageCount;
    this.codecCount = codecCount;
    this.shared = shared ?? new SharedArrayBuffer(pageCount * codecCount * Uint32Array.BYTES_PER_ELEMENT);
    this.#sizes = new Uint32Array(this.shared);
  }

  isSameFilled(pageIndex: number): boolean {
    return this.#sizes[pageIndex] === SAME_FILLED;
  }

  /** Bytes of a page that isn't same-filled. */
  sizeOf(codecIndex: number, pageIndex: number): number {
    return this.#sizes[codecIndex * this.pageCount + pageIndex]!;
  }

  setSize(codecIndex: number, pageIndex: number, bytes: number): void {
    this.#sizes[codecIndex * this.pageCount + pageIndex] = bytes;
  }

  setSameFilled(pageIndex: number): void {
    for (let codecIndex = 0; codecIndex < this.codecCount; codecIndex++) {
      this.setSize(codecIndex, pageIndex, SAME_FILLED);
    }
  }
}
