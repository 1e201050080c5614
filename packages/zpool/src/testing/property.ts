// A promise of the contract and how it is checked: programs, what is judged while they run, and what comes out.

import * as fc from "fast-check";
import type { Audit } from "./audits.ts";
import { minimize } from "./minimize.ts";
import { perform } from "./perform.ts";
import { foldProtocol } from "./protocol.ts";
import { type Aspect, Broken, Session, describeError } from "./session.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";
import type { Workload } from "./workloads.ts";

/** Programs per property when nothing else is asked for. */
export const DEFAULT_RUNS = 20;

export interface CheckParameters {
  /** Seed of the random programs; default 1. */
  readonly seed?: number;
  /** Random programs of a property of the usual cost; default 20. Properties with long programs run fewer, in proportion. */
  readonly runs?: number;
  /** A path that a failure reported: only that program is run. Needs the same seed. */
  readonly path?: string;
}

export type CheckResult =
  | { readonly ok: true; readonly runs: number }
  | {
      readonly ok: false;
      /** What was expected and what happened: the last line of the counterexample. */
      readonly message: string;
      /** A minimal list of operations that breaks the promise, one a line. */
      readonly counterexample: string;
      /** Seed and path that find the failure again. */
      readonly seed: number;
      readonly path: string;
    };

/** Runs a program on a new machine; throws `Broken` if the promise is. */
export type Run = (context: Context, program: Program, keepProtocol: boolean) => void;

export interface PropertySpec {
  /** Stable, kebab-case. */
  readonly id: string;
  /** The promise in one sentence. */
  readonly promise: string;
  /** What the backend must be able to do for the promise to apply; default: nothing. */
  readonly gate?: Gate;
  /** Random programs. */
  readonly workload: Workload;
  /** Programs that are run besides, whatever the number of runs. */
  readonly always?: (context: Context) => Program[];
  /** Cost of a program: runs are divided by it. Default 1. */
  readonly cost?: number;
  readonly run: Run;
}

/** A condition on the subject, and its name. */
export interface Gate {
  readonly name: string;
  readonly applies: (context: Context) => boolean;
}

/** Runs programs with some aspects judged and some audits after every step. */
export function judging(judge: readonly Aspect[], ...audits: readonly ((context: Context) => Audit)[]): Run {
  return (context, program, keepProtocol) => {
    const session = new Session(context, { judge, keepProtocol });
    const looks = audits.map((make) => make(context));
    for (const step of program) {
      guarded(session, () => {
        perform(session, step);
        for (const look of looks) look(session, step);
      });
    }
  };
}

/** Performs an action of the kit; whatever is thrown becomes a broken promise at the present place of the protocol. */
export function guarded(session: Session, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof Broken) throw error;
    session.fail(`afterwards ${describeError(error)}`);
  }
}

export function checkProperty(context: Context, spec: PropertySpec, parameters: CheckParameters): CheckResult {
  const { seed = 1, runs = DEFAULT_RUNS, path } = parameters;
  const examples = spec.always?.(context) ?? [];
  const randomRuns = runs === 0 ? 0 : Math.max(1, Math.round(runs / (spec.cost ?? 1)));
  const numRuns = path === undefined ? examples.length + randomRuns : 1;
  const property = fc.property(spec.workload(context), (program) => spec.run(context, program, false));
  const details = fc.check(property, {
    seed,
    numRuns,
    endOnFailure: true,
    examples: examples.map((program): [Program] => [program]),
    ...(path === undefined ? {} : { path }),
  });
  if (!details.failed) return { ok: true, runs: details.numRuns };
  return {
    ok: false,
    ...explain(context, spec, details.counterexample![0], details.errorInstance),
    seed,
    path: details.counterexamplePath ?? "",
  };
}

/** Repetitions that a failure is given to show itself again, if the backend doesn't behave the same each time. */
const REPETITIONS = 20;

function explain(
  context: Context,
  spec: PropertySpec,
  program: Program,
  found: unknown,
): { message: string; counterexample: string } {
  const failure = (candidate: Program, keepProtocol: boolean): Broken | undefined => {
    try {
      spec.run(context, candidate, keepProtocol);
      return undefined;
    } catch (error) {
      return error instanceof Broken ? error : new Broken(describeError(error), [describeError(error)]);
    }
  };
  const smallest = minimize(program, (candidate) => failure(candidate, false) !== undefined);
  for (let i = 0; i < REPETITIONS; i++) {
    const broken = failure(smallest, true);
    if (broken !== undefined) return { message: broken.message, counterexample: foldProtocol(broken.lines).join("\n") };
  }
  const message = describeError(found);
  return { message, counterexample: `${message}\n(only sometimes: the backend doesn't do the same each time)` };
}
