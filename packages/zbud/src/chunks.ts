// How a zbud page is divided. Everything is counted in chunks, a 64th of a page, so that a page's free space is one of
// 64 numbers and can name a list.
//
//   chunk   0        1 ...                                            ... 63
//           header   first buddy, growing up ->  free  <- last buddy, ending at the page's end

/** Chunks in a page of any size. */
export const CHUNKS_PER_PAGE = 64;
/** Chunks of the page header. */
export const HEADER_CHUNKS = 1;
/** Chunks for objects, NCHUNKS of the kernel. */
export const USABLE_CHUNKS: number = CHUNKS_PER_PAGE - HEADER_CHUNKS;
/** Chunks of the largest object: one less than there are, so that the last buddy never begins where the first one does. */
export const MAX_OBJECT_CHUNKS: number = USABLE_CHUNKS - 1;

/** The two places of a page, numbered as in the traces. */
export const Buddy = { first: 0, last: 1 } as const;

export type Buddy = (typeof Buddy)[keyof typeof Buddy];

/** Bytes of a chunk: 64 with pages of 4 KiB. */
export function chunkBytesOf(pageBytes: number): number {
  return pageBytes / CHUNKS_PER_PAGE;
}

/** Largest request in bytes: 3968 with pages of 4 KiB. */
export function maxObjectBytesOf(pageBytes: number): number {
  return MAX_OBJECT_CHUNKS * chunkBytesOf(pageBytes);
}
