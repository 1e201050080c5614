// What a campaign found, as text.

import type { RunEnvironment } from "../context.ts";
import { painterFor } from "../output/colour.ts";
import { thousands } from "../output/format.ts";
import { formatTable } from "../output/table.ts";
import type { Explanation } from "./target.ts";

/** What a campaign against one target did and found. Depends on the seed alone. */
export interface TargetReport {
  readonly backend: string;
  readonly runs: number;
  readonly commands: number;
  readonly failure?: {
    readonly run: number;
    readonly message: string;
    readonly configuration: string;
    readonly counterexample: readonly string[];
    /** The command line that replays it. */
    readonly replay: string;
  };
}

/** A report with the time it took. */
export interface TimedReport {
  readonly report: TargetReport;
  readonly seconds: number;
}

/** Completes the report of a failure. */
export function failureOf(
  run: number,
  message: string,
  { configuration, commands }: Explanation,
  replay: string,
): NonNullable<TargetReport["failure"]> {
  return { run, message, configuration, counterexample: commands, replay };
}

/** A line for each target, and below what failed and how to see it again. */
export function writeFuzzReport(
  reports: readonly TimedReport[],
  seed: number,
  isInterrupted: boolean,
  { stdout, env }: Pick<RunEnvironment, "stdout" | "env">,
): void {
  const paint = painterFor(stdout, env);
  const rows = reports.map(({ report: { backend, runs, commands, failure }, seconds }) => [
    backend,
    thousands(runs),
    thousands(commands),
    seconds.toFixed(1),
    seconds > 0 ? thousands(commands / seconds) : "-",
    failure === undefined ? "clean" : `FAILED in run ${failure.run}`,
  ]);
  const columns = [
    { title: "backend", align: "left" as const },
    { title: "runs" },
    { title: "commands" },
    { title: "seconds" },
    { title: "commands/s" },
    { title: "result", align: "left" as const },
  ];
  stdout.write(formatTable(columns, rows, paint));
  for (const { report } of reports) {
    if (report.failure === undefined) continue;
    const { configuration, counterexample, replay } = report.failure;
    const lines = counterexample.map((line) => `  ${line}\n`).join("");
    stdout.write(`\n${paint.bad(report.backend)}: ${configuration}\n${lines}again: ${replay}\n`);
  }
  const commands = reports.reduce((sum, { report }) => sum + report.commands, 0);
  const failed = reports.filter(({ report }) => report.failure !== undefined).length;
  const verdict = failed === 0 ? paint.good("nothing failed") : paint.bad(`${failed} failed`);
  const ending = isInterrupted ? ", interrupted" : "";
  stdout.write(`\nseed ${seed}: ${thousands(commands)} commands, everything checked after each; ${verdict}${ending}\n`);
}
