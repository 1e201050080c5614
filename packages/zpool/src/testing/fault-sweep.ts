// Fails every page allocation once. A scenario is run with its first page allocation failing, then anew with its second, and so on
// until it is over before the failure comes. Each time: the failing call says so with the right error number and changes nothing, no
// page is lost, everything checks out, what is stored is intact, the same call succeeds when it is repeated, and at the end every page
// is back. (SQLite's way of testing what happens when memory runs out.)

import { pageUsage } from "@zlab/hw-sim";
import type { Audit } from "./audits.ts";
import * as audits from "./audits.ts";
import { perform } from "./perform.ts";
import { guarded } from "./property.ts";
import { foldProtocol } from "./protocol.ts";
import { type Aspect, Broken, Session, describeError } from "./session.ts";
import type { Program, Step } from "./step.ts";
import { type ConformanceSubject, type Context, contextOf } from "./subject.ts";
import { SWEEP_SCENARIOS, type SweepScenario, sweepProgram } from "./sweep-scenarios.ts";

export interface SweepOptions {
  /** Multiplies the length of the scenarios; the cost grows with its square. Default 1. */
  readonly scale?: number;
  /** Only these scenarios; default all that apply. */
  readonly only?: readonly string[];
  /** Called after every scenario. */
  readonly onProgress?: (verdict: SweepVerdict) => void;
}

/** How the subject stood one scenario. */
export interface SweepVerdict {
  /** fill, churn, compaction, spanning, mapped, large or switching. */
  readonly scenario: string;
  /** Page allocations of the scenario, each of which was made to fail in a run of its own; the last run had no failure. */
  readonly failures: number;
  /** What went wrong at the first failure that wasn't stood. */
  readonly broken?: SweepBreak;
}

export interface SweepBreak {
  /** Which page allocation failed, from 1. */
  readonly nth: number;
  /** What was expected and what happened. */
  readonly message: string;
  /** The calls up to there, one a line. */
  readonly lines: readonly string[];
}

const JUDGED: readonly Aspect[] = ["contents", "state", "leftovers"];
/** Steps after the failure that are followed by a look at everything. */
const WATCHED_STEPS = 4;
/** More page allocations than any scenario has; a backend that goes on asking is cut off here. */
const MOST_ALLOCATIONS = 100_000;

/** Sweeps the scenarios that apply to the subject. Throws ZLAB_BAD_DRIVER for something that is no driver, and nothing for what a
 * backend does. */
export function sweepFaults(subject: ConformanceSubject, options: SweepOptions = {}): SweepVerdict[] {
  const { scale = 1, only, onProgress } = options;
  const context = contextOf(subject);
  const isMeant = ({ id, applies }: SweepScenario): boolean => applies(context) && (only?.includes(id) ?? true);
  return SWEEP_SCENARIOS.filter(isMeant).map((scenario) => {
    const verdict = sweepProgramOf(context, scenario.id, sweepProgram(context, scenario, scale));
    onProgress?.(verdict);
    return verdict;
  });
}

function sweepProgramOf(context: Context, scenario: string, program: Program): SweepVerdict {
  for (let nth = 1; nth <= MOST_ALLOCATIONS; nth++) {
    try {
      if (!new FaultyRun(context, nth, false).run(program)) return { scenario, failures: nth - 1 };
    } catch {
      return { scenario, failures: nth, broken: explain(context, nth, program) };
    }
  }
  return { scenario, failures: MOST_ALLOCATIONS };
}

function explain(context: Context, nth: number, program: Program): SweepBreak {
  try {
    new FaultyRun(context, nth, true).run(program);
  } catch (error) {
    const broken = error instanceof Broken ? error : new Broken(describeError(error), [describeError(error)]);
    return { nth, message: broken.message, lines: foldProtocol(broken.lines) };
  }
  return { nth, message: "only sometimes: the backend doesn't do the same each time", lines: [] };
}

class FaultyRun {
  readonly #session: Session;
  readonly #nth: number;
  readonly #looks: readonly Audit[] = [
    everyPageOwned,
    audits.pagesCounted(),
    audits.pagesAgree(),
    audits.statsAddUp(),
    audits.slotsAddUp(),
    audits.handlesUnique(),
    audits.preemptionOffWhileMapped(),
    audits.preemptionRestored(),
    audits.kernelQuiet(),
    checkEverything,
  ];

  constructor(context: Context, nth: number, keepProtocol: boolean) {
    this.#session = new Session(context, { judge: JUDGED, keepProtocol });
    this.#nth = nth;
  }

  /** Runs the program with the n-th page allocation failing; returns whether there was one. Throws `Broken`. Without a failure
   * everything is looked at after every step; otherwise what came before the failure has been looked at by then. */
  run(program: Program): boolean {
    const { faults } = this.#session.machine;
    faults.failNth(this.#nth);
    let stepsSince = Infinity;
    for (const step of program) {
      const wasPending = faults.nthPending;
      guarded(this.#session, () => perform(this.#session, step));
      const isHit = wasPending && !faults.nthPending;
      if (isHit) stepsSince = 0;
      if (isHit) this.#afterFailure(step);
      if (stepsSince++ <= WATCHED_STEPS || step.op === "destroy") this.#look(step);
    }
    return !faults.nthPending;
  }

  #afterFailure(step: Step): void {
    const session = this.#session;
    session.note(`  <- page allocation ${this.#nth} failed`);
    this.#look(step);
    guarded(session, () => perform(session, { op: "verify", cpu: step.cpu, pool: step.pool }));
    if (step.op !== "malloc" && step.op !== "switch") return;
    if (step.op === "malloc" && session.objects.has(step.name)) return; // it made do with less
    guarded(session, () => perform(session, step));
    if (step.op === "malloc" && !session.objects.has(step.name)) session.fail("failed again when it was repeated");
  }

  #look(step: Step): void {
    guarded(this.#session, () => {
      for (const look of this.#looks) look(this.#session, step);
    });
  }
}

function checkEverything(session: Session): void {
  for (const { pool } of session.livePools()) for (const level of [1, 2, 3] as const) pool.check(level);
  session.machine.check();
}

/** Every page that is taken has an owner: nobody's page is one that somebody has forgotten. */
function everyPageOwned(session: Session): void {
  const lost = pageUsage(session.machine).find(({ owner }) => owner === 0);
  if (lost !== undefined)
    session.fail(`afterwards ${lost.pages} pages of zone ${lost.zone} are taken and have no owner`);
}
