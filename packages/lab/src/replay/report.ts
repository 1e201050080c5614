// What `replay` prints.

import type { ReplayOptions } from "../commands/replay.ts";
import type { CommandContext } from "../context.ts";
import type { UsageError } from "../errors.ts";
import { painterFor } from "../output/colour.ts";
import { formatPageSize, thousands } from "../output/format.ts";
import { type Column, formatTable } from "../output/table.ts";
import type { ReplayResult } from "./replay-trace.ts";

/** "FILE:LINE: operation, what: expected X, got Y". */
export function divergenceLine({ file, divergence }: ReplayResult): string {
  if (divergence === null) return `${file}: no divergence`;
  const { line, operation, what, expected, got } = divergence;
  return `${file}:${line}: ${operation}, ${what}: expected ${expected}, got ${got}`;
}

/** A row per file, and one for all if there are several. */
export function textReport(results: readonly ReplayResult[], options: ReplayOptions, context: CommandContext): string {
  const columns: Column[] = [
    { title: "file", align: "left" },
    { title: "family", align: "left" },
    { title: "backend", align: "left" },
    { title: "operations" },
    ...(options.backend === undefined ? [] : [{ title: "refused" }]),
    ...(options.verify === true ? [{ title: "checks" }, { title: "divergences" }] : []),
    ...(options.payload === true ? [{ title: "contents\nchecked" }] : []),
    { title: "final\npages" },
    { title: "operations\nper second" },
  ];
  const rows = results.map((result) => [
    result.file,
    result.family,
    describePool(result),
    ...numbersOf(result, options),
  ]);
  if (results.length > 1) rows.push(["total", "", "", ...numbersOf(totalsOf(results), options)]);
  return formatTable(columns, rows, painterFor(context.stdout, context.env));
}

/** The results in a form for programs; times, which are different every time, only if they are wanted. */
export function jsonReport(
  results: readonly ReplayResult[],
  errors: readonly UsageError[],
  hasTimes: boolean,
): Readonly<Record<string, unknown>> {
  const withSpeed = ({ seconds, ...figures }: Totals | ReplayResult): object =>
    hasTimes
      ? { ...figures, seconds, operationsPerSecond: operationsPerSecond({ seconds, operations: figures.operations }) }
      : figures;
  const { finalPages: _finalPages, ...totals } = totalsOf(results);
  return {
    files: results.map(withSpeed),
    errors: errors.map(({ message }) => message),
    totals: { files: results.length, ...withSpeed({ ...totals, finalPages: undefined }) },
  };
}

interface Totals {
  readonly operations: number;
  readonly refused: number;
  readonly checks: number;
  readonly divergences: number;
  readonly contentChecks: number;
  readonly finalPages: number | undefined;
  readonly seconds: number;
}

function totalsOf(results: readonly ReplayResult[]): Totals {
  const sum = (valueOf: (result: ReplayResult) => number): number =>
    results.reduce((total, result) => total + valueOf(result), 0);
  return {
    operations: sum(({ operations }) => operations),
    refused: sum(({ refused }) => refused),
    checks: sum(({ checks }) => checks),
    divergences: sum(({ divergence }) => (divergence === null ? 0 : 1)),
    contentChecks: sum(({ contentChecks }) => contentChecks),
    finalPages: undefined,
    seconds: sum(({ seconds }) => seconds),
  };
}

function numbersOf(result: ReplayResult | Totals, options: ReplayOptions): string[] {
  const divergences = "divergence" in result ? Number(result.divergence !== null) : result.divergences;
  return [
    thousands(result.operations),
    ...(options.backend === undefined ? [] : [thousands(result.refused)]),
    ...(options.verify === true ? [thousands(result.checks), thousands(divergences)] : []),
    ...(options.payload === true ? [thousands(result.contentChecks)] : []),
    result.finalPages === undefined ? "" : thousands(result.finalPages),
    thousands(operationsPerSecond(result)),
  ];
}

function operationsPerSecond({ operations, seconds }: { operations: number; seconds: number }): number {
  return seconds > 0 ? Math.round(operations / seconds) : 0;
}

/** "zsmalloc linux-6.12, chain 8", and the page size unless it is 4 KiB. */
function describePool({ backend, poolOptions, pageBytes }: ReplayResult): string {
  const { era, chainSize } = poolOptions;
  const details = [
    ...(era === undefined ? [] : [String(era)]),
    ...(chainSize === undefined ? [] : [`chain ${String(chainSize)}`]),
    ...(pageBytes === 4096 ? [] : [`${formatPageSize(pageBytes)} pages`]),
  ];
  return details.length === 0 ? backend : `${backend} ${details.join(", ")}`;
}
