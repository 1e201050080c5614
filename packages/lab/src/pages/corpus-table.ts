// The tables that come with the built-in corpus: a header line, then a row for every page, numbered from 0.

import { fileError } from "../errors.ts";

/** The cells of all rows, trimmed; the last column may hold commas. `file` is named in errors. Throws a `UsageError` unless the header
 * has these columns and every row has a cell for each of them and its own number. */
export function parseCorpusTable(file: string, text: string, columns: readonly string[]): string[][] {
  const [header = "", ...rows] = text.trimEnd().split("\n");
  if (header.trim() !== columns.join(",")) throw damage(file, 1, `the columns are not ${columns.join(",")}`);
  return rows.map((row, page) => {
    const cells = splitRow(row, columns.length);
    if (cells.length === columns.length && cells[0] === String(page) && cells.every((cell) => cell !== ""))
      return cells;
    throw damage(file, page + 2, `no row of page ${page} with ${columns.length} cells`);
  });
}

/** Throws a `UsageError` unless a cell holds a whole number from `min` to `max`. */
export function corpusNumber(file: string, cells: readonly string[], column: number, min: number, max: number): number {
  const cell = cells[column]!;
  const value = /^\d+$/.test(cell) ? Number(cell) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw damage(file, Number(cells[0]) + 2, `column ${column + 1} is not a number from ${min} to ${max}`);
}

function splitRow(row: string, columnCount: number): string[] {
  const cells = row.split(",");
  const last = cells.splice(columnCount - 1).join(",");
  return [...cells, last].map((cell) => cell.trim());
}

function damage(file: string, line: number, problem: string): Error {
  return fileError(file, `the built-in corpus is damaged (${problem}); install zlab again`, line);
}
