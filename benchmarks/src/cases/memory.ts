// What a pool costs the host: resident memory before and after a fill, of the machine and the pool together.

import { GFP_KERNEL, type MachineOptions, isErrno } from "@zlab/hw-sim";
import { createPool, machineFor } from "@zlab/lab";
import { ZsPool } from "@zlab/zsmalloc";
import type { CaseResult } from "../case-result.ts";
import { makePayload } from "../payload.ts";
import { zramLikeSizes } from "../workload.ts";
import { countMetadata } from "./metadata.ts";
import { variantOf } from "./pools.ts";

export interface MemoryParameters {
  /** A backend's label. */
  readonly backend: string;
  readonly objects: number;
  /** Bytes of every object; 0: zram-like sizes. */
  readonly objectBytes: number;
  /** Whether the machine has bytes. If not, all that is resident is metadata. */
  readonly isBacked: boolean;
}

/** Fills a pool and compares resident memory with that before the machine was made. Handles are not kept, so that nothing but the
 * machine and the pool grows. */
export async function runMemoryCase(parameters: MemoryParameters): Promise<CaseResult> {
  const { backend, objects, objectBytes, isBacked } = parameters;
  const sizes = objectBytes === 0 ? zramLikeSizes(objects, 1) : new Int32Array(objects).fill(objectBytes);
  fill(backend, sizes.subarray(0, 1000), isBacked);
  globalThis.gc?.();
  const emptyBytes = process.memoryUsage.rss();
  const pool = fill(backend, sizes, isBacked);
  globalThis.gc?.(); // tables that were replaced by longer ones
  const filledBytes = process.memoryUsage.rss();
  const { storedBytes, refused } = pool;
  const zsPool = pool.backend.backend;
  return {
    samples: {},
    facts: {
      emptyBytes,
      filledBytes,
      storedBytes,
      refused,
      pages: pool.backend.totalPages(),
      ...(zsPool instanceof ZsPool ? countMetadata(zsPool) : {}),
    },
    scavenges: 0,
    otherCollections: 0,
    rssBytes: filledBytes,
  };
}

function fill(
  label: string,
  sizes: Int32Array,
  isBacked: boolean,
): { backend: ReturnType<ReturnType<typeof createPool>["createZpool"]>; storedBytes: number; refused: number } {
  const backing: MachineOptions["backing"] = isBacked ? "array-buffer" : "size-only";
  const { machine, createZpool } = createPool(variantOf(label), { ...machineFor(4096, sizes.length * 4096), backing });
  const backend = createZpool();
  const pool = backend.backend;
  const payload = makePayload(machine, 4096);
  let storedBytes = 0;
  let refused = 0;
  for (let i = 0; i < sizes.length; i++) {
    const bytes = sizes[i]!;
    const handle = pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) {
      refused++;
      continue;
    }
    if (isBacked) pool.write(handle, payload, 0, bytes);
    storedBytes += bytes;
  }
  return { backend, storedBytes, refused };
}
