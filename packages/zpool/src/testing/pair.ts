// Two sessions that run side by side and are compared after every step.

import type { Machine } from "@zlab/hw-sim";
import { guarded } from "./property.ts";
import { perform } from "./perform.ts";
import { STAT_FIELDS, Session, describeNumber } from "./session.ts";
import type { Program, Step } from "./step.ts";
import type { Context } from "./subject.ts";

type Comparison = (step: Step) => void;

export class Pair {
  readonly session: Session;
  readonly twin: Session;

  constructor(context: Context, keepProtocol: boolean, twinMachine: Machine = context.newMachine()) {
    this.session = new Session(context, { keepProtocol });
    this.twin = new Session(context, { keepProtocol, machine: twinMachine });
  }

  /** Runs both programs step by step; they must be equally long. */
  run(program: Program, twinProgram: Program, ...comparisons: readonly Comparison[]): void {
    program.forEach((step, i) => {
      guarded(this.twin, () => perform(this.twin, twinProgram[i]!));
      guarded(this.session, () => {
        perform(this.session, step);
        for (const compare of comparisons) compare(step);
      });
    });
  }

  /** Compares once more at the end. */
  finish(compare: Comparison): void {
    guarded(this.session, () => compare({ op: "verify", cpu: 0, pool: 0 }));
  }

  /** The two pools have the same statistics, but for some. */
  sameStats(except: readonly string[] = [], twinName: string = "in a second run"): Comparison {
    const fields = STAT_FIELDS.filter((field) => !except.includes(field));
    return (step) => {
      if (this.session.isDestroyed(step.pool) || this.twin.isDestroyed(step.pool)) return;
      const stats = this.session.pool(step.pool).stats();
      const twinStats = this.twin.pool(step.pool).stats();
      const field = fields.find((name) => stats[name] !== twinStats[name]);
      if (field === undefined) return;
      this.session.fail(`afterwards stats().${field} is ${stats[field]}, but ${twinStats[field]} ${twinName}`);
    };
  }

  /** malloc returned the same in both. */
  sameResults(twinName: string = "in a second run"): Comparison {
    return (step) => {
      if (step.op !== "malloc" && step.op !== "replace") return;
      const [result, twinResult] = [this.session.lastResult, this.twin.lastResult];
      if (result === twinResult) return;
      this.session.fail(`returned ${describeNumber(result)}, but ${describeNumber(twinResult)} ${twinName}`);
    };
  }

  /** Objects lie at the same place in both: the same part of a page, or the same copy buffer. */
  samePlaces(): Comparison {
    return (step) => {
      const open = step.op === "map" ? this.session.open[step.cpu] : undefined;
      const twinOpen = this.twin.open[step.cpu];
      if (open === undefined || twinOpen === undefined) return;
      for (const field of ["offset", "length"] as const) {
        const [value, twinValue] = [open.mapping[field], twinOpen.mapping[field]];
        if (value !== twinValue)
          this.session.fail(`the mapping's ${field} is ${value}, but ${twinValue} in a second run`);
      }
    };
  }
}
