// A machine that runs full: what a pair costs, and how often it is refused, while the pool holds more and more of the pages.

import { performance } from "node:perf_hooks";
import { GFP_KERNEL, isErrno, x86_64 } from "@zlab/hw-sim";
import { createPool } from "@zlab/lab";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import type { CaseResult } from "../case-result.ts";
import { randomIndexes, zramLikeSizes } from "../workload.ts";
import { variantOf } from "./pools.ts";
import { PRESSURE_LEVELS } from "./pressure-levels.ts";

export interface PressureParameters {
  /** A backend's label. */
  readonly backend: string;
  /** Memory of the machine, which has no bytes: size-only. */
  readonly memoryBytes: number;
  /** Pairs at each level. */
  readonly operations: number;
}

const SAMPLES = 5;
const SMALLEST_MEAN_BYTES = 700; // of the sizes, far below what they are: for the length of the tables

/** Nanoseconds per pair and refusals at each level, as samples named "ns at 0.5" and facts named "refused at 0.5". */
export async function runPressureCase(parameters: PressureParameters): Promise<CaseResult> {
  const { backend, memoryBytes, operations } = parameters;
  const options = { ...x86_64(memoryBytes), backing: "size-only" as const };
  const { machine, createZpool } = createPool(variantOf(backend), options);
  const stock = new Stock(createZpool().backend, Math.ceil(memoryBytes / SMALLEST_MEAN_BYTES), operations);
  const samples: Record<string, number[]> = {};
  const facts: Record<string, number> = {};
  const pageCount = machine.totalPageCount();
  for (const level of PRESSURE_LEVELS) {
    stock.fill(level * pageCount);
    stock.pairs(1);
    const refusedBefore = stock.refusedCount;
    samples[`ns at ${level}`] = Array.from({ length: SAMPLES }, (_, n) => stock.pairs(n));
    facts[`refused at ${level}`] = (stock.refusedCount - refusedBefore) / (SAMPLES * operations);
  }
  return { samples, facts, scavenges: 0, otherCollections: 0, rssBytes: process.memoryUsage.rss() };
}

/** The objects of a pool that is being filled. */
class Stock {
  refusedCount = 0;
  readonly #pool: ZpoolBackend;
  readonly #sizes: Int32Array;
  readonly #handles: Float64Array;
  readonly #operations: number;
  #count = 0;

  constructor(pool: ZpoolBackend, mostObjects: number, operations: number) {
    this.#pool = pool;
    this.#sizes = zramLikeSizes(mostObjects, 1);
    this.#handles = new Float64Array(mostObjects);
    this.#operations = operations;
  }

  /** Adds objects until the pool holds `pages` pages or has no room. Sizes that a backend never takes are left out. */
  fill(pages: number): void {
    const { maxBytes } = this.#pool.capabilities;
    while (this.#count < this.#sizes.length && this.#pool.totalPages() < pages) {
      const bytes = Math.min(this.#sizes[this.#count]!, maxBytes);
      const handle = this.#pool.malloc(bytes, GFP_KERNEL);
      if (isErrno(handle)) return;
      this.#handles[this.#count++] = handle;
    }
  }

  /** Nanoseconds per pair over the operations of one sample. */
  pairs(seed: number): number {
    const { maxBytes } = this.#pool.capabilities;
    const pool = this.#pool;
    const sizes = this.#sizes;
    const handles = this.#handles;
    const picks = randomIndexes(this.#operations, this.#count, seed + 7);
    let refused = 0;
    const start = performance.now();
    for (let i = 0; i < picks.length; i++) {
      const pick = picks[i]!;
      const old = handles[pick]!;
      if (old !== 0) pool.free(old as Handle);
      const handle = pool.malloc(Math.min(sizes[i]!, maxBytes), GFP_KERNEL);
      if (isErrno(handle)) refused++;
      handles[pick] = isErrno(handle) ? 0 : handle;
    }
    const ns = ((performance.now() - start) * 1e6) / picks.length;
    this.refusedCount += refused;
    return ns;
  }
}
