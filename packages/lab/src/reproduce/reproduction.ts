// What it means to reproduce a published table: every figure of it beside what this program finds, with a verdict.

/** `exact`: the same number. `within`: a relation has the same direction and about the same size. `differs`: neither. */
export type Verdict = "exact" | "within" | "differs";

export interface Cell {
  readonly row: string;
  readonly column: string;
  readonly published: number;
  readonly reproduced: number;
  readonly unit: "number" | "percent";
  /** Whether the figure must be the same, or only stand in the same relation. */
  readonly kind: "exact" | "relation";
  readonly verdict: Verdict;
}

export interface PublishedTable {
  /** T1 to T12. */
  readonly id: string;
  readonly title: string;
  readonly source: string;
  /** On what the figures are found again. */
  readonly basis: string;
  readonly reproduce: () => Findings;
}

export interface Findings {
  readonly cells: readonly Cell[];
  /** What the cells together say, made from them. */
  readonly remarks?: readonly string[];
}

/** A relation holds if it is between a third and three times the published one, and has its sign. */
const ROUGHLY = 3;

/** A figure that must be the same. */
export function exactCell(row: string, column: string, published: number, reproduced: number): Cell {
  const verdict = reproduced === published ? "exact" : "differs";
  return { row, column, published, reproduced, unit: "number", kind: "exact", verdict };
}

/** How much more (above 0) or less (below) something is, as a part of one: -0.02 is 2 % less. */
export function relationCell(row: string, column: string, published: number, reproduced: number): Cell {
  const factor = reproduced / published;
  const verdict = factor >= 1 / ROUGHLY && factor <= ROUGHLY ? "within" : "differs";
  return { row, column, published, reproduced, unit: "percent", kind: "relation", verdict };
}

/** How much more `count` is than `base`, as a part of one. */
export function changeFrom(base: number, count: number): number {
  return count / base - 1;
}
