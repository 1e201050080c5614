// Reproduced tables as text: a line per row of the table, in each cell the published figure, a sign for the verdict, and what
// was found where that is not the same.

import type { Painter } from "../output/colour.ts";
import { signedPercent, thousands } from "../output/format.ts";
import { formatTable } from "../output/table.ts";
import type { Reproduction } from "./reproduce.ts";
import type { Cell, Verdict } from "./reproduction.ts";
import type { UnreproducedTable } from "./tables.ts";

const SIGNS: Readonly<Record<Verdict, string>> = { exact: "=", within: "~", differs: "≠" };

export function formatReproduction({ table, cells, remarks = [] }: Reproduction, paint: Painter): string {
  const rows = [...new Set(cells.map((cell) => cell.row))];
  const columns = [...new Set(cells.map((cell) => cell.column))];
  const text = (row: string, column: string): string =>
    cells
      .filter((cell) => cell.row === row && cell.column === column)
      .map(formatCell)
      .join(", ");
  return [
    `${paint.bold(`${table.id}  ${table.title}`)}\n`,
    `    source  ${table.source}\n    basis   ${table.basis}\n\n`,
    formatTable(
      [{ title: "", align: "left" }, ...columns.map((title) => ({ title }))],
      rows.map((row) => [row, ...columns.map((column) => text(row, column))]),
      paint,
    ),
    ...remarks.map((remark) => `${remark}\n`),
    `${formatCounts(cells, paint)}\n\n`,
  ].join("");
}

function formatCell({ published, reproduced, unit, verdict }: Cell): string {
  const figure = unit === "percent" ? signedPercent : plainFigure;
  if (verdict === "exact") return `${figure(published)} =`;
  const direction = unit === "percent" && verdict === "differs" && reproduced / published > 0 ? " (same sign)" : "";
  return `${figure(published)} ${SIGNS[verdict]} ${figure(reproduced)}${direction}`;
}

function plainFigure(value: number): string {
  if (Number.isNaN(value)) return "none";
  return Number.isInteger(value) ? thousands(value) : String(value);
}

export function verdictCounts(cells: readonly Cell[]): Record<Verdict, number> {
  const count = (verdict: Verdict): number => cells.filter((cell) => cell.verdict === verdict).length;
  return { exact: count("exact"), within: count("within"), differs: count("differs") };
}

function formatCounts(cells: readonly Cell[], paint: Painter): string {
  const { exact, within, differs } = verdictCounts(cells);
  const parts = [`${exact} exact`, `${within} within the relation`, `${differs} differ`];
  const style = differs === 0 ? paint.good : paint.bad;
  return style(`=> ${parts.join(", ")}`);
}

export function formatUnreproduced(tables: readonly UnreproducedTable[]): string {
  if (tables.length === 0) return "";
  const lines = tables.map(({ id, title, reason }) => `${id.padEnd(4)} ${title}: ${reason}\n`);
  return `Not reproduced:\n${lines.join("")}\n`;
}

/** The legend, and the verdicts over all tables. */
export function formatSummary(done: readonly Reproduction[], paint: Painter): string {
  if (done.length === 0) return "";
  const cells = done.flatMap((reproduction) => reproduction.cells);
  return (
    "=  the published figure exactly     ~  published, and found: the same direction, a third to three times the size\n" +
    "≠  published, and found: differs; (same sign): in size only\n" +
    `${formatCounts(cells, paint)}, in ${done.length} tables\n`
  );
}
