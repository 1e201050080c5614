// The nine numbers of an mm_stat line, wherever the user has it from.

import { Buffer } from "node:buffer";
import { MM_STAT_COLUMNS } from "@zlab/zram";
import { UsageError, readError, shorten } from "../errors.ts";
import { readUpTo } from "../pages/byte-source.ts";

export type MmStatColumn = (typeof MM_STAT_COLUMNS)[number];

/** Values by the names of the columns: bytes, or counts of pages. */
export type MmStat = Readonly<Record<MmStatColumn, number>>;

/** Columns in bytes of whole pages. */
const PAGE_COLUMNS: readonly MmStatColumn[] = ["orig_data_size", "mem_used_total", "mem_limit", "mem_used_max"];

const STDIN = 0;
/** Far more than nine numbers need. */
const MAX_LINE_BYTES = 4096;

/** Parses a line, given whole, word by word, or as "-" for stdin. Throws a `UsageError` if it can't be an mm_stat of a machine with
 * such pages. */
export function parseMmStat(words: readonly string[], pageBytes: number): MmStat {
  const line = words.length === 1 && words[0] === "-" ? readStdin() : words.join(" ");
  const cells = line.split(/\s+/).filter(Boolean);
  if (cells.length !== MM_STAT_COLUMNS.length) {
    throw new UsageError(
      `mm_stat has ${MM_STAT_COLUMNS.length} columns, not ${cells.length}; give one whole line of /sys/block/zram<N>/mm_stat`,
    );
  }
  const values = cells.map((cell, i) => parseCell(cell, MM_STAT_COLUMNS[i]!, i + 1));
  const stat = Object.fromEntries(MM_STAT_COLUMNS.map((name, i) => [name, values[i]!])) as Record<MmStatColumn, number>;
  for (const name of PAGE_COLUMNS) checkWholePages(name, stat[name], pageBytes);
  return stat;
}

function parseCell(cell: string, name: MmStatColumn, number: number): number {
  const value = /^\d+$/.test(cell) ? Number(cell) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`column ${number} (${name}) must be a number of bytes or pages, not "${shorten(cell)}"`);
}

function checkWholePages(name: MmStatColumn, bytes: number, pageBytes: number): void {
  if (bytes % pageBytes === 0) return;
  throw new UsageError(
    `${name} ${bytes} is not a multiple of the page size ${pageBytes}; give the device's --page-size, and the line as it is`,
  );
}

function readStdin(): string {
  let bytes: Uint8Array | undefined;
  try {
    bytes = readUpTo(STDIN, MAX_LINE_BYTES);
  } catch (error) {
    throw readError("stdin", error);
  }
  if (bytes !== undefined) return Buffer.from(bytes).toString("utf8");
  throw new UsageError(`stdin gives more than a line of mm_stat; give one whole line of /sys/block/zram<N>/mm_stat`);
}
