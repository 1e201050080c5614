// Comparative benchmarks: `npm run bench`, `npm run bench -- speed`, `npm run bench -- density --json`.

import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { type SuiteReport, formatGoals, formatReport } from "./report.ts";
import type { Suite } from "./suite.ts";
import { densitySuite } from "./suites/density.ts";
import { speedSuite } from "./suites/speed.ts";

const SUITES: readonly Suite[] = [speedSuite, densitySuite];

class UsageError extends Error {}

const USAGE = `usage: npm run bench -- [SUITE...] [options]

suites, all by default:
${SUITES.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join("\n")}

options:
  --backend LABEL  only this backend beside zsmalloc; may be given several times
  --trial          small sizes and few samples: whether everything works, no figures
  --json           the reports as JSON
  --help           this text

Every case runs in a process of its own; compare figures of one run only.
`;

try {
  await main();
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = readArguments();
  if (values.help === true) {
    process.stdout.write(USAGE);
    return;
  }
  const suites = chooseSuites(positionals);
  const head = { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, runtime: `Node ${process.version}` };
  const print = (text: string): unknown => values.json !== true && process.stdout.write(text);
  print(`${head.cpu}, ${head.cores} cores, ${head.runtime}\n`);
  const reports: SuiteReport[] = [];
  for (const suite of suites) {
    const report = await suite.run({ backends: values.backend ?? [], isTrial: values.trial === true, progress });
    progress("");
    print(formatReport(report));
    reports.push(report);
  }
  print(formatGoals(reports));
  if (values.json === true) process.stdout.write(`${JSON.stringify({ ...head, reports }, undefined, 2)}\n`);
}

function chooseSuites(names: readonly string[]): Suite[] {
  const unknown = names.find((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no suite "${unknown}"; there are: ${SUITES.map(({ name }) => name).join(", ")}`);
  }
  return SUITES.filter(({ name, isDefault }) => (names.length === 0 ? isDefault : names.includes(name)));
}

function readArguments(): {
  values: { json?: boolean; help?: boolean; trial?: boolean; backend?: string[] };
  positionals: string[];
} {
  try {
    const options = {
      json: { type: "boolean" },
      help: { type: "boolean", short: "h" },
      trial: { type: "boolean" },
      backend: { type: "string", multiple: true },
    } as const;
    return parseArgs({ options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function progress(what: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${what.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}
