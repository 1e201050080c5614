// The sizes of xvmalloc, and which free list belongs to which size. Everything in a page is a multiple of 4 bytes; the free
// lists are 8 bytes apart. With pages of 4 KiB:
//
//   list     0        1        2       ...  506          507
//   payload  32..39   40..47   48..55       4080..4087   4088..4092
//
// A free block is listed by its payload rounded down, a request searches from its size rounded up: so every block of the
// lists that are searched is large enough, and none needs to be looked at.

/** Bytes of a block's header, and the unit of all sizes and offsets. */
export const HEADER_BYTES = 4;
/** Smallest payload that a free block is listed with, in bytes; the links would not fit in less. */
export const MIN_LISTED_BYTES = 32;

const LIST_SPACING_SHIFT = 3;
const LIST_SPACING_BYTES: number = 1 << LIST_SPACING_SHIFT;

/** Bytes of an object rounded up to what its block holds for it. */
export function payloadFor(bytes: number): number {
  return (bytes + HEADER_BYTES - 1) & -HEADER_BYTES;
}

/** Payload of the one block of an empty page: 4092 with pages of 4 KiB. It is also the largest request that is tried. */
export function wholePageBytesOf(pageBytes: number): number {
  return pageBytes - HEADER_BYTES;
}

/** Free lists for a page size: 508 with pages of 4 KiB. */
export function listCountOf(pageBytes: number): number {
  return freeListOf(wholePageBytesOf(pageBytes)) + 1;
}

/** Largest request in bytes that can succeed: 4088 with pages of 4 KiB. Above, the search begins behind the last list. */
export function maxObjectBytesOf(pageBytes: number): number {
  return wholePageBytesOf(pageBytes) & -LIST_SPACING_BYTES;
}

/** The list of a free block with this payload, 32 bytes or more. */
export function freeListOf(payloadBytes: number): number {
  return (payloadBytes - MIN_LISTED_BYTES) >> LIST_SPACING_SHIFT;
}

/** The first list that is searched for a request. */
export function requestListOf(bytes: number): number {
  return bytes <= MIN_LISTED_BYTES ? 0 : (bytes - MIN_LISTED_BYTES + LIST_SPACING_BYTES - 1) >> LIST_SPACING_SHIFT;
}
