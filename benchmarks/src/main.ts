// Comparative benchmarks: `npm run bench`, `npm run bench -- speed`, `npm run bench -- density --json`.

import { cpus } from "node:os";
import { relative } from "node:path";
import { type BenchArguments, UsageError, readArguments } from "./arguments.ts";
import { runInChild } from "./child.ts";
import { type SuiteReport, formatGoals, formatReport } from "./report.ts";
import {
  type KeptRun,
  RESULTS_DIRECTORY,
  compareRuns,
  formatComparison,
  keepRun,
  latestRun,
  readRun,
} from "./results.ts";
import type { Suite } from "./suite.ts";
import { SUITES } from "./suites.ts";

const USAGE = `usage: npm run bench -- [SUITE...] [options]

suites; those with * run when none is named:
${SUITES.map(({ name, summary, isDefault }) => `${isDefault ? "*" : " "} ${name.padEnd(10)} ${summary}`).join("\n")}

options:
  --backend LABEL    speed, density: only this backend beside zsmalloc; may be given several times
  --baseline [FILE]  compare with a kept run, by default the latest of the same suites
  --save NAME        keep the run as benchmarks/results/NAME.json; by default it is named by its date
  --json             the reports as JSON
  --trial            small sizes and few samples: whether everything works, no figures; not kept
  --help             this text

Every case runs in a process of its own; compare figures of one run only.
`;

try {
  await main(
    readArguments(
      process.argv.slice(2),
      SUITES.map(({ name }) => name),
    ),
  );
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(options: BenchArguments): Promise<void> {
  if (options.isHelp) {
    process.stdout.write(USAGE);
    return;
  }
  const suites = SUITES.filter(({ name, isDefault }) => {
    return options.suites.length === 0 ? isDefault : options.suites.includes(name);
  });
  const names = suites.map(({ name }) => name);
  const baseline = options.baseline === undefined ? undefined : baselineRun(options.baseline, names);
  const print = (text: string): unknown => !options.isJson && process.stdout.write(text);
  const head = {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    runtime: `Node ${process.version}`,
  };
  print(`${head.cpu}, ${head.cores} cores, ${head.runtime}, ${head.date}\n`);
  const reports: SuiteReport[] = [];
  let keptPath = "";
  for (const suite of suites) {
    const report = await runSuite(suite, options);
    if (report === undefined) continue;
    print(formatReport(report));
    reports.push(report);
    if (!options.isTrial) keptPath = keepRun({ ...head, reports }, RESULTS_DIRECTORY, options.saveAs);
  }
  if (!options.isTrial) print(formatGoals(reports));
  if (baseline !== undefined) print(formatComparison(baseline, compareRuns(baseline.reports, reports)));
  if (keptPath !== "") process.stderr.write(`kept as ${relative(process.cwd(), keptPath)}\n`);
  if (options.isJson) process.stdout.write(`${JSON.stringify({ ...head, reports }, undefined, 2)}\n`);
}

/** A suite that fails is told of, makes the exit code 1 and leaves the others their turn. */
async function runSuite(suite: Suite, { backends, isTrial }: BenchArguments): Promise<SuiteReport | undefined> {
  try {
    return await suite.run({ backends, isTrial, runCase: runInChild, progress });
  } catch (error) {
    process.stderr.write(`\nbench: ${suite.name}: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
    return undefined;
  } finally {
    progress("");
  }
}

function baselineRun(file: string, suites: readonly string[]): KeptRun {
  if (file !== "") return readRun(file);
  const run = latestRun(RESULTS_DIRECTORY, suites);
  if (run !== undefined) return run;
  throw new Error(`no run of ${suites.join(", ")} is kept yet to compare with; run once without --baseline`);
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}
