// The pages that a command works on.

import { readCorpus } from "./corpus.ts";
import type { FormatName } from "./formats/formats.ts";
import { readPageFiles } from "./page-files.ts";
import type { PageSet } from "./page-set.ts";

/** Options of every command that takes pages. */
export interface PageOptions {
  readonly pageSize?: number;
  readonly format?: FormatName;
}

/** The pages of the files, or of the built-in corpus if there are none. */
export function readPages(files: readonly string[], cwd: string, { pageSize, format }: PageOptions): PageSet {
  return files.length === 0 ? readCorpus(pageSize ?? 4096) : readPageFiles(files, cwd, pageSize, format);
}
