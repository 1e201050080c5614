// A backend at one number of objects on a machine without bytes: what filling costs, what a pair costs then, and how much memory the host
// gives for it. A pool or machine that can't be that large is a result, not an error.

import { performance } from "node:perf_hooks";
import { GFP_KERNEL, ZlabError, errnoName, isErrno, x86_64 } from "@zlab/hw-sim";
import { createPool } from "@zlab/lab";
import type { Handle } from "@zlab/zpool";
import type { CaseResult } from "../case-result.ts";
import { randomIndexes, zramLikeSizes } from "../workload.ts";
import { type MeasuredPool, idlePool } from "./idle-pool.ts";
import { variantOf } from "./pools.ts";

export interface ScaleParameters {
  /** A backend's label, or "harness": a pool that does nothing. */
  readonly backend: string;
  readonly objects: number;
  /** Pairs in each of the samples; 0: only fill, and keep no handles. */
  readonly operations: number;
  readonly samples: number;
  /** Memory of the machine; by default enough for zram-like objects. */
  readonly memoryBytes?: number;
  /** Added to every size, up to whole pages: fills a given memory with a given number of objects. */
  readonly addedBytes?: number;
}

/** Sizes come round again after so many objects: a table of all would be larger than what is measured. */
const SIZE_TABLE_LENGTH = 2 ** 20;
/** More than the mean of the sizes, for what density doesn't reach. */
const MEAN_PAGE_BYTES = 1500;
const SPARE_BYTES = 512 * 2 ** 20;
/** Small pools are filled and emptied so often that at least so many objects are stored. */
const FEWEST_FILLED = 500_000;

/** Nanoseconds per malloc while filling ("fill"), per pair ("pair"), per free while emptying ("free"); resident bytes as facts. */
export async function runScaleCase(parameters: ScaleParameters): Promise<CaseResult> {
  const emptyBytes = process.memoryUsage.rss();
  const samples: Record<string, number[]> = {};
  const facts: Record<string, number> = { emptyBytes };
  const ending = { scavenges: 0, otherCollections: 0 };
  try {
    const run = new ScaleRun(parameters);
    const refusal = run.measure(samples, facts);
    const rssBytes = process.memoryUsage.rss();
    return { samples, facts, ...ending, rssBytes, ...(refusal === undefined ? {} : { refusal }) };
  } catch (error) {
    if (!ZlabError.is(error) && !(error instanceof RangeError)) throw error;
    return { samples, facts, ...ending, rssBytes: process.memoryUsage.rss(), refusal: error.message };
  }
}

class ScaleRun {
  readonly #parameters: ScaleParameters;
  readonly #sizes: Int32Array;
  readonly #handles: Float64Array;
  readonly #pool: MeasuredPool;
  readonly #totalPages: () => number;

  constructor(parameters: ScaleParameters) {
    const { backend, objects, operations, memoryBytes, addedBytes = 0 } = parameters;
    this.#parameters = parameters;
    this.#sizes = zramLikeSizes(SIZE_TABLE_LENGTH, 1).map((bytes) => Math.min(4096, bytes + addedBytes));
    this.#handles = new Float64Array(operations === 0 ? 0 : objects).fill(1);
    const isHarness = backend === "harness";
    const options = x86_64(memoryBytes ?? objects * MEAN_PAGE_BYTES + SPARE_BYTES);
    const variant = variantOf(isHarness ? "zsmalloc" : backend);
    const { backend: made } = createPool(variant, { ...options, backing: "size-only" }).createZpool();
    this.#pool = isHarness ? idlePool() : made;
    this.#totalPages = () => made.totalPages();
  }

  /** Adds the figures; returns why the pool refused an object, if it did. */
  measure(samples: Record<string, number[]>, facts: Record<string, number>): string | undefined {
    const { objects, operations, samples: sampleCount } = this.#parameters;
    const start = performance.now();
    const { stored, answer } = this.#fill();
    samples["fill"] = [((performance.now() - start) * 1e6) / objects];
    facts["fillSeconds"] = (performance.now() - start) / 1e3;
    facts["stored"] = stored;
    facts["pages"] = this.#totalPages();
    facts["filledBytes"] = process.memoryUsage.rss();
    if (stored < objects) return `malloc answered ${errnoName(answer)}`;
    if (operations === 0) return undefined;
    const picks = randomIndexes(operations, objects, 2);
    this.#pairs(picks);
    samples["pair"] = Array.from({ length: sampleCount }, () => perOperationNs(operations, () => this.#pairs(picks)));
    samples["free"] = [perOperationNs(objects, () => this.#empty())];
    for (let filled = objects; filled < FEWEST_FILLED; filled += objects) {
      samples["fill"].push(perOperationNs(objects, () => this.#fill()));
      samples["free"].push(perOperationNs(objects, () => this.#empty()));
    }
    return undefined;
  }

  #fill(): { stored: number; answer: ReturnType<MeasuredPool["malloc"]> } {
    const pool = this.#pool;
    const sizes = this.#sizes;
    const handles = this.#handles;
    const { objects } = this.#parameters;
    const keeps = handles.length > 0;
    for (let i = 0; i < objects; i++) {
      const handle = pool.malloc(sizes[i & (SIZE_TABLE_LENGTH - 1)]!, GFP_KERNEL);
      if (isErrno(handle)) return { stored: i, answer: handle };
      if (keeps) handles[i] = handle;
    }
    return { stored: objects, answer: 0 as Handle };
  }

  #pairs(picks: Int32Array): void {
    const pool = this.#pool;
    const sizes = this.#sizes;
    const handles = this.#handles;
    for (let i = 0; i < picks.length; i++) {
      const pick = picks[i]!;
      pool.free(handles[pick] as Handle);
      const handle = pool.malloc(sizes[i & (SIZE_TABLE_LENGTH - 1)]!, GFP_KERNEL);
      if (isErrno(handle)) throw new Error(`a pair found no room: ${errnoName(handle)}`);
      handles[pick] = handle;
    }
  }

  #empty(): void {
    const pool = this.#pool;
    const handles = this.#handles;
    for (let i = 0; i < handles.length; i++) pool.free(handles[i] as Handle);
  }
}

function perOperationNs(operations: number, action: () => void): number {
  const start = performance.now();
  action();
  return ((performance.now() - start) * 1e6) / operations;
}
