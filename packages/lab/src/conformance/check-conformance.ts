// `zlab conformance`: does an allocator keep the promises of the zpool contract?

import { type ZpoolDriver, hardenedDriver } from "@zlab/zpool";
import {
  type ConformanceReport,
  type ConformanceSubject,
  type PropertyVerdict,
  conformanceProperties,
  runConformance,
} from "@zlab/zpool/testing";
import type { ConformanceOptions } from "../commands/conformance.ts";
import { backendVariants } from "../compose.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { loadDrivers } from "../drivers/load-drivers.ts";
import { Interrupted, UsageError, checkpointOf } from "../errors.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { writeReport } from "./report.ts";

const DEFAULT_PAGE_BYTES = 4096;

/** Something to check: a name for people, what to type to check it again, and how pools of it are made. */
export interface NamedSubject {
  readonly name: string;
  readonly argument: string;
  readonly subject: ConformanceSubject;
}

export async function checkConformance(
  argument: string,
  options: ConformanceOptions,
  context: CommandContext,
): Promise<ExitCode> {
  const found = await subjectsOf(argument, options.pageSize, context.cwd);
  const subjects = options.hardened === true ? found.map(hardenedSubject) : found;
  for (const { subject } of subjects) checkPropertyIds(subject, options.property);
  const reports = subjects.map((named) => ({ ...named, report: check(named.subject, options, context) }));
  if (options.json) writeJson(context.stdout, { drivers: reports.map(({ report }) => report) });
  else for (const { report, ...named } of reports) writeReport(named, report, context);
  return reports.some(({ report }) => report.broken > 0) ? 1 : 0;
}

/** A registered backend by its name, or the drivers of a module. */
async function subjectsOf(argument: string, pageBytes: number, cwd: string): Promise<NamedSubject[]> {
  const known = backendVariants();
  const variant = known.find(({ label }) => label === argument);
  if (variant !== undefined) {
    const { label, driver, options } = variant;
    return [{ name: label, argument, subject: { driver, options, pageBytes } }];
  }
  if (!/[./\\]/.test(argument)) {
    const names = known.map(({ label }) => label).join(", ");
    throw new UsageError(
      `there is no backend "${argument}"; name a module file, as ./my-driver.js, or one of ${names}`,
    );
  }
  const drivers: ZpoolDriver[] = await loadDrivers(argument, cwd);
  return drivers.map((driver) => ({ name: driver.type, argument, subject: { driver, pageBytes } }));
}

/** The same allocator, with hardened pools. */
function hardenedSubject({ name, argument, subject }: NamedSubject): NamedSubject {
  const driver = hardenedDriver(subject.driver);
  return { name: `${name}, hardened`, argument: `${argument} --hardened`, subject: { ...subject, driver } };
}

function checkPropertyIds(subject: ConformanceSubject, ids: readonly string[] = []): void {
  const known = conformanceProperties(subject).map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new UsageError(`there is no property "${unknown}"; there are: ${known.join(", ")}`);
}

/** Checks the promises one after the other. When the user wants to end, the report has those that were checked until then. */
function check(subject: ConformanceSubject, options: ConformanceOptions, context: CommandContext): ConformanceReport {
  const { seed, runs, property } = options;
  const count = property?.length ?? conformanceProperties(subject).length;
  const checkpoint = checkpointOf(context);
  const verdicts: PropertyVerdict[] = [];
  using progress = startProgress(context.stderr, count);
  try {
    return runConformance(subject, {
      seed,
      ...(runs === undefined ? {} : { runs }),
      ...(property === undefined ? {} : { only: property }),
      onProgress: (verdict: PropertyVerdict, index: number) => {
        verdicts.push(verdict);
        checkpoint();
        progress.update(index + 1, verdict.id);
      },
    });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    context.stderr.write(`zlab: interrupted after ${verdicts.length} of ${count} promises\n`);
    return partialReport(subject, options, verdicts);
  }
}

function partialReport(
  { driver, pageBytes = DEFAULT_PAGE_BYTES }: ConformanceSubject,
  { seed, runs }: ConformanceOptions,
  properties: readonly PropertyVerdict[],
): ConformanceReport & { readonly interrupted: true } {
  const countOf = (verdict: PropertyVerdict["verdict"]): number =>
    properties.filter((property) => property.verdict === verdict).length;
  return {
    driver: driver.type,
    pageBytes,
    seed,
    runs: runs ?? properties[0]!.runs,
    kept: countOf("kept"),
    broken: countOf("broken"),
    notApplicable: countOf("not applicable"),
    properties,
    interrupted: true,
  };
}
