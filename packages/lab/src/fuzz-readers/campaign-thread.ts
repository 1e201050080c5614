// The thread that reads the inputs of a campaign. Its heap is bounded, and the main thread watches it: before every input its number and
// the time are written to shared memory.

import { parentPort, workerData } from "node:worker_threads";
import { peakBytes, resetPeak } from "./peak-memory.ts";
import { READERS, readerIndexOf } from "./readers.ts";
import { createInput, tryInput } from "./try-input.ts";

export interface CampaignThreadInput {
  readonly seed: number;
  readonly firstInput: number;
  /** One more than the last. */
  readonly endInput: number;
  /** Names of the readers that take part. */
  readonly readers: readonly string[];
  /** Number of the input that is being read, and when that began, in milliseconds. */
  readonly progress: Float64Array;
}

/** What was found about one input. */
export interface InputResult {
  readonly inputIndex: number;
  readonly reader: string;
  readonly verdict: "accepted" | "refused" | "failed";
  readonly problem?: string;
  readonly ms: number;
  /** Resident bytes that it took beyond those before it, at the peak. */
  readonly extraBytes: number;
}

async function readInputs({
  seed,
  firstInput,
  endInput,
  readers: names,
  progress,
}: CampaignThreadInput): Promise<void> {
  const readers = READERS.filter(({ name }) => names.includes(name));
  const samples = readers.map((reader) => reader.samples());
  for (let inputIndex = firstInput; inputIndex < endInput; inputIndex++) {
    const readerIndex = readerIndexOf(inputIndex, readers);
    const reader = readers[readerIndex]!;
    const input = createInput(reader, samples[readerIndex]!, seed, inputIndex);
    progress[0] = inputIndex;
    progress[1] = Date.now();
    const residentBytes = resetPeak();
    const startMs = performance.now();
    const verdict = await tryInput(reader, input);
    const ms = performance.now() - startMs;
    const extraBytes = Math.max(0, peakBytes() - residentBytes);
    const result: InputResult = { inputIndex, reader: reader.name, ...verdict, ms, extraBytes };
    parentPort!.postMessage(result, []);
  }
}

await readInputs(workerData as CampaignThreadInput);
