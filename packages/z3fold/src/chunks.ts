// How a z3fold page is divided, in chunks of a 64th of a page.
//
//   chunk   0    1    2 ...                                                        ... 63
//           header    first buddy  ->  free | middle buddy, anywhere | free  <-  last buddy
//
// The header of 88 bytes takes two chunks with pages of 4 KiB and one chunk with larger pages.

/** Chunks in a page of any size. */
export const CHUNKS_PER_PAGE = 64;

const HEADER_BYTES = 88; // of `struct z3fold_header`, x86-64 without lock debugging

/** The places of a page, numbered as in the traces. A headless object has a page without header to itself. */
export const Buddy = { headless: 0, first: 1, middle: 2, last: 3 } as const;

export type Buddy = (typeof Buddy)[keyof typeof Buddy];

/** The sizes that follow from the page size. */
export class ChunkGeometry {
  readonly pageBytes: number;
  /** Bytes of a chunk: 64 with pages of 4 KiB. */
  readonly chunkBytes: number;
  /** Chunks of the header, ZHDR_CHUNKS of the kernel; also the number of the first usable chunk. */
  readonly headerChunks: number;
  /** Chunks for objects, NCHUNKS of the kernel. */
  readonly usableChunks: number;
  /** Largest object of a page with header in bytes: one chunk less than there are. A larger one goes headless. */
  readonly maxBuddyBytes: number;

  constructor(pageBytes: number) {
    this.pageBytes = pageBytes;
    this.chunkBytes = pageBytes / CHUNKS_PER_PAGE;
    this.headerChunks = Math.ceil(HEADER_BYTES / this.chunkBytes);
    this.usableChunks = CHUNKS_PER_PAGE - this.headerChunks;
    this.maxBuddyBytes = (this.usableChunks - 1) * this.chunkBytes;
  }
}
