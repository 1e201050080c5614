// T7: files on a compressed disk that lose their second halves, with short and with long chains.

import { Prng } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { type PageSize, readCorpusSizes } from "../pages/corpus-sizes.ts";
import { statisticsCells } from "./kernel-document.ts";
import { drawSizes, mustStore, withZsPool, zramBytes } from "./own-pages.ts";
import { rowsOf2016, truncation } from "./published.ts";
import { type Cell, type PublishedTable, changeFrom, relationCell } from "./reproduction.ts";

const SEED = 1;
const FILE_COUNT = 2000;
const MOST_PAGES_OF_FILE = 256;
/** Pages that the file system itself wrote before there were files, and that stay when they are gone. */
const FILE_SYSTEM_PAGES = 2000;

/** A file: the sizes of its compressed pages. */
interface File {
  readonly isText: boolean;
  readonly sizes: readonly number[];
}

export const truncationTable: PublishedTable = {
  id: "T7",
  title: "fragmentation by truncation, chains of 4 and of 16 pages; freeable pages of 13 classes",
  source: "mail of 23 February 2016 (20160223160515.GA13851@bbox)",
  basis:
    `${FILE_SYSTEM_PAGES} pages of a file system and ${FILE_COUNT} files of 1 to ${MOST_PAGES_OF_FILE} pages drawn with a seed from the built-in pages by lzo, rule of that time; ` +
    "the column of freeable pages from pools with those objects",
  reproduce: () => ({ cells: [...relationCells(), ...statisticsCells(rowsOf2016)] }),
};

function relationCells(): Cell[] {
  const files = makeFiles();
  const ownPages = drawSizes(readCorpusSizes("lzo"), FILE_SYSTEM_PAGES, SEED);
  const four = truncate(ownPages, files, 4);
  const sixteen = truncate(ownPages, files, 16);
  return truncation.map(({ step, chain4, chain16 }, i) =>
    relationCell(step, "pool at chain 16 against 4", changeFrom(chain4, chain16), changeFrom(four[i]!, sixteen[i]!)),
  );
}

function makeFiles(): File[] {
  const pages = readCorpusSizes("lzo");
  const texts = pages.filter(({ origin }) => origin.startsWith("text-"));
  const binaries = pages.filter(({ origin }) => !origin.startsWith("text-"));
  const prng = new Prng(SEED);
  const draw = (from: readonly PageSize[]): number => from[prng.below(from.length)]!.bytes;
  return Array.from({ length: FILE_COUNT }, (_, i) => {
    const isText = i % 2 === 0;
    const pageCount = 1 + prng.below(MOST_PAGES_OF_FILE);
    return { isText, sizes: Array.from({ length: pageCount }, () => draw(isText ? texts : binaries)) };
  });
}

/** Pages of the pool after each step. */
function truncate(ownPages: readonly number[], files: readonly File[], chainSize: number): number[] {
  return withZsPool({ rule: "used-percent", chainSize }, (pool) => {
    const store = (bytes: number): Handle => mustStore(pool, zramBytes(pool, bytes));
    for (const bytes of ownPages) store(bytes);
    const handles = files.map(({ sizes }) => sizes.map(store));
    const pageCounts = [pool.totalPages()];
    for (const isText of [false, true]) {
      for (const [f, file] of files.entries()) if (file.isText === isText) halve(handles[f]!, (h) => pool.free(h));
      pageCounts.push(pool.totalPages());
    }
    for (const handle of handles.flat()) pool.free(handle);
    pageCounts.push(pool.totalPages());
    return pageCounts;
  });
}

/** Frees the second half. */
function halve(handles: Handle[], free: (handle: Handle) => void): void {
  for (const handle of handles.splice(Math.ceil(handles.length / 2))) free(handle);
}
