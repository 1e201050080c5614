// What mm_stat of a running kernel said while the corpus of real pages was written, thinned out, compacted and overwritten.

import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { expect, test } from "vitest";
import { makeDevice } from "./devices.ts";
import type { Zram } from "@zlab/zram";

interface DeviceTruth {
  readonly corpora: {
    readonly pages: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;
  };
}

const PAGE_BYTES = 4096;
const corpus = (name: string): Buffer => readFileSync(new URL(`../../lab/corpus/${name}`, import.meta.url));
const pages = new Uint8Array(zlib.zstdDecompressSync(corpus("pages.bin.zst")));
const pageCount = pages.length / PAGE_BYTES;
const truth = JSON.parse(corpus("device-truth.json").toString()) as DeviceTruth;

const pageOf = (index: number): Uint8Array => pages.subarray(index * PAGE_BYTES, (index + 1) * PAGE_BYTES);

/** The steps of the record, by name; each ends with a look at mm_stat. */
const STEPS: readonly (readonly [string, (zram: Zram) => void])[] = [
  ["fresh", (zram) => void zram.attributes.write("disksize", String(pages.length))],
  ["written", (zram) => each(pageCount, (i) => zram.write(i * PAGE_BYTES, pageOf(i)))],
  ["discarded", (zram) => each(pageCount, (i) => (i % 3 === 2 ? zram.discard(i * PAGE_BYTES, PAGE_BYTES) : 0))],
  ["compacted", (zram) => void zram.attributes.write("compact", "1")],
  ["overwritten", (zram) => each(pageCount / 2, (i) => zram.write(i * PAGE_BYTES, pageOf(pageCount / 2 + i)))],
];

function each(count: number, operation: (index: number) => number): void {
  for (let index = 0; index < count; index++) expect(operation(index)).toBe(0);
}

test.each(["lz4", "lzo", "lzo-rle"])("%s", (algorithm) => {
  for (const backing of ["array-buffer", "size-only"] as const) {
    const { zram, machine } = makeDevice({}, { pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 4096 }], backing });
    zram.attributes.write("comp_algorithm", algorithm);
    const seen = STEPS.map(([name, step]) => {
      step(zram);
      return [name, zram.mmStat()];
    });
    expect(Object.fromEntries(seen)).toEqual(truth.corpora.pages[algorithm]);
    zram.check();
    zram.reset();
    expect(machine.freePageCount()).toBe(4096);
  }
});
