// Recompression: pages that are already stored are tried with the secondary algorithms, to save memory when there is time.

import { EINVAL, type Errno } from "@zlab/hw-sim";
import { MAX_ALGORITHMS } from "./algorithms.ts";
import { Candidates } from "./candidates.ts";
import { EIO } from "./errno.ts";
import { ZramError } from "./errors.ts";
import type { ZramEra } from "./options.ts";
import type { PageStore } from "./page-store.ts";
import { type Argument, UINT_MAX, U64_MAX, parseArguments, parseInteger, show, valueOf } from "./parse.ts";
import { SlotFlag } from "./slot-table.ts";

/** What the text written to `recompress` asks for. */
export interface RecompressRequest {
  /** Flags that a slot must all have. */
  readonly flags: readonly number[];
  /** Only objects of at least so many bytes are tried, and results must be below; 0 for any. */
  readonly thresholdBytes: number;
  /** How many slots may be tried. */
  readonly maxPages: number;
  readonly algorithm: string | undefined;
  readonly priority: number | undefined;
}

const TYPES: Readonly<Record<string, readonly number[]>> = {
  idle: [SlotFlag.idle],
  huge: [SlotFlag.huge],
  huge_idle: [SlotFlag.idle, SlotFlag.huge],
};

const NEVER = SlotFlag.same | SlotFlag.writtenBack | SlotFlag.incompressible;

/** Reads the arguments. Throws EINVAL or ERANGE. */
export function parseRecompress(text: string, hugeThreshold: number): RecompressRequest {
  const request = { flags: [] as readonly number[], thresholdBytes: 0, maxPages: Infinity };
  let algorithm: string | undefined;
  let priority: number | undefined;
  for (const argument of parseArguments(text)) {
    const value = valueOf("recompress", argument);
    if (argument.key === "type") request.flags = TYPES[value] ?? request.flags;
    if (argument.key === "threshold") request.thresholdBytes = numberOf(argument, UINT_MAX);
    if (argument.key === "max_pages") request.maxPages = numberOf(argument, U64_MAX);
    if (argument.key === "algo") algorithm = value;
    if (argument.key === "priority") priority = numberOf(argument, UINT_MAX);
  }
  if (request.thresholdBytes >= hugeThreshold) {
    throw new ZramError(
      EINVAL,
      `recompress: the threshold must be below ${hugeThreshold}, from where on pages are huge`,
    );
  }
  return { ...request, algorithm, priority };
}

function numberOf({ key, value }: Argument, max: bigint): number {
  return Number(parseInteger(`recompress: ${key}`, value!, { min: 0n, max }));
}

/** Does it. Returns 0, or the error that stopped it: ENOMEM, or EIO of a codec. Throws EINVAL for priorities that there aren't. */
export function recompress(store: PageStore, request: RecompressRequest, era: ZramEra): 0 | Errno {
  const run = new Recompression(store, request, era);
  return era === "6.12" ? run.inSlotOrder() : run.largestFirst();
}

class Recompression {
  readonly #store: PageStore;
  readonly #request: RecompressRequest;
  readonly #firstPriority: number;
  readonly #endPriority: number; // one more than the last
  readonly #secondaryCount: number;
  readonly #isOld: boolean;
  readonly #page: Uint8Array;
  #pagesLeft: number;
  #result: 0 | Errno = 0;

  constructor(store: PageStore, request: RecompressRequest, era: ZramEra) {
    this.#store = store;
    this.#request = request;
    this.#isOld = era === "6.12";
    this.#secondaryCount = store.algorithms.count - 1;
    this.#page = new Uint8Array(store.pageBytes);
    this.#pagesLeft = request.maxPages;
    const [first, end] = this.#priorities();
    const mostEnd = this.#isOld ? MAX_ALGORITHMS : store.algorithms.count;
    this.#firstPriority = first;
    this.#endPriority = Math.min(end, mostEnd);
    if (!this.#isOld && first >= this.#endPriority) {
      throw new ZramError(EINVAL, "recompress: no secondary algorithm has such a priority");
    }
  }

