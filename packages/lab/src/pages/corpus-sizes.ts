// Compressed lengths of the built-in corpus: what a running kernel accounted for each page (lz4, lzo, lzo-rle), and what zstd
// and deflate make of it. For work that needs only sizes, no compressor has to run.

import { readFileSync } from "node:fs";
import { corpusNumber, parseCorpusTable } from "./corpus-table.ts";

/** Compressors of corpus/truth-pages.csv. */
const SIZE_CODECS = ["lz4", "lzo", "lzo-rle", "zstd", "deflate"] as const;
export type SizeCodec = (typeof SIZE_CODECS)[number];

const ORIGINS_FILE = "pages.csv";
const SIZES_FILE = "truth-pages.csv";
const SIZES_COLUMNS = ["page", "kind", "lz4", "lzo", "lzo_rle", "zstd", "deflate"];
/** Number of columns before those of the compressors. */
const LEADING_COLUMNS = 2;
const PAGE_BYTES = 4096;
/** Some compressors make a page longer. */
const MAX_COMPRESSED_BYTES = 2 * PAGE_BYTES;

/** One page of the corpus. */
export interface PageSize {
  /** Compressed length in bytes, at most 4,096: a page that does not become smaller counts as itself. */
  readonly bytes: number;
  /** What the page is from, such as "python-heap". */
  readonly origin: string;
}

/** The pages of the corpus in their order, without the same-filled ones, for which nothing is stored. The kernel's columns
 * hold 4,096 for every page from 3,625 bytes (the threshold of chain 8). */
export function readCorpusSizes(codec: SizeCodec): PageSize[] {
  const origins = parseCorpusTable(ORIGINS_FILE, textOf(ORIGINS_FILE), ["page", "source"]).map(([, origin]) => origin!);
  return readCorpusSizesByPage(codec).flatMap((bytes, page) =>
    bytes === 0 ? [] : [{ bytes, origin: origins[page]! }],
  );
}

/** The compressed lengths of all pages of the corpus in their order; 0 for a same-filled page. */
export function readCorpusSizesByPage(codec: SizeCodec): number[] {
  return parseCorpusSizes(textOf(SIZES_FILE), codec);
}

/** The same from the contents of truth-pages.csv. Throws a `UsageError` for a damaged file. */
export function parseCorpusSizes(text: string, codec: SizeCodec): number[] {
  const column = LEADING_COLUMNS + SIZE_CODECS.indexOf(codec);
  return parseCorpusTable(SIZES_FILE, text, SIZES_COLUMNS).map((cells) =>
    cells[1] === "same" ? 0 : Math.min(PAGE_BYTES, corpusNumber(SIZES_FILE, cells, column, 1, MAX_COMPRESSED_BYTES)),
  );
}

function textOf(file: string): string {
  return readFileSync(new URL(`../../corpus/${file}`, import.meta.url), "utf8");
}
