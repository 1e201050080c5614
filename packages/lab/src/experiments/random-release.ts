// A workload for compaction: objects of random sizes, of which random ones are freed.

import { Prng } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { mustStore } from "./own-pages.ts";

/** Sizes that have slots of their own at every chain size from 10. */
const SMALLEST_BYTES = 24;
const LARGEST_BYTES = 3700;

export interface Release {
  readonly objectCount: number;
  /** Part of the objects that stay, from 0 to 1. */
  readonly kept: number;
  readonly seed: number;
}

/** Stores the objects and frees all but a part of them. */
export function fillAndRelease(pool: ZsPool, { objectCount, kept, seed }: Release): void {
  const prng = new Prng(seed);
  const handles: Handle[] = [];
  for (let i = 0; i < objectCount; i++) {
    handles.push(mustStore(pool, SMALLEST_BYTES + prng.below(LARGEST_BYTES - SMALLEST_BYTES)));
  }
  for (const handle of handles) if (prng.below(2 ** 32) >= kept * 2 ** 32) pool.free(handle);
}
