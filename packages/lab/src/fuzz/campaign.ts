// A campaign: runs 0, 1, 2 … of a target until enough commands were performed or one fails, on several workers. What comes out depends
// on the seed alone: only the runs before the first gap count, however the workers share them out.

import type { RunResult } from "./target.ts";

/** Does `runCount` runs from number `firstRun` on; stops at the first that fails, so that fewer results may come. */
export type RunChunk = (firstRun: number, runCount: number) => Promise<readonly RunResult[]>;

export interface CampaignLimits {
  /** Ends with the run that reaches this number of commands. */
  readonly commandCount: number;
  /** Ends with the runs that are under way when this returns true: the time is up. */
  readonly isOver: () => boolean;
  /** Ends at once; what is under way then doesn't count. */
  readonly signal: AbortSignal;
  /** Called with the commands performed so far. */
  readonly onProgress: (commandCount: number) => void;
}

/** How a campaign ended. */
export interface CampaignOutcome {
  readonly runCount: number;
  readonly commandCount: number;
  readonly failed: { readonly run: number; readonly message: string } | undefined;
}

/** Runs that one of several workers does at a time: little, so that the end is near when it is asked for. One alone is not asked by
 * messages, which cost, and does one after the other. */
const CHUNK_RUNS = 8;

/** Runs the campaign with one lane for each of `workers`. */
export async function runCampaign(workers: readonly RunChunk[], limits: CampaignLimits): Promise<CampaignOutcome> {
  const tally = new Tally(limits.commandCount);
  const chunkRuns = workers.length === 1 ? 1 : CHUNK_RUNS;
  const { signal } = limits;
  const aborted = new Promise<undefined>((resolve) =>
    signal.addEventListener("abort", () => resolve(undefined), { once: true }),
  );
  let nextChunk = 0;
  const lane = async (runChunk: RunChunk): Promise<void> => {
    while (!tally.isComplete && !limits.isOver() && !signal.aborted) {
      const chunk = nextChunk++;
      const results = await Promise.race([runChunk(chunk * chunkRuns, chunkRuns), aborted]);
      if (results === undefined) return;
      tally.add(chunk, results);
      limits.onProgress(tally.commandCount);
    }
  };
  await Promise.all(workers.map(lane));
  return tally;
}

/** Counts the results of chunks in their order, whatever the order in which they arrive. */
class Tally implements CampaignOutcome {
  runCount = 0;
  commandCount = 0;
  failed: CampaignOutcome["failed"];
  readonly #enough: number;
  readonly #waiting = new Map<number, readonly RunResult[]>();
  #nextChunk = 0;

  constructor(enough: number) {
    this.#enough = enough;
  }

  get isComplete(): boolean {
    return this.failed !== undefined || this.commandCount >= this.#enough;
  }

  add(chunk: number, results: readonly RunResult[]): void {
    this.#waiting.set(chunk, results);
    for (let next = this.#take(); next !== undefined; next = this.#take()) {
      for (const { commandCount, failure } of next) {
        if (this.isComplete) return;
        if (failure !== undefined) this.failed = { run: this.runCount, message: failure };
        this.runCount++;
        this.commandCount += commandCount;
      }
    }
  }

  #take(): readonly RunResult[] | undefined {
    const results = this.#waiting.get(this.#nextChunk);
    if (results !== undefined) this.#waiting.delete(this.#nextChunk++);
    return results;
  }
}
