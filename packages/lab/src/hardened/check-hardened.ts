// `npm run check:hardened`: hardened pools of every backend, put to thousands of cases of misuse, to the conformance kit, or to the
// stopwatch, from the command line to the exit code.

import { hardenedDriver } from "@zlab/zpool";
import { type MisuseResult, runConformance, runMisuseCampaign } from "@zlab/zpool/testing";
import { Command } from "commander";
import { type BackendVariant, backendVariants } from "../compose.ts";
import type { ExitCode, RunEnvironment } from "../context.ts";
import { UsageError, messageOf } from "../errors.ts";
import { integerOption, listOption, seedOption } from "../options.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { parseSideProgram } from "../side-program.ts";
import { type Cost, measureInOwnProcess } from "./cost.ts";
import { measureCost } from "./measure-cost.ts";
import { type BackendMisuse, writeCosts, writeKit, writeMisuse } from "./report.ts";

const DEFAULT_CASES = 10_000;
const MOST_CASES = 100_000_000;
const DEFAULT_OBJECT_BYTES = 1500;
const DEFAULT_ROUNDS = 15;
const LARGEST_OBJECT_BYTES = 2048;

interface Options {
  readonly cases: number;
  readonly seed: number;
  readonly backend?: readonly string[];
  readonly kit?: boolean;
  readonly runs: number;
  readonly cost?: boolean;
  readonly bytes: number;
  readonly rounds: number;
  readonly inProcess?: boolean;
  readonly json?: boolean;
}

/** Runs a command line. Returns 0 if everything was found and nothing else, 1 if not, 2 for misuse of the program. */
export function checkHardened(argv: readonly string[], environment: RunEnvironment): ExitCode {
  try {
    const options = parseOptions(argv, environment);
    if (options === undefined) return 0;
    const variants = chosenBackends(options.backend);
    if (options.cost === true) return reportCosts(variants, options, environment);
    return options.kit === true
      ? checkKit(variants, options, environment)
      : checkMisuse(variants, options, environment);
  } catch (error) {
    environment.stderr.write(`check:hardened: ${messageOf(error)}\n`);
    return 2;
  }
}

/** Undefined if only help was asked for. */
function parseOptions(argv: readonly string[], { stdout }: RunEnvironment): Options | undefined {
  const command = new Command("check:hardened")
    .usage("[-- options]")
    .description(
      "Misuses hardened pools of every backend in seeded ways: overruns, writes after unmap and after free, double frees, stale " +
        "handles. Each must be found by the next operation or check and reported as what it is, and right use must not be.",
    )
    .option("--cases <n>", "cases of misuse in all", integerOption("--cases", 1, MOST_CASES), DEFAULT_CASES)
    .option("--seed <n>", "seed of the cases, or of the kit", seedOption, 1)
    .option("--backend <names>", "some of the backends (default: all)", listOption("--backend"))
    .option("--kit", "check the promises of the zpool contract over hardened pools instead")
    .option("--runs <n>", "with --kit: sequences per promise", integerOption("--runs", 1, 1_000_000), 1)
    .option("--cost", "measure hardened pools beside plain ones instead")
    .option(
      "--bytes <n>",
      "with --cost: size of the objects",
      integerOption("--bytes", 1, LARGEST_OBJECT_BYTES),
      DEFAULT_OBJECT_BYTES,
    )
    .option(
      "--rounds <n>",
      "with --cost: rounds of the measurement",
      integerOption("--rounds", 1, 1000),
      DEFAULT_ROUNDS,
    )
    .option("--in-process", "with --cost: without a process for each backend")
    .option("--json", "print the result as JSON")
    .addHelpText("after", EXAMPLES);
  return parseSideProgram(command, argv, stdout) as Options | undefined;
}

const EXAMPLES = `
Examples:
  npm run check:hardened                              10,000 cases over all backends
  npm run check:hardened -- --cases 1000000 --seed 7  more of them, and others
  npm run check:hardened -- --kit                     the conformance kit over all backends
  npm run check:hardened -- --cost --backend zbud     what hardening costs
`;

function chosenBackends(names: readonly string[] | undefined): BackendVariant[] {
  const known = backendVariants();
  const unknown = names?.find((name) => known.every(({ label }) => label !== name));
  if (unknown !== undefined) {
    const offer = known.map(({ label }) => label).join(", ");
    throw new UsageError(`--backend must be some of ${offer}, not "${unknown}"`);
  }
  return names === undefined ? known : known.filter(({ label }) => names.includes(label));
}

function checkMisuse(variants: readonly BackendVariant[], options: Options, environment: RunEnvironment): ExitCode {
  const { cases, seed, json } = options;
  const casesEach = Math.ceil(cases / variants.length);
  using progress = startProgress(environment.stderr, variants.length);
  const results = variants.map(({ label, driver, options: backendOptions }, index): BackendMisuse => {
    progress.update(index, label);
    const result: MisuseResult = runMisuseCampaign({ driver, options: backendOptions, cases: casesEach, seed });
    return { backend: label, ...result };
  });
  progress[Symbol.dispose]();
  if (json === true) writeJson(environment.stdout, { seed, backends: results });
  else writeMisuse(results, seed, environment.stdout);
  return results.some(({ problems }) => problems.length > 0) ? 1 : 0;
}

function checkKit(variants: readonly BackendVariant[], options: Options, environment: RunEnvironment): ExitCode {
  const { seed, runs, json } = options;
  using progress = startProgress(environment.stderr, variants.length);
  const reports = variants.map(({ label, driver, options: backendOptions }, index) => {
    const onProgress = ({ id }: { id: string }, done: number, count: number): void =>
      progress.update(index + done / count, `${label}: ${id}`);
    const subject = { driver: hardenedDriver(driver), options: backendOptions };
    return { backend: label, report: runConformance(subject, { seed, runs, onProgress }) };
  });
  progress[Symbol.dispose]();
  if (json === true) writeJson(environment.stdout, { seed, runs, backends: reports });
  else writeKit(reports, environment.stdout);
  return reports.some(({ report }) => report.broken > 0) ? 1 : 0;
}

function reportCosts(variants: readonly BackendVariant[], options: Options, environment: RunEnvironment): ExitCode {
  const { bytes, rounds, inProcess, json } = options;
  using progress = startProgress(environment.stderr, variants.length);
  const costs = variants.map((variant, index): Cost => {
    progress.update(index, variant.label);
    return inProcess === true
      ? measureCost(variant, { bytes, rounds })
      : measureInOwnProcess(variant.label, { bytes, rounds });
  });
  progress[Symbol.dispose]();
  if (json === true) writeJson(environment.stdout, { bytes, rounds, costs });
  else writeCosts(costs, { bytes, rounds }, environment.stdout);
  return 0;
}
