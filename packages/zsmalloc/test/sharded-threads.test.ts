// Threads that use one sharded pool at random, all at once: contents, invariants, and that nothing is lost. ZLAB_STRESS_SECONDS makes it
// longer, ZLAB_SEED makes it another one; what a seed does is not the same twice, since threads are not.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Machine, NO_WATERMARKS } from "@zlab/hw-sim";
import { createShardedPool } from "@zlab/zsmalloc";
import { expect, test } from "vitest";
import { ENTRY_WORDS, type StressTask } from "./stress-task.ts";

const seconds = Number(process.env["ZLAB_STRESS_SECONDS"] ?? 1);
const seed = Number(process.env["ZLAB_SEED"] ?? 1);

/** Memory for about half of the entries, so that it runs out at times, unless there are many pages. */
async function stress(threads: number, pages: number, options: object, milliseconds: number): Promise<void> {
  const machine = new Machine({
    pageBytes: 4096,
    zones: [{ kind: "NORMAL", pages: pages * threads, watermarks: NO_WATERMARKS }],
    backing: "shared-array-buffer",
    region: { index: 0, count: threads },
  });
  const shared = (words: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * words));
  const task: Omit<StressTask, "index"> = {
    pool: createShardedPool(machine, "stress", { ...options }),
    entries: shared(ENTRY_WORDS * 1200 * threads),
    meeting: shared(16 + 2 * threads),
    seed,
    milliseconds,
    operationsPerRound: 5_000,
  };
  const workers = Array.from({ length: threads }, (_, index) => {
    const workerData: StressTask = { ...task, index };
    return new Worker(fileURLToPath(new URL("stress-thread.ts", import.meta.url)), { workerData });
  });
  try {
    const codes = await Promise.all(workers.map((worker) => once(worker, "exit")));
    expect(codes.flat()).toEqual(workers.map(() => 0));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

test.each([
  { threads: 2, pages: 5 * 1024, options: {}, share: 0.5 },
  { threads: 3, pages: 1024, options: { layout: "in-page", compaction: "ideal" }, share: 0.5 },
])(
  "$threads threads on $pages pages each, $options",
  async ({ threads, pages, options, share }) => stress(threads, pages, options, seconds * share * 1000),
  120_000 + seconds * 1000,
);
