// What a suite reports: tables for people, figures for the kept results, and goals.

import { type Column, formatTable } from "@zlab/lab";

/** A measured figure, kept from run to run under its key. */
export interface Figure {
  /** "speed/zsmalloc/100000/pair": suite, case and what was measured. */
  readonly key: string;
  readonly unit: string;
  /** Which way is better. */
  readonly better: "lower" | "higher";
  readonly samples: readonly number[];
}

/** A goal beside its figure. */
export interface Goal {
  /** "zsmalloc, 100,000 live: pair / glibc's pair". */
  readonly what: string;
  /** The bound with its sign and unit: "<= 0.22". */
  readonly goal: string;
  /** The figure as shown, or "-" when it could not be had. */
  readonly figure: string;
  /** Undefined when it could not be had. */
  readonly isMet: boolean | undefined;
  /** Why there is no figure, or what limits it. */
  readonly note?: string;
}

/** A table for people. */
interface ReportTable {
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

/** All that a suite found. */
export interface SuiteReport {
  readonly suite: string;
  readonly tables: readonly ReportTable[];
  /** Text under the tables: how to read them, or a plot. */
  readonly notes: readonly string[];
  readonly figures: readonly Figure[];
  readonly goals: readonly Goal[];
}

/** A goal on a figure that must not be above `most` (or, for "higher", below it). `digits` is how the figure is rounded for
 * people; the comparison is made with the figure as it is. */
export function makeGoal(
  what: string,
  better: Figure["better"],
  bound: number,
  figure: number | undefined,
  format: (value: number) => string,
  note?: string,
): Goal {
  const goal = `${better === "lower" ? "<=" : ">="} ${format(bound)}`;
  const isHad = figure !== undefined && Number.isFinite(figure);
  const isMet = isHad ? (better === "lower" ? figure <= bound : figure >= bound) : undefined;
  return { what, goal, figure: isHad ? format(figure) : "-", isMet, ...(note === undefined ? {} : { note }) };
}

/** A suite's tables and notes as text. */
export function formatReport({ suite, tables, notes }: SuiteReport): string {
  const parts = tables.map(({ title, columns, rows }) => `\n${suite}: ${title}\n${formatTable(columns, rows)}`);
  return [...parts, ...notes.map((note) => `${note}\n`)].join("");
}

const GOAL_COLUMNS: readonly Column[] = [
  { title: "suite", align: "left" },
  { title: "what", align: "left" },
  { title: "goal" },
  { title: "figure" },
  { title: "result", align: "left" },
  { title: "note", align: "left" },
];

/** The goals of all suites as one table; "" if there are none. */
export function formatGoals(reports: readonly SuiteReport[]): string {
  const rows = reports.flatMap(({ suite, goals }) =>
    goals.map(({ what, goal, figure, isMet, note }) => [
      suite,
      what,
      goal,
      figure,
      isMet === undefined ? "no figure" : isMet ? "met" : "NOT MET",
      note ?? "",
    ]),
  );
  if (rows.length === 0) return "";
  return `\ngoals\n${formatTable(GOAL_COLUMNS, rows)}`;
}
