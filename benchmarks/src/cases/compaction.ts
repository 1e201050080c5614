// How fast compaction moves objects: a pool is filled, half of its objects freed at random, and compacted, again and again. With bytes it
// can't be faster than the host copies so many bytes from places to others none of which is in the cache: that is measured beside it.

import { performance } from "node:perf_hooks";
import { GFP_KERNEL, type Machine, type Pfn, isErrno } from "@zlab/hw-sim";
import { createPool, machineFor } from "@zlab/lab";
import type { Handle } from "@zlab/zpool";
import type { CaseResult } from "../case-result.ts";
import { makePayload } from "../payload.ts";
import { randomIndexes, randomOrder, zramLikeSizes } from "../workload.ts";
import { variantOf } from "./pools.ts";

export interface CompactionParameters {
  /** Label of a backend that can compact. */
  readonly backend: string;
  readonly objects: number;
  /** Bytes of every object; 0: zram-like sizes. */
  readonly objectBytes: number;
  readonly isBacked: boolean;
  readonly samples: number;
}

const WARM_UPS = 2;

/** Objects moved per second of compaction; on a machine with bytes also bare copies of the same lengths per second. */
export async function runCompactionCase(parameters: CompactionParameters): Promise<CaseResult> {
  const { backend, objects, objectBytes, isBacked, samples } = parameters;
  const backing = isBacked ? ("array-buffer" as const) : ("size-only" as const);
  const { machine, createZpool } = createPool(variantOf(backend), { ...machineFor(4096, objects * 4096), backing });
  const pool = createZpool().backend;
  const sizes = objectBytes === 0 ? zramLikeSizes(objects, 1) : new Int32Array(objects).fill(objectBytes);
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
    samples: {
      "objects per second": rates,
      ...(isBacked && { "copies per second": copyRates(machine, sizes, pool.totalPages(), samples) }),
    },
    facts: { pagesFreed },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: process.memoryUsage.rss(),
  };
}

/** Copies per second of the lengths `sizes` between the machine's first `pages` pages at random, all of them written before. */
function copyRates({ memory }: Machine, sizes: Int32Array, pages: number, samples: number): number[] {
  for (let pfn = 0; pfn < pages; pfn++) memory.fill(pfn as Pfn, 0, memory.pageBytes, 1);
  return Array.from({ length: samples }, (_, n) => {
    const from = randomIndexes(sizes.length, pages, 2 * n + 1);
    const to = randomIndexes(sizes.length, pages, 2 * n + 2);
    const start = performance.now();
    for (let i = 0; i < sizes.length; i++) memory.copyWithin(to[i]! as Pfn, 0, from[i]! as Pfn, 0, sizes[i]!);
    return (sizes.length * 1e3) / (performance.now() - start);
  });
}
