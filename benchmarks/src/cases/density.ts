// One backend filled, thinned and compacted: stored bytes over the bytes of the pool's pages.

import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import type { CaseResult } from "../case-result.ts";
import { randomOrder, zramLikeSizes } from "../workload.ts";
import { machineAndPool } from "./pools.ts";

export interface DensityParameters {
  /** A backend's label. */
  readonly backend: string;
  readonly objects: number;
}

const SEED = 1;

/** Stored bytes / pool bytes: full, after freeing half at random, and after compaction where the backend can. */
export async function runDensityCase({ backend, objects }: DensityParameters): Promise<CaseResult> {
  const { pool } = machineAndPool(backend, objects * 4096);
  const sizes = zramLikeSizes(objects, SEED);
  const handles = new Float64Array(objects);
  for (let i = 0; i < objects; i++) {
    const handle = pool.malloc(sizes[i]!, GFP_KERNEL);
    handles[i] = isErrno(handle) ? 0 : handle;
  }
  const stored = (): number => handles.reduce((sum, handle, i) => (handle === 0 ? sum : sum + sizes[i]!), 0);
  const density = (): number => stored() / (pool.totalPages() * 4096);
  const refused = handles.filter((handle) => handle === 0).length;
  const full = density();
  for (const pick of randomOrder(objects, SEED + 3).subarray(0, objects / 2)) {
    if (handles[pick] !== 0) pool.free(handles[pick] as Handle);
    handles[pick] = 0;
  }
  const thinned = density();
  pool.compact?.();
  return {
    samples: {},
    facts: { full, thinned, compacted: density(), refused },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}
