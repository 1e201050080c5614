// A workload that fragments a pool in place: files on a compressed disk that lose their second halves, kind after kind. What is
// left of a file stays where it is, so that zspages shared by many files become half empty.

import { Prng } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { type SizeCodec, type PageSize, readCorpusSizes } from "../pages/corpus-sizes.ts";
import { drawSizes, mustStore, zramBytes } from "./own-pages.ts";

export const MOST_PAGES_OF_FILE = 256;

/** A file: the sizes of its compressed pages. */
interface File {
  readonly isText: boolean;
  readonly sizes: readonly number[];
}

export interface FileSet {
  /** Pages that the file system itself writes before there are files, and that stay when they are gone. */
  readonly ownSizes: readonly number[];
  /** Texts and binaries in turn. */
  readonly files: readonly File[];
}

/** Files of 1 to 256 pages each, of sizes drawn from the built-in pages; and as many pages of the file system as there are files. */
export function makeFileSet(codec: SizeCodec, fileCount: number, seed: number): FileSet {
  const pages = readCorpusSizes(codec);
  const texts = pages.filter(({ origin }) => origin.startsWith("text-"));
  const binaries = pages.filter(({ origin }) => !origin.startsWith("text-"));
  const prng = new Prng(seed);
  const draw = (from: readonly PageSize[]): number => from[prng.below(from.length)]!.bytes;
  const files = Array.from({ length: fileCount }, (_, i) => {
    const isText = i % 2 === 0;
    const pageCount = 1 + prng.below(MOST_PAGES_OF_FILE);
    return { isText, sizes: Array.from({ length: pageCount }, () => draw(isText ? texts : binaries)) };
  });
  return { ownSizes: drawSizes(pages, fileCount, seed), files };
}

/** Files in a pool, with the handles of their pages. */
export class StoredFiles {
  readonly #pool: ZsPool;
  readonly #files: readonly File[];
  readonly #handles: Handle[][];

  /** Writes all files, page after page. */
  constructor(pool: ZsPool, { ownSizes, files }: FileSet) {
    const store = (bytes: number): Handle => mustStore(pool, zramBytes(pool, bytes));
    this.#pool = pool;
    this.#files = files;
    ownSizes.forEach(store);
    this.#handles = files.map(({ sizes }) => sizes.map(store));
  }

  /** Takes the second half of every file of a kind away. */
  cut(kind: "texts" | "binaries"): void {
    for (const [f, { isText }] of this.#files.entries()) {
      if (isText !== (kind === "texts")) continue;
      const handles = this.#handles[f]!;
      for (const handle of handles.splice(Math.ceil(handles.length / 2))) this.#pool.free(handle);
    }
  }

  /** Removes what is left of the files. */
  remove(): void {
    for (const handle of this.#handles.flat()) this.#pool.free(handle);
    this.#handles.length = 0;
  }
}
