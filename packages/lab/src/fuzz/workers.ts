// The workers of a campaign: threads, or this one alone.

import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import type { RunChunk } from "./campaign.ts";
import { runsOf } from "./run-chunk.ts";
import type { FuzzTarget, RunResult } from "./target.ts";

/** Which target a worker is for; it makes the target itself. */
export interface WorkerSettings {
  readonly targetName: string;
  readonly seed: number;
  /** Modules with drivers of the user's. */
  readonly driverFiles: readonly string[];
  readonly cwd: string;
}

export interface ChunkRequest {
  readonly firstRun: number;
  readonly runCount: number;
}

type Reply = { readonly results: readonly RunResult[] } | { readonly problem: string };

/** `count` workers for as long as the result isn't disposed of. One alone works in this thread; more get threads of their own, new ones
 * for every target, since code that has seen one backend only is faster. */
export function startWorkers(
  count: number,
  target: FuzzTarget,
  settings: WorkerSettings,
): { readonly runners: readonly RunChunk[] } & Disposable {
  if (count === 1) {
    const here: RunChunk = async (firstRun, runCount) => {
      await setImmediate(); // signals and timers get their turn
      return runsOf(target, settings.seed, firstRun, runCount);
    };
    return { runners: [here], [Symbol.dispose]: () => undefined };
  }
  const threads = Array.from(
    { length: count },
    () => new Worker(new URL("./worker.js", import.meta.url), { workerData: settings }),
  );
  return {
    runners: threads.map(runnerOf),
    [Symbol.dispose]: () => threads.forEach((thread) => void thread.terminate()),
  };
}

function runnerOf(thread: Worker): RunChunk {
  return (firstRun, runCount) =>
    new Promise((resolve, reject) => {
      const onMessage = (reply: Reply): void => {
        thread.off("error", reject);
        if ("problem" in reply) reject(new Error(reply.problem));
        else resolve(reply.results);
      };
      thread.once("error", reject);
      thread.once("message", onMessage);
      thread.postMessage({ firstRun, runCount } satisfies ChunkRequest, []);
    });
}
