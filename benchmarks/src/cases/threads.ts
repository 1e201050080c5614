// One pool and its threads: nanoseconds per object for store, load and free. One thread has an ordinary pool, several have shards.

import { once } from "node:events";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { Machine } from "@zlab/hw-sim";
import { machineFor } from "@zlab/lab";
import { createShardedPool } from "@zlab/zsmalloc";
import type { CaseResult } from "../case-result.ts";
import { machineAndPool } from "./pools.ts";
import { MEETING_WORDS, type ThreadShape, type ThreadTask, type ThreadTimes, ThreadWork } from "./thread-work.ts";

/** As this file: compiled or not. */
const THREAD_FILE = new URL(`shard-thread${extname(import.meta.url)}`, import.meta.url);

export async function runThreadsCase(shape: ThreadShape): Promise<CaseResult> {
  const { threads, live } = shape;
  const task: ThreadTask = {
    ...shape,
    index: 0,
    handles: new Int32Array(new SharedArrayBuffer(4 * live)),
    meeting: new Int32Array(new SharedArrayBuffer(4 * MEETING_WORDS)),
  };
  const times = threads === 1 ? [runAlone(task)] : await runTogether(task);
  const perObject = (phase: keyof ThreadTimes): number[] => {
    return times[0]![phase].map((_, cycle) => (Math.max(...times.map((each) => each[phase][cycle]!)) * 1e6) / live);
  };
  return {
    samples: {
      store: perObject("store"),
      load: perObject("load"),
      loadAny: perObject("loadAny"),
      free: perObject("free"),
    },
    facts: { threads },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}

function runAlone(task: ThreadTask): ThreadTimes {
  const { machine, pool } = machineAndPool("zsmalloc", task.live * 4096);
  return new ThreadWork(task, pool, machine).run();
}

async function runTogether(task: ThreadTask): Promise<ThreadTimes[]> {
  const { threads, live } = task;
  const machine = new Machine({
    ...machineFor(4096, live * 4096),
    backing: "shared-array-buffer",
    region: { index: 0, count: threads },
  });
  const pool = createShardedPool(machine, "threads");
  const workers = Array.from({ length: threads }, (_, index) => {
    return new Worker(THREAD_FILE, { workerData: { ...task, index, pool } });
  });
  try {
    return await Promise.all(workers.map(async (worker) => ((await once(worker, "message")) as [ThreadTimes])[0]));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
