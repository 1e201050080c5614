// The built-in corpus: 2,048 real memory pages of 4,096 bytes, with the origin of each.

import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { UsageError } from "../errors.ts";
import { memorySource } from "./byte-source.ts";
import { PageBlock } from "./page-block.ts";
import { PageSet } from "./page-set.ts";

const CORPUS_PAGE_BYTES = 4096;

/** Name of the corpus as a source of pages. */
const CORPUS_NAME = "the built-in corpus";

/** The corpus as pages of `pageBytes`: larger pages are runs of neighbouring small ones. */
export function readCorpus(pageBytes: number): PageSet {
  if (typeof zlib.zstdDecompressSync !== "function") {
    throw new UsageError(`Node ${process.versions.node} has no zstd; use Node 22.15 or later`);
  }
  const bytes = zlib.zstdDecompressSync(readFileSync(corpusFile("pages.bin.zst")));
  const origins = readOrigins();
  const pagesPerPage = pageBytes / CORPUS_PAGE_BYTES;
  const originOf = (pageIndex: number): string =>
    [...new Set(origins.slice(pageIndex * pagesPerPage, (pageIndex + 1) * pagesPerPage))].join(", ");
  const source = memorySource(CORPUS_NAME, bytes);
  const extents = [{ offset: 0, byteCount: bytes.length }];
  return new PageSet(pageBytes, [new PageBlock(source, "raw", extents, pageBytes, originOf)]);
}

/** The column "source" of pages.csv, by page number. */
function readOrigins(): string[] {
  const [, ...rows] = readFileSync(corpusFile("pages.csv"), "utf8").trimEnd().split("\n");
  return rows.map((row) => row.slice(row.indexOf(",") + 1).trim());
}

function corpusFile(name: string): URL {
  return new URL(`../../corpus/${name}`, import.meta.url);
}
