// `zlab conformance`: does an allocator keep the promises of the zpool contract?

import type { ZpoolDriver } from "@zlab/zpool";
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
import { UsageError } from "../errors.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { writeReport } from "./report.ts";

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
  const subjects = await subjectsOf(argument, options.pageSize, context.cwd);
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

function checkPropertyIds(subject: ConformanceSubject, ids: readonly string[] = []): void {
  const known = conformanceProperties(subject).map(({ id }) => id);
  const unknown = ids.find((id) => !known.includes(id));
  if (unknown === undefined) return;
  throw new UsageError(`there is no property "${unknown}"; there are: ${known.join(", ")}`);
}

function check(
  subject: ConformanceSubject,
  options: ConformanceOptions,
  { stderr }: CommandContext,
): ConformanceReport {
  const { seed, runs, property } = options;
  const count = property?.length ?? conformanceProperties(subject).length;
  using progress = startProgress(stderr, count);
  return runConformance(subject, {
    seed,
    ...(runs === undefined ? {} : { runs }),
    ...(property === undefined ? {} : { only: property }),
    onProgress: ({ id }: PropertyVerdict, index: number) => progress.update(index + 1, id),
  });
}
