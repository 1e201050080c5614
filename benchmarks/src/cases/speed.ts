// One backend at one number of live objects: nanoseconds per pair, load, store and free.

import { performance } from "node:perf_hooks";
import type { Machine } from "@zlab/hw-sim";
import type { CaseResult } from "../case-result.ts";
import { GarbageCounter } from "../garbage.ts";
import { type WorkloadShape, makeWorkload, workloadChecksum } from "../workload.ts";
import { type MeasuredPool, idlePool } from "./idle-pool.ts";
import { machineAndPool } from "./pools.ts";
import { SpeedLoops } from "./speed-loops.ts";

export interface SpeedParameters extends WorkloadShape {
  /** A backend's label as in `zlab backends`, or "harness": a pool that does nothing. */
  readonly backend: string;
}

/** Measures a backend. */
export async function runSpeedCase({ backend, ...shape }: SpeedParameters): Promise<CaseResult> {
  const workload = makeWorkload(shape);
  globalThis.gc?.();
  const emptyBytes = process.memoryUsage.rss();
  const { machine, pool } = measuredPool(backend, workload.live);
  const loops = new SpeedLoops(pool, machine, workload);
  using garbage = new GarbageCounter();
  loops.storeAll();
  globalThis.gc?.();
  const filledBytes = process.memoryUsage.rss();
  const refused = loops.refusedCount();
  await garbage.take();
  const { live, cycles } = workload;
  const pair = sampled(shape, (n) => [elapsedNs(() => loops.pair(n)) / shape.operations]);
  const load = sampled(shape, (n) => [elapsedNs(() => loops.load(n)) / shape.operations]);
  const cycle = sampled(shape, () => {
    let freeNs = 0;
    let storeNs = 0;
    for (let n = 0; n < cycles; n++) {
      freeNs += elapsedNs(() => loops.freeAll());
      storeNs += elapsedNs(() => loops.storeAll());
    }
    return [storeNs / live / cycles, freeNs / live / cycles];
  });
  const counts = await garbage.take();
  return {
    samples: {
      pair: pair.map(([ns]) => ns!),
      load: load.map(([ns]) => ns!),
      store: cycle.map(([ns]) => ns!),
      free: cycle.map(([, ns]) => ns!),
    },
    facts: { refused, emptyBytes, filledBytes, checksum: workloadChecksum(workload, loops.sizes) },
    ...counts,
    rssBytes: process.memoryUsage.rss(),
  };
}

function measuredPool(backend: string, live: number): { machine: Machine; pool: MeasuredPool } {
  const made = machineAndPool(backend === "harness" ? "zsmalloc" : backend, live * 4096);
  return backend === "harness" ? { ...made, pool: idlePool() } : made;
}

/** The samples after the warm-ups; `measure` is told the index over both. */
function sampled({ warmUps, samples }: WorkloadShape, measure: (index: number) => number[]): number[][] {
  return Array.from({ length: warmUps + samples }, (_, index) => measure(index)).slice(warmUps);
}

function elapsedNs(action: () => void): number {
  const start = performance.now();
  action();
  return (performance.now() - start) * 1e6;
}
