// Comparative benchmarks: `npm run bench`, `npm run bench -- speed`, `npm run bench -- density --json`.

import { spawnSync } from "node:child_process";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { backendVariants, formatTable } from "@zlab/lab";
import type { CaseRequest, CaseResult, SuiteName } from "./cases.ts";
import { quantile } from "./statistics.ts";

interface Suite {
  readonly title: string;
  readonly objects: readonly number[];
  readonly columns: readonly string[];
  /** How a column's samples are shown. */
  readonly show: (samples: readonly number[]) => string;
}

const suites: Readonly<Record<SuiteName, Suite>> = {
  speed: {
    title: "ns per operation: median (p10 to p90)",
    objects: [2_000, 100_000],
    columns: ["pair", "store", "load", "free"],
    show: (samples) =>
      `${quantile(samples, 0.5).toFixed(0)} (${quantile(samples, 0.1).toFixed(0)} to ${quantile(samples, 0.9).toFixed(0)})`,
  },
  density: {
    title: "stored bytes / pool bytes: full, half freed at random, then compacted; objects refused",
    objects: [2_000, 100_000],
    columns: ["full", "thinned", "compacted", "refused"],
    show: ([value]) => (Number.isInteger(value) ? String(value) : value!.toFixed(3)),
  },
};

interface Row extends CaseRequest {
  readonly result: CaseResult;
}

class UsageError extends Error {}

const USAGE = `usage: npm run bench -- [speed] [density] [--json]
Without names all suites run. Every case runs in a process of its own; compare figures of one run only.
`;

try {
  main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

function main(): void {
  const { values, positionals } = readArguments();
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const unknown = positionals.find((name) => !(name in suites));
  if (unknown !== undefined) {
    throw new UsageError(`there is no suite "${unknown}"; there are: ${Object.keys(suites).join(", ")}`);
  }
  const names = (positionals.length > 0 ? positionals : Object.keys(suites)) as SuiteName[];
  const head = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, runtime: `Node ${process.version}` };
  if (!values.json) process.stdout.write(`${head.cpu}, ${head.cores} cores, ${head.runtime}\n`);
  const results = names.map((name) => ({ suite: name, rows: runSuite(name, !values.json) }));
  if (values.json) process.stdout.write(`${JSON.stringify({ ...head, results }, undefined, 2)}\n`);
}

function readArguments(): { values: { json?: boolean; help?: boolean }; positionals: string[] } {
  try {
    const options = { json: { type: "boolean" }, help: { type: "boolean", short: "h" } } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function runSuite(name: SuiteName, print: boolean): Row[] {
  const suite = suites[name];
  const requests = suite.objects.flatMap((objects) =>
    backendVariants().map(({ label }): CaseRequest => ({ suite: name, backend: label, objects })),
  );
  const rows = requests.map((request) => ({ ...request, result: runInChild(request) }));
  if (!print) return rows;
  const cells = rows.map(({ objects, backend, result }) => [
    objects.toLocaleString("en"),
    backend,
    ...suite.columns.map((column) => suite.show(result[column]!)),
  ]);
  const columns = [
    { title: "objects" },
    { title: "backend", align: "left" as const },
    ...suite.columns.map((title) => ({ title })),
  ];
  process.stdout.write(`\n${name}: ${suite.title}\n${formatTable(columns, cells)}`);
  return rows;
}

function runInChild(request: CaseRequest): CaseResult {
  const script = fileURLToPath(new URL("case-process.js", import.meta.url));
  const child = spawnSync(process.execPath, [script, JSON.stringify(request)], { encoding: "utf8" });
  if (child.status === 0) return JSON.parse(child.stdout) as CaseResult;
  throw new Error(`case ${JSON.stringify(request)} failed:\n${child.stderr}`);
}
