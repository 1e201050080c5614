// The pages that a command works on.

import { readCorpus } from "./corpus.ts";
import { readPageFiles } from "./page-files.ts";
import type { PageSet } from "./page-set.ts";

/** The pages of the files, or of the built-in corpus if there are none. */
export function readPages(files: readonly string[], cwd: string, pageBytes: number): PageSet {
  return files.length === 0 ? readCorpus(pageBytes) : readPageFiles(files, cwd, pageBytes);
}
