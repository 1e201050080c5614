// The campaign as the main thread sees it: it starts the thread that reads, adds up what that finds, and starts another one behind an
// input that hangs or uses up the heap.

import { Worker } from "node:worker_threads";
import { messageOf } from "../errors.ts";
import type { CampaignThreadInput, InputResult } from "./campaign-thread.ts";

/** An input that takes longer hangs. */
const HANG_MS = 10_000;
const LOOK_MS = 250;
/** The heap of the thread that reads; an input that needs more of it counts as failed. */
export const HEAP_MIB = 512;

export interface CampaignOptions {
  readonly seed: number;
  readonly firstInput: number;
  readonly inputCount: number;
  /** Names of the readers that take part. */
  readonly readers: readonly string[];
}

/** Reads all inputs, each once and in their order. `onResult` is told of each. */
export async function runCampaign(
  { seed, firstInput, inputCount, readers }: CampaignOptions,
  onResult: (result: InputResult) => void,
): Promise<void> {
  const endInput = firstInput + inputCount;
  let nextInput = firstInput;
  while (nextInput < endInput) {
    const stopped = await readInputs({ seed, firstInput: nextInput, endInput, readers }, (result) => {
      nextInput = result.inputIndex + 1;
      onResult(result);
    });
    if (stopped === undefined) break;
    nextInput = stopped.inputIndex + 1;
    onResult(stopped);
  }
}

/** Runs a thread to its end. Returns the input that ended it early. */
function readInputs(
  options: Omit<CampaignThreadInput, "progress">,
  onResult: (result: InputResult) => void,
): Promise<InputResult | undefined> {
  const progress = new Float64Array(new SharedArrayBuffer(16));
  progress[0] = options.firstInput;
  progress[1] = Date.now();
  const workerData: CampaignThreadInput = { ...options, progress };
  const thread = new Worker(new URL("campaign-thread.js", import.meta.url), {
    workerData,
    resourceLimits: { maxOldGenerationSizeMb: HEAP_MIB },
  });
  const stoppedBy = (problem: string): InputResult => ({
    inputIndex: progress[0]!,
    reader: "",
    verdict: "failed",
    problem,
    ms: Date.now() - progress[1]!,
    extraBytes: 0,
  });
  return new Promise((resolve) => {
    const watch = setInterval(() => {
      if (Date.now() - progress[1]! < HANG_MS) return;
      finish(stoppedBy(`hangs: not done after ${HANG_MS / 1000} s`));
      void thread.terminate();
    }, LOOK_MS);
    const finish = (stopped?: InputResult): void => {
      clearInterval(watch);
      resolve(stopped);
    };
    thread.on("message", onResult);
    thread.on("error", (error) => finish(stoppedBy(`ends the thread: ${messageOf(error)}`)));
    thread.on("exit", () => finish());
  });
}
