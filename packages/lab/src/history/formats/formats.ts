// The formats of block traces that zlab reads.

import { HistoryError } from "../history-error.ts";
import type { LineCursor } from "../line-cursor.ts";
import { blkparseFormat } from "./blkparse.ts";
import type { HistoryFormat, HistoryFormatName } from "./history-format.ts";
import { msrCsvFormat } from "./msr-csv.ts";
import { ndjsonFormat } from "./ndjson.ts";

const FORMATS: Readonly<Record<HistoryFormatName, HistoryFormat>> = {
  ndjson: ndjsonFormat,
  msr: msrCsvFormat,
  blkparse: blkparseFormat,
};

/** The format of that name, or the one that the first line of the trace tells. Throws a `HistoryError` if none is told. */
export function historyFormatOf(firstLine: LineCursor, name?: HistoryFormatName): HistoryFormat {
  if (name !== undefined) return FORMATS[name];
  const text = firstLine.text();
  const found = Object.values(FORMATS).find((format) => format.recognises(text));
  if (found !== undefined) return found;
  throw new HistoryError(
    `neither zlab-history, MSR-Cambridge CSV nor blkparse text: ${firstLine.shown()}; give a trace, or --history-format`,
  );
}
