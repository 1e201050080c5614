// `zlab reproduce`: published tables, found again, with a verdict for every figure.

import type { ReproduceOptions } from "../commands/reproduce.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { painterFor } from "../output/colour.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { formatReproduction, formatSummary, formatUnreproduced, verdictCounts } from "./report.ts";
import type { Findings, PublishedTable } from "./reproduction.ts";
import { selectTables } from "./tables.ts";

/** A table with what was found. */
export interface Reproduction extends Findings {
  readonly table: PublishedTable;
}

export async function reproduce(
  names: readonly string[],
  options: ReproduceOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const { reproduced, unreproduced } = selectTables(names);
  const paint = painterFor(context.stdout, context.env);
  const done: Reproduction[] = [];
  {
    using progress = startProgress(context.stderr, reproduced.length);
    for (const [i, table] of reproduced.entries()) {
      if (context.isInterrupted?.() === true) break;
      progress.update(i, table.id);
      const reproduction = { table, ...table.reproduce() };
      done.push(reproduction);
      if (options.json !== true) context.stdout.write(formatReproduction(reproduction, paint));
    }
  }
  const isInterrupted = done.length < reproduced.length;
  if (isInterrupted) {
    context.stderr.write(`zlab: interrupted after ${done.length} of ${reproduced.length} tables\n`);
  }
  if (options.json === true) {
    writeJson(context.stdout, { ...describe(done, unreproduced), ...(isInterrupted && { interrupted: true }) });
  } else context.stdout.write(formatUnreproduced(unreproduced) + formatSummary(done, paint));
  return exitCodeOf(done);
}

/** 1 if a figure that must be exact is not. A relation that does not hold is a finding, not a failure. */
export function exitCodeOf(done: readonly Reproduction[]): ExitCode {
  const isWrong = done.some(({ cells }) => cells.some(({ kind, verdict }) => kind === "exact" && verdict !== "exact"));
  return isWrong ? 1 : 0;
}

function describe(done: readonly Reproduction[], unreproduced: readonly object[]): object {
  return {
    verdicts: verdictCounts(done.flatMap(({ cells }) => cells)),
    tables: done.map(({ table: { id, title, source, basis }, cells, remarks = [] }) => ({
      id,
      title,
      source,
      basis,
      verdicts: verdictCounts(cells),
      remarks,
      cells,
    })),
    notReproduced: unreproduced,
  };
}
