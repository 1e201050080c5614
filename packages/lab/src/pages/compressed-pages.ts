// What is stored for a set of pages under one codec.

import { type Codec, type CodecStream, isSameFilled } from "@zlab/codecs";
import type { PageSet } from "./page-set.ts";

export interface CompressedPages {
  readonly codec: Codec;
  /** The stream that compressed them. */
  readonly stream: CodecStream;
  readonly pageSet: PageSet;
  /** One per page that is stored: its compressed bytes, or the page itself if it doesn't compress. */
  readonly objects: readonly Uint8Array[];
  /** Number of the page that an object stands for. */
  readonly pageIndexes: readonly number[];
  /** 1 for each object of which `verify` has seen that it decompresses to its page. */
  readonly restored: Uint8Array;
  /** Sum of the objects' lengths. */
  readonly objectBytes: number;
  /** Pages of equal words, for which nothing is stored. */
  readonly sameFilledCount: number;
  /** Pages stored as they are, because compressed they would not be smaller. */
  readonly rawCount: number;
}

const PAGES_PER_REPORT = 1024;

/** Compresses every page that isn't same-filled. `onProgress` is told now and then which part of the pages, from 0 to 1, is done. */
export function compressPages(pageSet: PageSet, codec: Codec, onProgress?: (part: number) => void): CompressedPages {
  const stream = codec.createStream();
  const objects: Uint8Array[] = [];
  const pageIndexes: number[] = [];
  let objectBytes = 0;
  let rawCount = 0;
  for (let pageIndex = 0; pageIndex < pageSet.pageCount; pageIndex++) {
    if (pageIndex % PAGES_PER_REPORT === 0) onProgress?.(pageIndex / pageSet.pageCount);
    const page = pageSet.page(pageIndex);
    if (isSameFilled(page)) continue;
    const compressed = stream.compress(page);
    const isRaw = compressed.length >= page.length;
    const object = (isRaw ? page : compressed).slice(); // both are used again for the next page
    if (isRaw) rawCount++;
    objects.push(object);
    pageIndexes.push(pageIndex);
    objectBytes += object.length;
  }
  const sameFilledCount = pageSet.pageCount - objects.length;
  const restored = new Uint8Array(objects.length);
  return { codec, stream, pageSet, objects, pageIndexes, restored, objectBytes, sameFilledCount, rawCount };
}

/** Puts the page that a stored object stands for into `target`, which is a page long; an object of that length is the page itself.
 * Throws what the codec throws for bytes that it can't have made. */
export function restorePage(stream: CodecStream, object: Uint8Array, target: Uint8Array): void {
  if (object.length === target.length) target.set(object);
  else stream.decompress(object, target);
}
