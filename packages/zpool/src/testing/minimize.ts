// Cuts a failing program down to the steps that matter. Steps name their objects, so any of them can go without changing what
// the others mean; halves are tried first, then quarters, down to single steps, until nothing more can go.

import { GFP_KERNEL } from "@zlab/hw-sim";
import type { Program, Step } from "./step.ts";

/** Executions of the program and steps executed that a minimisation may cost. */
const MAX_EXECUTIONS = 1500;
const MAX_STEPS = 400_000;

/** Returns a program that `fails` too and is as short as could be found. `fails` must hold for `program`. */
export function minimize(program: Program, fails: (candidate: Program) => boolean): Program {
  const budget = { executions: MAX_EXECUTIONS, steps: MAX_STEPS };
  const stillFails = (candidate: Program): boolean => {
    if (budget.executions-- <= 0 || (budget.steps -= candidate.length) <= 0) return false;
    return fails(candidate);
  };
  let smallest = removeSteps(program, stillFails);
  smallest = simplifySteps(smallest, stillFails);
  return removeSteps(smallest, stillFails);
}

function removeSteps(program: Program, fails: (candidate: Program) => boolean): Program {
  let smallest = program;
  for (let size = Math.ceil(smallest.length / 2); size >= 1;) {
    const before = smallest.length;
    smallest = removeChunks(smallest, size, fails);
    const progressed = smallest.length < before;
    if (size === 1 && !progressed) break;
    size = progressed ? Math.min(size, Math.ceil(smallest.length / 2)) : Math.floor(size / 2);
    if (smallest.length === 0) break;
    size = Math.max(1, size);
  }
  return smallest;
}

/** Tries to leave out each chunk of `size` steps, the last first: what follows the failure always can go. */
function removeChunks(program: Program, size: number, fails: (candidate: Program) => boolean): Program {
  let smallest = program;
  for (let end = smallest.length; end > 0; end -= size) {
    const start = Math.max(0, end - size);
    const candidate = [...smallest.slice(0, start), ...smallest.slice(end)];
    if (fails(candidate)) smallest = candidate;
  }
  return smallest;
}

function simplifySteps(program: Program, fails: (candidate: Program) => boolean): Program {
  let simplest = program;
  const onOneCpu = simplest.map((step) => ({ ...step, cpu: 0 }));
  if (fails(onOneCpu)) simplest = onOneCpu;
  for (let index = 0; index < simplest.length; index++) {
    for (let again = true; again;) {
      const simpler = simplerSteps(simplest[index]!).find((step) => fails(simplest.with(index, step)));
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
  if (step.op === "churn" && step.count > 1)
    simpler.push({ ...step, count: step.count >> 1 }, { ...step, count: step.count - 1 });
  return simpler;
}
