// `npm run fuzz -- --sweep`: every page allocation of every scenario is made to fail once, for each backend and era, alone, behind the
// front end and under the zram device.

import { setImmediate } from "node:timers/promises";
import { conformanceMachine, frontEndDriver, sweepFaults } from "@zlab/zpool/testing";
import type { SweepVerdict } from "@zlab/zpool/testing";
import { type BackendVariant, backendVariants } from "../compose.ts";
import type { RunEnvironment } from "../context.ts";
import { loadVariants } from "../drivers/load-drivers.ts";
import { UsageError } from "../errors.ts";
import { painterFor } from "../output/colour.ts";
import { formatPageSize, thousands } from "../output/format.ts";
import { startProgress } from "../output/progress.ts";
import { formatTable } from "../output/table.ts";
import { sweepZram } from "./zram-sweep.ts";

/** How one subject stood all scenarios. */
export interface SweepResult {
  readonly backend: string;
  /** "alone", "front end", "zram 6.12" or "zram 6.18". */
  readonly through: string;
  readonly pageBytes: number;
  readonly verdicts: readonly SweepVerdict[];
}

/** What to sweep. */
export interface SweepSelection {
  /** Labels of variants or types of drivers, or "all". */
  readonly backends: readonly string[];
  readonly driverFiles: readonly string[];
  /** Multiplies the scenarios' length. */
  readonly scale: number;
}

const PAGE_SIZES = [4096, 16384];

/** Sweeps until `signal` ends it; the results so far are returned then. Throws `UsageError` for a backend that isn't there. */
export async function sweepAll(
  { backends, driverFiles, scale }: SweepSelection,
  { stderr, cwd }: Pick<RunEnvironment, "stderr" | "cwd">,
  signal: AbortSignal,
): Promise<SweepResult[]> {
  const known = driverFiles.length > 0 ? await loadVariants(driverFiles, cwd, []) : backendVariants();
  const chosen = chooseVariants(known, backends);
  const jobs = chosen.flatMap((variant) => jobsOf(variant, known, scale));
  using progress = startProgress(stderr, jobs.length);
  const results: SweepResult[] = [];
  for (const { verdicts, ...job } of jobs) {
    await setImmediate(); // signals get their turn
    if (signal.aborted) break;
    progress.update(results.length, `${job.backend}, ${job.through}`);
    results.push({ ...job, verdicts: verdicts() });
  }
  return results;
}

function isMeant({ label, driver }: BackendVariant, name: string): boolean {
  return ["all", label, driver.type].includes(name);
}

function chooseVariants(known: readonly BackendVariant[], backends: readonly string[]): BackendVariant[] {
  const missing = backends.find((name) => !known.some((variant) => isMeant(variant, name)));
  if (missing === undefined) return known.filter((variant) => backends.some((name) => isMeant(variant, name)));
  const names = known.map(({ label }) => label).join(", ");
  throw new UsageError(`--sweep knows the backends ${names}, not "${missing}"`);
}

type Job = Omit<SweepResult, "verdicts"> & { readonly verdicts: () => readonly SweepVerdict[] };

/** The subjects that a variant gives: each is swept in a job of its own. */
export function jobsOf(variant: BackendVariant, known: readonly BackendVariant[], scale: number): Job[] {
  const { label, driver, options } = variant;
  const others = known.filter((other) => other.driver !== driver).map((other) => other.driver);
  const frontEnd = frontEndDriver([driver, ...new Set(others)]);
  const pools = PAGE_SIZES.flatMap((pageBytes): Job[] => [
    {
      backend: label,
      through: "alone",
      pageBytes,
      verdicts: () => sweepFaults({ driver, options, pageBytes }, { scale }),
    },
    {
      backend: label,
      through: "front end",
      pageBytes,
      verdicts: () => sweepFaults({ driver: frontEnd, options, pageBytes, switchTargets: known }, { scale }),
    },
  ]);
  const devices = (["6.12", "6.18"] as const).map((era): Job => ({
    backend: label,
    through: `zram ${era}`,
    pageBytes: 4096,
    verdicts: () =>
      sweepZram(
        {
          machine: conformanceMachine(4096),
          driver,
          poolOptions: options,
          era,
          slotCount: 0,
          backingBlocks: 16,
          algorithms: ["lzo-rle", "zstd"],
        },
        scale,
      ),
  }));
  return [...pools, ...devices];
}

/** A line for each subject, and below what was not stood. Returns whether all was. */
export function writeSweep(
  results: readonly SweepResult[],
  isInterrupted: boolean,
  { stdout, env }: Pick<RunEnvironment, "stdout" | "env">,
): void {
  const paint = painterFor(stdout, env);
  const failuresOf = ({ verdicts }: SweepResult): number => verdicts.reduce((sum, { failures }) => sum + failures, 0);
  const brokenOf = ({ verdicts }: SweepResult): SweepVerdict[] => verdicts.filter(({ broken }) => broken !== undefined);
  const rows = results.map((result) => [
    result.backend,
    result.through,
    formatPageSize(result.pageBytes),
    String(result.verdicts.length),
    thousands(failuresOf(result)),
    brokenOf(result).length === 0
      ? "all stood"
      : `BROKEN: ${brokenOf(result)
          .map(({ scenario }) => scenario)
          .join(", ")}`,
  ]);
  const columns = [
    { title: "backend", align: "left" as const },
    { title: "through", align: "left" as const },
    { title: "page" },
    { title: "scenarios" },
    { title: "failures" },
    { title: "result", align: "left" as const },
  ];
  stdout.write(formatTable(columns, rows, paint));
  for (const result of results) {
    for (const { scenario, broken } of brokenOf(result)) {
      const lines = broken!.lines.map((line) => `  ${line}\n`).join("");
      stdout.write(
        `\n${paint.bad(result.backend)}, ${result.through}, ${scenario}, page allocation ${broken!.nth}:\n${lines}`,
      );
    }
  }
  const total = results.reduce((sum, result) => sum + failuresOf(result), 0);
  const brokenCount = results.filter((result) => brokenOf(result).length > 0).length;
  const verdict = brokenCount === 0 ? paint.good("all stood") : paint.bad(`${brokenCount} broken`);
  stdout.write(
    `\n${thousands(total)} page allocations failed, each in a run of its own; ${verdict}${isInterrupted ? ", interrupted" : ""}\n`,
  );
}
