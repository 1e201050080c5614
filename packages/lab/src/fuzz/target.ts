// What a campaign runs against, and how one run of it is named.

import { Prng } from "@zlab/hw-sim";

/** What a run did. */
export interface RunResult {
  /** Commands performed. */
  readonly commandCount: number;
  /** What was expected and what happened; undefined if nothing is wrong. */
  readonly failure: string | undefined;
}

/** A failed run, for people. */
export interface Explanation {
  /** Machine, pool and options, on one line. */
  readonly configuration: string;
  /** The shortest list of commands found that fails, one a line; the last one says what is wrong. */
  readonly commands: readonly string[];
}

/** Something that random commands are run against. A run is all in its seed: configuration, commands, and failures injected. */
export interface FuzzTarget {
  readonly name: string;
  run(runSeed: number): RunResult;
  /** Explains a run that failed. */
  explain(runSeed: number): Explanation;
}

/** The seed of run number `run`, from 0, of a campaign: 32 bits, as different for neighbours as for others. */
export function runSeedOf(campaignSeed: number, run: number): number {
  return new Prng(new Prng(campaignSeed).next() ^ Math.imul(run + 1, 0x9e37_79b1)).next();
}
