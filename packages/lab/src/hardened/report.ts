// What `npm run check:hardened` prints.

import { cpus } from "node:os";
import process from "node:process";
import { type ConformanceReport, MISUSE_KINDS, type MisuseResult } from "@zlab/zpool/testing";
import type { Terminal } from "../context.ts";
import { formatNanoseconds, thousands } from "../output/format.ts";
import { formatTable } from "../output/table.ts";
import type { Cost, CostSettings } from "./cost.ts";

export interface BackendMisuse extends MisuseResult {
  readonly backend: string;
}

/** Found and committed cases of each kind, and what was not found. */
export function writeMisuse(results: readonly BackendMisuse[], seed: number, stdout: Terminal): void {
  const columns = [
    { title: "backend", align: "left" as const },
    ...MISUSE_KINDS.map((kind) => ({ title: kind.replaceAll("-", " ") })),
  ];
  const rows = results.map(({ backend, tallies }) => [
    backend,
    ...tallies.map(({ found, cases }) => `${thousands(found)} of ${thousands(cases)}`),
  ]);
  stdout.write(`cases of misuse found, seed ${seed}\n\n${formatTable(columns, rows)}\n`);
  const problems = results.flatMap((result) => result.problems);
  for (const problem of problems) stdout.write(`${problem}\n`);
  const tallies = results.flatMap((result) => result.tallies);
  const sum = (field: "cases" | "found"): string =>
    thousands(tallies.reduce((total, tally) => total + tally[field], 0));
  const rest = problems.length === 0 ? "no false alarm" : `${thousands(problems.length)} problems`;
  stdout.write(`=> ${sum("found")} of ${sum("cases")} found, ${rest}\n`);
}

/** Kept and broken promises of each backend. */
export function writeKit(
  reports: readonly { readonly backend: string; readonly report: ConformanceReport }[],
  stdout: Terminal,
): void {
  const columns = [
    { title: "backend", align: "left" as const },
    { title: "kept" },
    { title: "broken" },
    { title: "not applicable" },
  ];
  const rows = reports.map(({ backend, report: { kept, broken, notApplicable } }) =>
    [backend, kept, broken, notApplicable].map(String),
  );
  stdout.write(`promises of the zpool contract, by hardened pools\n\n${formatTable(columns, rows)}`);
  for (const { backend, report } of reports) {
    for (const { id, verdict, counterexample } of report.properties) {
      if (verdict === "broken") stdout.write(`\n${backend}, ${id}:\n${counterexample}\n`);
    }
  }
}

/** Times and ratios of each operation on each backend. */
export function writeCosts(costs: readonly Cost[], { bytes, rounds }: CostSettings, stdout: Terminal): void {
  const columns = [
    { title: "backend", align: "left" as const },
    { title: "operation", align: "left" as const },
    { title: "plain\nns" },
    { title: "hardened\nns" },
    { title: "ratio" },
    { title: "least" },
    { title: "most" },
  ];
  const rows = costs.flatMap(({ backend, operations }) =>
    operations.map((cost, index) => [
      index === 0 ? backend : "",
      cost.operation,
      ...[cost.plainNs, cost.hardenedNs].map(formatNanoseconds),
      ...[cost.ratio, cost.leastRatio, cost.mostRatio].map((ratio) => ratio.toFixed(1)),
    ]),
  );
  const cpu = cpus()[0]?.model ?? "unknown CPU";
  stdout.write(
    `${cpu}, Node ${process.versions.node}; objects of ${thousands(bytes)} bytes; CPU time, medians of ${rounds} rounds\n\n`,
  );
  stdout.write(formatTable(columns, rows));
  const memory = costs.map(({ backend, bytesPerObject }) => `${backend} ${thousands(bytesPerObject)}`).join(", ");
  stdout.write(`\nmemory beside the pages, bytes per object with 100,000 live: ${memory}\n`);
}
