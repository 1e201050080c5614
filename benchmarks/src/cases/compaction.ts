// How fast compaction moves objects: a pool is filled, half of its objects freed at random, and compacted, again and again.

import { performance } from "node:perf_hooks";
import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import { createPool, machineFor } from "@zlab/lab";
import type { Handle } from "@zlab/zpool";
import type { CaseResult } from "../case-result.ts";
import { makePayload } from "../payload.ts";
import { randomOrder, zramLikeSizes } from "../workload.ts";
import { variantOf } from "./pools.ts";

export interface CompactionParameters {
  /** Label of a backend that can compact. */
  readonly backend: string;
  readonly objects: number;
  readonly isBacked: boolean;
  readonly samples: number;
}

const WARM_UPS = 2;

/** Objects moved per second of compaction. */
export async function runCompactionCase(parameters: CompactionParameters): Promise<CaseResult> {
  const { backend, objects, isBacked, samples } = parameters;
  const backing = isBacked ? ("array-buffer" as const) : ("size-only" as const);
  const { machine, createZpool } = createPool(variantOf(backend), { ...machineFor(4096, objects * 4096), backing });
  const pool = createZpool().backend;
  const sizes = zramLikeSizes(objects, 1);
  const handles = new Float64Array(objects);
  const payload = makePayload(machine, 4096);
  const rates: number[] = [];
  let pagesFreed = 0;
  for (let n = 0; n < WARM_UPS + samples; n++) {
    for (let i = 0; i < objects; i++) {
      if (handles[i] !== 0) continue;
      const handle = pool.malloc(sizes[i]!, GFP_KERNEL);
      if (isErrno(handle)) continue;
      handles[i] = handle;
      if (isBacked) pool.write(handle, payload, 0, sizes[i]!);
    }
    for (const pick of randomOrder(objects, n + 1).subarray(0, objects / 2)) {
      pool.free(handles[pick] as Handle);
      handles[pick] = 0;
    }
    const movedBefore = pool.stats().objectsMoved;
    const start = performance.now();
    pagesFreed = pool.compact?.() ?? 0;
    const seconds = (performance.now() - start) / 1e3;
    if (n >= WARM_UPS) rates.push((pool.stats().objectsMoved - movedBefore) / seconds);
  }
  return {
    samples: { "objects per second": rates },
    facts: { pagesFreed },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}
