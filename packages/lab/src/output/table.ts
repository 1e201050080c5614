// Tables of text: columns aligned, numbers to the right, a rule under the header.

import { PLAIN, type Painter } from "./colour.ts";

export interface Column {
  /** The heading; lines separated by "\n". */
  readonly title: string;
  /** Default "right", as numbers are read; names go "left". */
  readonly align?: "left" | "right";
}

const GAP = "  ";

/** The table as lines, each ended by a newline and without trailing spaces. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Painter = PLAIN,
): string {
  const titles = columns.map(({ title }) => title.split("\n"));
  const widths = columns.map((_, i) =>
    Math.max(...titles[i]!.map((line) => line.length), ...rows.map((row) => (row[i] ?? "").length)),
  );
  const headerLineCount = Math.max(...titles.map((lines) => lines.length));
  const line = (cells: readonly string[]): string =>
    columns
      .map(({ align }, i) =>
        align === "left" ? (cells[i] ?? "").padEnd(widths[i]!) : (cells[i] ?? "").padStart(widths[i]!),
      )
      .join(GAP)
      .trimEnd();
  const header = Array.from({ length: headerLineCount }, (_, n) =>
    line(titles.map((lines) => lines[n - headerLineCount + lines.length] ?? "")),
  );
  const rule = widths.map((width) => "-".repeat(width)).join(GAP);
  return `${[...header.map(paint.bold), paint.dim(rule), ...rows.map(line)].join("\n")}\n`;
}