  /** First priority, and one more than the last, before the cap. */
  #priorities(): [number, number] {
    const { algorithm, priority } = this.#request;
    const from = Math.max(1, priority ?? 1);
    if (algorithm !== undefined) {
      const found = this.#store.algorithms.priorityOf(algorithm, from);
      if (found === -1) throw new ZramError(EINVAL, `recompress: no secondary algorithm ${show(algorithm)}`);
      return [found, found + 1];
    }
    return priority === undefined ? [1, MAX_ALGORITHMS] : [from, from + 1];
  }

  /** 6.12 */
  inSlotOrder(): 0 | Errno {
    const { count } = this.#store.slots;
    for (let index = 0; index < count && this.#pagesLeft > 0 && this.#result === 0; index++) {
      if (this.#isCandidate(index)) this.#tryOld(index);
    }
    return this.#result;
  }

  /** 6.18 */
  largestFirst(): 0 | Errno {
    const { slots } = this.#store;
    const candidates = new Candidates(this.#store);
    for (let index = 0; index < slots.count; index++) {
      if (this.#isCandidate(index) && slots.priorityOf(index) + 1 < this.#endPriority) candidates.add(index);
    }
    candidates.process((index) => {
      if (this.#pagesLeft === 0) return false;
      this.#tryNew(index);
      return this.#result === 0;
    });
    return this.#result;
  }

  #isCandidate(index: number): boolean {
    const { slots } = this.#store;
    if (!slots.isAllocated(index) || slots.has(index, NEVER)) return false;
    return this.#request.flags.every((flag) => slots.has(index, flag));
  }

  #tryOld(index: number): void {
    const { slots } = this.#store;
    if (!this.#load(index)) return;
    const from = Math.max(this.#firstPriority, slots.priorityOf(index) + 1);
    let triedCount = 0;
    let isSmallerClass = false;
    for (let priority = from; priority < this.#endPriority; priority++) {
      const compressed = this.#compress(priority);
      if (this.#result !== 0) return;
      if (compressed === undefined) continue;
      triedCount++;
      isSmallerClass = this.#isSmallerClass(index, compressed.length);
      if (!isSmallerClass || this.#missesThreshold(compressed.length)) continue;
      this.#pagesLeft--;
      this.#result = this.#store.replaceCompressed(index, compressed, priority);
      return;
    }
    if (triedCount === 0) return;
    this.#pagesLeft--;
    if (!isSmallerClass && triedCount === this.#secondaryCount) slots.set(index, SlotFlag.incompressible);
  }

  #tryNew(index: number): void {
    const { slots } = this.#store;
    if (!this.#load(index)) return;
    const from = Math.max(this.#firstPriority, slots.priorityOf(index) + 1);
    this.#pagesLeft--;
    for (let priority = from; priority < this.#endPriority; priority++) {
      const compressed = this.#compress(priority);
      if (this.#result !== 0) return;
      if (compressed === undefined || this.#missesThreshold(compressed.length)) continue;
      if (!this.#isSmallerClass(index, compressed.length)) continue;
      this.#result = this.#store.replaceCompressed(index, compressed, priority);
      return;
    }
    if (this.#endPriority === this.#secondaryCount + 1) slots.set(index, SlotFlag.incompressible);
  }

  /** Reads the page if the object is large enough. An attempt ends idleness. */
  #load(index: number): boolean {
    const { slots } = this.#store;
    if (slots.lengthOf(index) < this.#request.thresholdBytes) return false;
    this.#result = this.#store.load(index, this.#page);
    if (this.#result !== 0) return false;
    slots.unset(index, SlotFlag.idle);
    return true;
  }

  /** Undefined where no algorithm has this priority, or, with an error as result, if the codec fails. */
  #compress(priority: number): Uint8Array | undefined {
    if (this.#store.algorithms.nameOf(priority) === undefined) return undefined;
    const compressed = this.#store.compress(priority, this.#page);
    if (compressed === undefined) this.#result = EIO;
    return compressed;
  }

  #isSmallerClass(index: number, length: number): boolean {
    const { sizeOrder, slots, pageBytes } = this.#store;
    return sizeOrder(Math.min(length, pageBytes)) < sizeOrder(slots.lengthOf(index));
  }

  #missesThreshold(length: number): boolean {
    const { thresholdBytes } = this.#request;
    return thresholdBytes !== 0 && length >= thresholdBytes;
  }
}
