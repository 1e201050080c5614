// Pages to write to a device: same-filled, compressible in many degrees, and not at all.

import { Prng } from "@zlab/hw-sim";
import { CONTENT_COUNT } from "./zram-commands.ts";

const made = new Map<number, readonly Uint8Array[]>();

/** The pages that content numbers stand for, of `pageBytes` bytes. */
export function contentPages(pageBytes: number): readonly Uint8Array[] {
  let pages = made.get(pageBytes);
  if (pages === undefined) {
    pages = Array.from({ length: CONTENT_COUNT }, (_, content) => makePage(content, pageBytes));
    made.set(pageBytes, pages);
  }
  return pages;
}

function makePage(content: number, pageBytes: number): Uint8Array {
  const prng = new Prng(content + 1);
  const page = new Uint8Array(pageBytes);
  const noise = (from: number, length: number, mask: number): void => {
    for (let i = from; i < from + length; i++) page[i] = prng.next() & mask;
  };
  if (content % 8 === 0) return page.fill(content); // the first is the page of zeros
  if (content % 8 === 1) return page.map((_, i) => [1, 2, 3, 4, 5, 6, 7, content][i % 8]!); // a word, repeated
  if (content % 8 === 2) noise(0, pageBytes, 0xff);
  else if (content % 8 === 3) noise(0, pageBytes, 0x0f);
  else noise(0, 8 + prng.below(pageBytes - 8), 0xff);
  return page;
}
