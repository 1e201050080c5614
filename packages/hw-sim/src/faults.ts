// Page-allocation failures on demand, with the knobs of the kernel's fail_page_alloc.

import { __GFP_DIRECT_RECLAIM, __GFP_HIGHMEM } from "./gfp.ts";
import { Prng } from "./prng.ts";

/** When to fail. All conditions must hold together. */
export interface FailPageAlloc {
  /** Chance of a failure in per cent, 0 to 100. Default 100. */
  readonly probability?: number;
  /** Only every n-th eligible call can fail. Default 1: every call. */
  readonly interval?: number;
  /** At most so many failures; -1 for no end. Default -1. */
  readonly times?: number;
  /** So many pages are allocated safely first. Default 0. */
  readonly space?: number;
  /** Calls of a lower order never fail. Default 0. */
  readonly minOrder?: number;
  /** Calls with __GFP_HIGHMEM never fail. Default false. */
  readonly ignoreGfpHighmem?: boolean;
  /** Calls that may sleep never fail. Default false. */
  readonly ignoreGfpWait?: boolean;
  /** Seed of the chance. Default 1. */
  readonly seed?: number;
}

export class FaultInjector {
  #rule: Required<FailPageAlloc> | undefined;
  #prng = new Prng(1);
  #calls = 0;
  #space = 0;
  #timesLeft = 0;
  #failNth = 0;
  /** Failures injected so far. */
  injected = 0;

  /** Installs a rule in place of the one before; `undefined` ends the injection. */
  failPageAlloc(rule: FailPageAlloc | undefined): void {
    this.#rule = rule && {
      probability: rule.probability ?? 100,
      interval: rule.interval ?? 1,
      times: rule.times ?? -1,
      space: rule.space ?? 0,
      minOrder: rule.minOrder ?? 0,
      ignoreGfpHighmem: rule.ignoreGfpHighmem ?? false,
      ignoreGfpWait: rule.ignoreGfpWait ?? false,
      seed: rule.seed ?? 1,
    };
    this.#prng = new Prng(this.#rule?.seed ?? 1);
    this.#calls = 0;
    this.#space = this.#rule?.space ?? 0;
    this.#timesLeft = this.#rule?.times ?? 0;
  }

  /** Fails exactly the n-th page allocation from now, counted from 1, and then no more; 0 ends it. */
  failNth(n: number): void {
    this.#failNth = n;
  }

  /** Whether the failure asked for by `failNth` is still to come. */
  get nthPending(): boolean {
    return this.#failNth > 0;
  }

  /** Whether this allocation is to fail; called once per allocation. */
  shouldFail(order: number, gfp: number): boolean {
    if (this.#failNth > 0 && --this.#failNth === 0) {
      this.injected++;
      return true;
    }
    if (this.#rule === undefined || !this.#ruleFails(this.#rule, order, gfp)) return false;
    if (this.#timesLeft > 0) this.#timesLeft--;
    this.injected++;
    return true;
  }

  #ruleFails(rule: Required<FailPageAlloc>, order: number, gfp: number): boolean {
    if (order < rule.minOrder) return false;
    if (rule.ignoreGfpHighmem && (gfp & __GFP_HIGHMEM) !== 0) return false;
    if (rule.ignoreGfpWait && (gfp & __GFP_DIRECT_RECLAIM) !== 0) return false;
    if (this.#timesLeft === 0) return false;
    if (this.#space >= 2 ** order) {
      this.#space -= 2 ** order;
      return false;
    }
    if (++this.#calls % rule.interval !== 0) return false;
    return rule.probability >= 100 || this.#prng.below(100) < rule.probability;
  }
}
