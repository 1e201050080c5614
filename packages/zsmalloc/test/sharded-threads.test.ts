// Threads that use one sharded pool at random, all at once: contents, invariants, and that nothing is lost. ZLAB_STRESS_SECONDS makes it
// longer, ZLAB_SEED makes it another one; what a seed does is not the same twice, since threads are not.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { Machine, NO_WATERMARKS } from "@zlab/hw-sim";
import type { PoolOptions } from "@zlab/zpool";
import { createShardedPool } from "@zlab/zsmalloc";
import { expect, test } from "vitest";
import { ENTRY_WORDS, type StressTask } from "./stress-task.ts";

const seconds = Number(process.env["ZLAB_STRESS_SECONDS"] ?? 1);
const seed = Number(process.env["ZLAB_SEED"] ?? 1);

interface Stress {
  readonly threads: number;
  /** Pages of each thread. */
  readonly pages: number;
  /** Entries of the table for each thread. */
  readonly entries: number;
  readonly sizes?: readonly number[];
  /** Operations for each compaction. */
  readonly compactions: number;
  readonly options: PoolOptions;
}

/** On one page and on two, few classes: objects move often. */
const SIZES = [100, 700, 1360, 2000, 2700, 3200, 4096];

async function stress(
  { threads, pages, entries, sizes = SIZES, compactions, options }: Stress,
  milliseconds: number,
): Promise<void> {
  const machine = new Machine({
    pageBytes: 4096,
    zones: [{ kind: "NORMAL", pages: pages * threads, watermarks: NO_WATERMARKS }],
    backing: "shared-array-buffer",
    region: { index: 0, count: threads },
  });
  const shared = (words: number): Int32Array => new Int32Array(new SharedArrayBuffer(4 * words));
  const task: Omit<StressTask, "index"> = {
    pool: createShardedPool(machine, "stress", options),
    entries: shared(ENTRY_WORDS * entries * threads),
    meeting: shared(16 + 2 * threads),
    seed,
    sizes,
    milliseconds,
    operationsPerRound: 5_000,
    operationsPerCompaction: compactions,
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

const STRESSES: Record<string, Stress> = {
  "many objects": { threads: 2, pages: 5120, entries: 1500, compactions: 300, options: {} },
  "few objects that always move": { threads: 2, pages: 1024, entries: 20, sizes: [1990], compactions: 3, options: {} },
  "three threads, memory runs out": {
    threads: 3,
    pages: 1024,
    entries: 4000,
    compactions: 500,
    options: { layout: "in-page" },
  },
};

test.each(Object.keys(STRESSES))(
  "%s",
  async (name) => stress(STRESSES[name]!, (seconds * 1000) / 3),
  120_000 + seconds * 1000,
);
