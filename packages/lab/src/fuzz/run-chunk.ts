// Some runs of a target, one after the other.

import { type FuzzTarget, type RunResult, runSeedOf } from "./target.ts";

/** Does runs `firstRun` and following of the campaign with this seed, up to the first that fails. */
export function runsOf(target: FuzzTarget, seed: number, firstRun: number, runCount: number): RunResult[] {
  const results: RunResult[] = [];
  for (let run = firstRun; run < firstRun + runCount; run++) {
    const result = target.run(runSeedOf(seed, run));
    results.push(result);
    if (result.failure !== undefined) break;
  }
  return results;
}
