// Which objects a page holds, and where: one 32-bit word, so that malloc and free learn all of it at one look.
//
//   bits  31 … 24       23 … 16         15 … 8          7 … 0
//        ┌────────────┬───────────────┬──────────────┬──────────────────────────────────────────────────┐
//        │ last       │ middle        │ first        │ first chunk of the middle object, which stays     │
//        │ (3) chunks │ (2) chunks    │ (1) chunks   │ when that is freed; 64: a headless page           │
//        └────────────┴───────────────┴──────────────┴──────────────────────────────────────────────────┘
//
// A length of 0 means that there is no such object. All functions are pure.

import { Buddy, CHUNKS_PER_PAGE } from "./chunks.ts";

/** A page with header and without objects. */
export const EMPTY_LAYOUT = 0;
/** A headless page. */
export const HEADLESS_LAYOUT: number = CHUNKS_PER_PAGE;

const START_MASK = 0x3f;
const LENGTH_MASK = 0xff;
const FIRST_SHIFT = 8;
const MIDDLE_SHIFT = 16;
const LAST_SHIFT = 24;

/** Length of an object in chunks, 0 if absent; that of a headless object is its page's. */
export function chunksIn(layout: number, buddy: number): number {
  if (buddy === Buddy.headless) return layout & CHUNKS_PER_PAGE;
  return (layout >> (buddy << 3)) & LENGTH_MASK;
}

/** The layout with another length of an object of a page with header. */
export function withChunks(layout: number, buddy: number, chunks: number): number {
  const shift = buddy << 3;
  return (layout & ~(LENGTH_MASK << shift)) | (chunks << shift);
}

/** First chunk of the middle object, meaningful while there is one. */
export function startMiddleIn(layout: number): number {
  return layout & START_MASK;
}

/** The layout with the middle object beginning at another chunk. */
export function withStartMiddle(layout: number, chunk: number): number {
  return (layout & ~LENGTH_MASK) | chunk;
}

/** Objects of a page with header, 0 to 3. */
export function objectsIn(layout: number): number {
  let objects = 0;
  if (layout >>> LAST_SHIFT !== 0) objects++;
  if (((layout >> MIDDLE_SHIFT) & LENGTH_MASK) !== 0) objects++;
  if (((layout >> FIRST_SHIFT) & LENGTH_MASK) !== 0) objects++;
  return objects;
}

/** Which place an object takes in a page with room for it, which has `headerChunks` in front. */
export function placeIn(layout: number, chunks: number, headerChunks: number): Buddy {
  const firstIsFree = ((layout >> FIRST_SHIFT) & LENGTH_MASK) === 0;
  if (((layout >> MIDDLE_SHIFT) & LENGTH_MASK) !== 0) {
    return firstIsFree && chunks <= (layout & START_MASK) - headerChunks ? Buddy.first : Buddy.last;
  }
  if (firstIsFree) return Buddy.first;
  return layout >>> LAST_SHIFT === 0 ? Buddy.last : Buddy.middle;
}

/** The layout with one more object; a middle one lies directly behind the first. */
export function withObject(layout: number, buddy: number, chunks: number, headerChunks: number): number {
  const longer = layout | (chunks << (buddy << 3));
  if (buddy !== Buddy.middle) return longer;
  return withStartMiddle(longer, ((layout >> FIRST_SHIFT) & LENGTH_MASK) + headerChunks);
}

/** Length of the longest object that a page still takes, in chunks. With a middle object that is the larger of the two gaps
 * that have no object. */
export function freeChunksIn(layout: number, headerChunks: number): number {
  const first = (layout >> FIRST_SHIFT) & LENGTH_MASK;
  const middle = (layout >> MIDDLE_SHIFT) & LENGTH_MASK;
  const last = layout >>> LAST_SHIFT;
  if (middle === 0) return CHUNKS_PER_PAGE - headerChunks - first - last;
  const start = layout & START_MASK;
  const before = first === 0 ? start - headerChunks : 0;
  const behind = last === 0 ? CHUNKS_PER_PAGE - start - middle : 0;
  return before > behind ? before : behind;
}
