// The built-in corpus: 2,048 real memory pages of 4,096 bytes, with the origin of each.

import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";
import { UsageError, fileError, messageOf } from "../errors.ts";
import { memorySource } from "./byte-source.ts";
import { parseCorpusTable } from "./corpus-table.ts";
import { PageBlock } from "./page-block.ts";
import { PageSet } from "./page-set.ts";

const CORPUS_PAGE_BYTES = 4096;
/** Far more than the corpus has; a damaged file may claim anything. */
const MAX_CORPUS_BYTES = 2 ** 26;

/** Name of the corpus as a source of pages. */
const CORPUS_NAME = "the built-in corpus";
const PAGES_FILE = "pages.bin.zst";
const ORIGINS_FILE = "pages.csv";

/** The corpus as pages of `pageBytes`: larger pages are runs of neighbouring small ones. Throws a `UsageError` if a file of it is
 * damaged. */
export function readCorpus(pageBytes: number): PageSet {
  return decodeCorpus(readFileSync(corpusFile(PAGES_FILE)), readFileSync(corpusFile(ORIGINS_FILE), "utf8"), pageBytes);
}

/** The same from the contents of both files. */
export function decodeCorpus(storedPages: Uint8Array, originsText: string, pageBytes: number): PageSet {
  const bytes = decompress(storedPages);
  const origins = parseCorpusTable(ORIGINS_FILE, originsText, ["page", "source"]).map(([, origin]) => origin!);
  if (bytes.length !== origins.length * CORPUS_PAGE_BYTES) {
    const problem = `${bytes.length} bytes of pages for the ${origins.length} rows of ${ORIGINS_FILE}`;
    throw fileError(PAGES_FILE, `the built-in corpus is damaged (${problem}); install zlab again`);
  }
  const pagesPerPage = pageBytes / CORPUS_PAGE_BYTES;
  const originOf = (pageIndex: number): string =>
    [...new Set(origins.slice(pageIndex * pagesPerPage, (pageIndex + 1) * pagesPerPage))].join(", ");
  const source = memorySource(CORPUS_NAME, bytes);
  const extents = [{ offset: 0, byteCount: bytes.length }];
  return new PageSet(pageBytes, [new PageBlock(source, "raw", extents, pageBytes, originOf)]);
}

function decompress(stored: Uint8Array): Uint8Array {
  if (typeof zlib.zstdDecompressSync !== "function") {
    throw new UsageError(`Node ${process.versions.node} has no zstd; use Node 22.15 or later`);
  }
  try {
    return zlib.zstdDecompressSync(stored, { maxOutputLength: MAX_CORPUS_BYTES });
  } catch (error) {
    throw fileError(PAGES_FILE, `the built-in corpus is damaged (${messageOf(error)}); install zlab again`);
  }
}

function corpusFile(name: string): URL {
  return new URL(`../../corpus/${name}`, import.meta.url);
}
