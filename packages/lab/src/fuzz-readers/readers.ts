// All readers of the campaign, and which of them an input goes to.

import type { FuzzedReader } from "./fuzzed-reader.ts";
import { OTHER_READERS } from "./other-readers.ts";
import { PAGE_READERS } from "./page-readers.ts";
import { poolImageReader } from "./pool-image-reader.ts";
import { TRACE_READERS } from "./trace-readers.ts";

export const READERS: readonly FuzzedReader[] = [...TRACE_READERS, ...PAGE_READERS, ...OTHER_READERS, poolImageReader];

/** The index of the reader for an input: the readers take turns, by their weights. */
export function readerIndexOf(inputIndex: number, readers: readonly FuzzedReader[]): number {
  const total = readers.reduce((sum, { weight }) => sum + weight, 0);
  let place = inputIndex % total;
  return readers.findIndex(({ weight }) => {
    place -= weight;
    return place < 0;
  });
}
