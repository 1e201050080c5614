// Files with memory pages, in any of the formats.

import { fileError } from "../errors.ts";
import { type ByteSource, fileSource } from "./byte-source.ts";
import { type FormatName, formatOf } from "./formats/formats.ts";
import type { PageFormat, PageLayout } from "./formats/page-format.ts";
import { PageBlock } from "./page-block.ts";
import { PageSet } from "./page-set.ts";

const DEFAULT_PAGE_BYTES = 4096;

/** Finds the pages in files. Their size is `pageBytes`, or else what a file says, or else 4096; the format is the one given, or else
 * each file's own. Incomplete pages are filled with zeros. Throws a `UsageError` for a file that can't be read, isn't a file, is
 * empty or damaged, or has pages of another size. */
export function readPageFiles(
  files: readonly string[],
  cwd: string,
  pageBytes?: number,
  formatName?: FormatName,
): PageSet {
  const inputs = files.map((file) => {
    const source = fileSource(file, cwd);
    const format = formatOf(source, formatName);
    return { source, format, layout: format.layOut(source) };
  });
  const bytes = pageBytes ?? inputs.find(({ layout }) => layout.pageBytes !== undefined)?.layout.pageBytes;
  const commonBytes = bytes ?? DEFAULT_PAGE_BYTES;
  for (const input of inputs) checkPageBytes(input, commonBytes);
  return new PageSet(
    commonBytes,
    inputs.map(({ source, format, layout }) => new PageBlock(source, format.name, layout.extents, commonBytes)),
  );
}

interface Input {
  readonly source: ByteSource;
  readonly format: PageFormat;
  readonly layout: PageLayout;
}

function checkPageBytes({ source, format, layout }: Input, pageBytes: number): void {
  if (layout.pageBytes === undefined || layout.pageBytes === pageBytes) return;
  const what = `is ${format.noun} with pages of ${layout.pageBytes} bytes, not ${pageBytes}`;
  throw fileError(source.name, `${what}; give --page-size ${layout.pageBytes}, or --format raw`);
}
