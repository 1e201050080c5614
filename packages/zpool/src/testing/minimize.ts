// Cuts a failing program down to the steps that matter. Steps name their objects, so any of them can go without changing what
// the others mean; halves are tried first, then quarters, down to single steps, until nothing more can go.

import { GFP_KERNEL } from "@zlab/hw-sim";
import type { Program, Step } from "./step.ts";

/** Executions of the program and steps executed that a minimisation may cost. */
const MAX_EXECUTIONS = 2500;
const MAX_STEPS = 800_000;
/** What one round of a churn step counts; it is dear, and little can be gained. */
const CHURN_WEIGHT = 3;

/** Tells whether a candidate fails, as long as the budget lasts. */
class Judge<T> {
  readonly #fails: (candidate: readonly T[]) => boolean;
  readonly #weigh: (item: T) => number;
  #executions = MAX_EXECUTIONS;
  #steps = MAX_STEPS;

  constructor(fails: (candidate: readonly T[]) => boolean, weigh: (item: T) => number) {
    this.#fails = fails;
    this.#weigh = weigh;
  }

  get exhausted(): boolean {
    return this.#executions <= 0 || this.#steps <= 0;
  }

  fails(candidate: readonly T[]): boolean {
    if (this.exhausted) return false;
    this.#executions--;
    for (const item of candidate) this.#steps -= this.#weigh(item);
    return this.#fails(candidate);
  }
}

/** Returns a program that `fails` too and is as short as could be found. `fails` must hold for `program`. */
export function minimize(program: Program, fails: (candidate: Program) => boolean): Program {
  const judge = new Judge(fails, (step: Step) => (step.op === "churn" ? CHURN_WEIGHT * step.count : 1));
  return removeSteps(simplifySteps(removeSteps(program, judge), judge), judge);
}

/** The same for commands of any other language, of which any may be left out. */
export function minimizeList<T>(commands: readonly T[], fails: (candidate: readonly T[]) => boolean): readonly T[] {
  return removeSteps(commands, new Judge(fails, () => 1));
}

function removeSteps<T>(program: readonly T[], judge: Judge<T>): readonly T[] {
  let smallest = program;
  let size = Math.ceil(smallest.length / 2);
  while (size >= 1 && smallest.length > 0) {
    const before = smallest.length;
    smallest = removeChunks(smallest, size, judge);
    if (smallest.length === before) size >>= 1;
    else size = Math.min(size, Math.ceil(smallest.length / 2));
  }
  return smallest;
}

/** Tries to leave out each chunk of `size` steps, the last first: what follows the failure always can go. */
function removeChunks<T>(program: readonly T[], size: number, judge: Judge<T>): readonly T[] {
  let smallest = program;
  for (let end = smallest.length; end > 0 && !judge.exhausted; end -= size) {
    const start = Math.max(0, end - size);
    const candidate = [...smallest.slice(0, start), ...smallest.slice(end)];
    if (judge.fails(candidate)) smallest = candidate;
  }
  return smallest;
}

function simplifySteps(program: Program, judge: Judge<Step>): Program {
  let simplest = program;
  const onOneCpu = simplest.map((step) => ({ ...step, cpu: 0 }));
  if (judge.fails(onOneCpu)) simplest = onOneCpu;
  for (let index = 0; index < simplest.length && !judge.exhausted; index++) {
    for (let again = true; again;) {
      const simpler = simplerSteps(simplest[index]!).find((step) => judge.fails(simplest.with(index, step)));
      again = simpler !== undefined;
      if (simpler !== undefined) simplest = simplest.with(index, simpler);
    }
  }
  return simplest;
}

/** Steps that mean about the same and say less. */
function simplerSteps(step: Step): Step[] {
  const simpler: Step[] = [];
  if (step.cpu !== 0) simpler.push({ ...step, cpu: 0 });
  if (step.op === "malloc" && step.faulty === true) simpler.push({ ...step, faulty: false });
  if (step.op === "malloc" && step.gfp !== GFP_KERNEL) simpler.push({ ...step, gfp: GFP_KERNEL });
  if (step.op === "squat" && step.leavePages > 0)
    simpler.push({ ...step, leavePages: 0 }, { ...step, leavePages: step.leavePages >> 1 });
  if (step.op === "inject" && step.percent > 0 && step.percent < 100) simpler.push({ ...step, percent: 100 });
  if (step.op === "churn") {
    for (const part of [2, 16, 256, step.count]) {
      const less = Math.floor(step.count / part);
      if (less >= 1 && less < step.count) simpler.push({ ...step, count: step.count - less });
    }
  }
  return simpler;
}
