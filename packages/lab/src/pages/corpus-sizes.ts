// Compressed lengths of the built-in corpus: what a running kernel accounted for each page (lz4, lzo, lzo-rle), and what zstd
// and deflate make of it. For work that needs only sizes, no compressor has to run.

import { readFileSync } from "node:fs";

/** Compressors of corpus/truth-pages.csv. */
const SIZE_CODECS = ["lz4", "lzo", "lzo-rle", "zstd", "deflate"] as const;
export type SizeCodec = (typeof SIZE_CODECS)[number];

/** Number of columns before those of the compressors. */
const LEADING_COLUMNS = 2;
const PAGE_BYTES = 4096;

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
  const column = LEADING_COLUMNS + SIZE_CODECS.indexOf(codec);
  const origins = rowsOf("pages.csv").map((cells) => cells[1]!);
  return rowsOf("truth-pages.csv").flatMap((cells, page) =>
    cells[1] === "same" ? [] : [{ bytes: Math.min(PAGE_BYTES, Number(cells[column])), origin: origins[page]! }],
  );
}

/** The compressed lengths of all pages of the corpus in their order; 0 for a same-filled page. */
export function readCorpusSizesByPage(codec: SizeCodec): number[] {
  const column = LEADING_COLUMNS + SIZE_CODECS.indexOf(codec);
  return rowsOf("truth-pages.csv").map((cells) =>
    cells[1] === "same" ? 0 : Math.min(PAGE_BYTES, Number(cells[column])),
  );
}

function rowsOf(file: string): string[][] {
  const text = readFileSync(new URL(`../../corpus/${file}`, import.meta.url), "utf8");
  return text
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((row) => row.split(",").map((cell) => cell.trim()));
}
