// T7: files on a compressed disk that lose their second halves, with short and with long chains.

import { type FileSet, MOST_PAGES_OF_FILE, StoredFiles, makeFileSet } from "../experiments/cut-files.ts";
import { withZsPool } from "../experiments/own-pages.ts";
import { thousands } from "../output/format.ts";
import { statisticsCells } from "./kernel-document.ts";
import { rowsOf2016, truncation } from "./published.ts";
import { type Cell, type PublishedTable, changeFrom, relationCell } from "./reproduction.ts";

const SEED = 1;
const FILE_COUNT = 2000;

export const truncationTable: PublishedTable = {
  id: "T7",
  title: "fragmentation by truncation, chains of 4 and of 16 pages; freeable pages of 13 classes",
  source: "mail of 23 February 2016 (20160223160515.GA13851@bbox)",
  basis:
    `${thousands(FILE_COUNT)} files of 1 to ${MOST_PAGES_OF_FILE} pages drawn with a seed from the built-in pages by lzo, and as many pages of ` +
    "the file system; the column of freeable pages from pools with those objects",
  reproduce: () => ({ cells: [...relationCells(), ...statisticsCells(rowsOf2016)] }),
};

function relationCells(): Cell[] {
  const files = makeFileSet("lzo", FILE_COUNT, SEED);
  const four = truncate(files, 4);
  const sixteen = truncate(files, 16);
  return truncation.map(({ step, chain4, chain16 }, i) =>
    relationCell(step, "pool at chain 16 against 4", changeFrom(chain4, chain16), changeFrom(four[i]!, sixteen[i]!)),
  );
}

/** Pages of the pool after each step. */
function truncate(files: FileSet, chainSize: number): number[] {
  return withZsPool({ rule: "used-percent", chainSize }, (pool) => {
    const stored = new StoredFiles(pool, files);
    const pages = [pool.totalPages()];
    for (const kind of ["binaries", "texts"] as const) {
      stored.cut(kind);
      pages.push(pool.totalPages());
    }
    stored.remove();
    return [...pages, pool.totalPages()];
  });
}
