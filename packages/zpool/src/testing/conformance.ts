// The door of the kit: all properties of a subject, as objects, as tests of any test runner, or as a report.

import { PROPERTIES } from "./property-list.ts";
import { type CheckParameters, type CheckResult, DEFAULT_RUNS, type PropertySpec, checkProperty } from "./property.ts";
import { type ConformanceSubject, type Context, contextOf } from "./subject.ts";

/** One promise of the contract, ready to be checked against a subject. */
export interface ConformanceProperty {
  /** Stable name, kebab-case. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly promise: string;
  /** The capability, or kind of machine, that makes the promise apply; "always" if nothing does. */
  readonly gate: string;
  /** Whether the promise applies to the subject. */
  readonly applies: boolean;
  /** Checks it. Never throws for what a backend does. */
  check(parameters?: CheckParameters): CheckResult;
}

/** All properties, elementary ones first. Throws ZLAB_BAD_DRIVER for something that is no driver. */
export function conformanceProperties(subject: ConformanceSubject): ConformanceProperty[] {
  const context = contextOf(subject);
  return PROPERTIES.map((spec) => propertyOf(context, spec));
}

function propertyOf(context: Context, spec: PropertySpec): ConformanceProperty {
  return {
    id: spec.id,
    promise: spec.promise,
    gate: spec.gate?.name ?? "always",
    applies: spec.gate?.applies(context) ?? true,
    check: (parameters = {}) => checkProperty(context, spec, parameters),
  };
}

/** What a test runner's `test` function is to the kit: vitest, jest, node:test and others fit. */
export type RegisterTest = (name: string, body: () => void) => unknown;

export interface ConformanceSuite extends ConformanceSubject, CheckParameters {
  readonly test: RegisterTest;
}

/** Registers one test for every promise that applies, named by its id. A broken promise throws an Error with the
 * counterexample. */
export function conformanceSuite({ test, ...suite }: ConformanceSuite): void {
  for (const property of conformanceProperties(suite)) {
    if (!property.applies) continue;
    test(property.id, () => {
      const result = property.check(checkParametersOf(suite));
      if (!result.ok) throw new Error(failureText(property, result));
    });
  }
}

function checkParametersOf({ seed, runs }: CheckParameters): CheckParameters {
  return { ...(seed === undefined ? {} : { seed }), ...(runs === undefined ? {} : { runs }) };
}

function failureText({ id, promise }: ConformanceProperty, result: CheckResult & { ok: false }): string {
  const program = result.counterexample.replaceAll(/^/gm, "  ");
  return `${id}: ${promise}\n${program}\n(seed ${result.seed}, path ${result.path})`;
}

/** The verdict on one promise. */
export interface PropertyVerdict {
  readonly id: string;
  readonly promise: string;
  readonly gate: string;
  readonly verdict: "kept" | "broken" | "not applicable";
  /** Programs that were run. */
  readonly runs: number;
  /** If broken: what was expected and what happened. */
  readonly message?: string;
  /** If broken: a minimal list of operations, one a line. */
  readonly counterexample?: string;
  /** If broken: what finds it again. */
  readonly seed?: number;
  readonly path?: string;
}

export interface ConformanceReport {
  /** The driver's type. */
  readonly driver: string;
  readonly pageBytes: number;
  readonly seed: number;
  readonly runs: number;
  readonly kept: number;
  readonly broken: number;
  readonly notApplicable: number;
  readonly properties: readonly PropertyVerdict[];
}

export interface ConformanceOptions extends CheckParameters {
  /** Only these properties; default all. Unknown ids are ignored. */
  readonly only?: readonly string[];
  /** Called after every property. */
  readonly onProgress?: (verdict: PropertyVerdict, index: number, count: number) => void;
}

/** Checks all properties and reports. Throws ZLAB_BAD_DRIVER for something that is no driver. */
export function runConformance(subject: ConformanceSubject, options: ConformanceOptions = {}): ConformanceReport {
  const { seed = 1, runs = DEFAULT_RUNS, only, onProgress } = options;
  const context = contextOf(subject);
  const specs = only === undefined ? PROPERTIES : PROPERTIES.filter(({ id }) => only.includes(id));
  const properties = specs.map((spec, index) => {
    const verdict = verdictOn(propertyOf(context, spec), { seed, runs });
    onProgress?.(verdict, index, specs.length);
    return verdict;
  });
  const countOf = (verdict: PropertyVerdict["verdict"]): number =>
    properties.filter((property) => property.verdict === verdict).length;
  return {
    driver: context.type,
    pageBytes: context.pageBytes,
    seed,
    runs,
    kept: countOf("kept"),
    broken: countOf("broken"),
    notApplicable: countOf("not applicable"),
    properties,
  };
}

function verdictOn(property: ConformanceProperty, parameters: CheckParameters): PropertyVerdict {
  const { id, promise, gate } = property;
  if (!property.applies) return { id, promise, gate, verdict: "not applicable", runs: 0 };
  const result = property.check(parameters);
  if (result.ok) return { id, promise, gate, verdict: "kept", runs: result.runs };
  const { message, counterexample, seed, path } = result;
  return { id, promise, gate, verdict: "broken", runs: 0, message, counterexample, seed, path };
}
