// Page-allocation failures on demand, with the knobs of the kernel's fail_page_alloc (and of /proc/<pid>/fail-nth).

import { MachineError } from "./errors.ts";
import { MAX_PAGE_ORDER } from "./geometry.ts";
import { __GFP_DIRECT_RECLAIM, __GFP_HIGHMEM } from "./gfp.ts";
import { Prng } from "./prng.ts";

/** When to fail. All conditions must hold together. Deviation from Linux: its defaults for fail_page_alloc are a minimum
 * order of 1 and both `ignore` knobs on, which would spare most requests of the allocators here. */
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
  /** Seed of the chance. Default: the machine's seed. */
  readonly seed?: number;
}

export class FaultInjector {
  readonly #defaultSeed: number;
  #rule: Required<FailPageAlloc> | undefined;
  #prng: Prng;
  #calls = 0;
  #spacePages = 0;
  #timesLeft = 0;
  #nthLeft = 0;
  /** Whether any failure may be to come; kept, since it is asked at every allocation. */
  armed = false;
  /** Failures injected so far. */
  injected = 0;

  constructor(seed: number = 1) {
    this.#defaultSeed = seed;
    this.#prng = new Prng(seed);
  }

  /** Installs a rule in place of the one before, with all counts from the start; `undefined` ends the injection.
   * Throws ZLAB_MACHINE_OPTIONS for a value out of range. */
  failPageAlloc(rule: FailPageAlloc | undefined): void {
    const complete = rule && withDefaults(rule, this.#defaultSeed);
    this.#rule = complete;
    this.#prng = new Prng(complete?.seed ?? this.#defaultSeed);
    this.#calls = 0;
    this.#spacePages = complete?.space ?? 0;
    this.#timesLeft = complete?.times ?? 0;
    this.#rearm();
  }

  /** Fails exactly the n-th page allocation from now, counted from 1, and then no more; 0 ends it. Until then the rule of
   * `failPageAlloc` rests. Throws ZLAB_MACHINE_OPTIONS for anything but a whole number from 0. */
  failNth(n: number): void {
    assertRange("the number of the call to fail", n, 0, Number.MAX_SAFE_INTEGER);
    this.#nthLeft = n;
    this.#rearm();
  }

  /** Whether the failure asked for by `failNth` is still to come. */
  get nthPending(): boolean {
    return this.#nthLeft > 0;
  }

  /** Whether this allocation is to fail; called once per allocation, and not needed unless `armed`. */
  shouldFail(order: number, gfp: number): boolean {
    if (!this.armed) return false;
    const fails = this.#nthLeft > 0 ? --this.#nthLeft === 0 : this.#ruleFails(order, gfp);
    if (fails) this.injected++;
    this.#rearm();
    return fails;
  }

  #rearm(): void {
    this.armed = this.#nthLeft > 0 || this.#rule !== undefined;
  }

  #ruleFails(order: number, gfp: number): boolean {
    const rule = this.#rule!;
    if (order < rule.minOrder) return false;
    if (rule.ignoreGfpHighmem && (gfp & __GFP_HIGHMEM) !== 0) return false;
    if (rule.ignoreGfpWait && (gfp & __GFP_DIRECT_RECLAIM) !== 0) return false;
    if (rule.probability === 0 || this.#timesLeft === 0) return false;
    if (this.#spacePages >= 1 << order) {
      this.#spacePages -= 1 << order;
      return false;
    }
    if (++this.#calls % rule.interval !== 0) return false;
    if (this.#prng.below(100) >= rule.probability) return false;
    if (this.#timesLeft > 0) this.#timesLeft--;
    return true;
  }
}

function withDefaults(rule: FailPageAlloc, defaultSeed: number): Required<FailPageAlloc> {
  const complete: Required<FailPageAlloc> = {
    probability: rule.probability ?? 100,
    interval: rule.interval ?? 1,
    times: rule.times ?? -1,
    space: rule.space ?? 0,
    minOrder: rule.minOrder ?? 0,
    ignoreGfpHighmem: rule.ignoreGfpHighmem ?? false,
    ignoreGfpWait: rule.ignoreGfpWait ?? false,
    seed: rule.seed ?? defaultSeed,
  };
  assertRange("probability", complete.probability, 0, 100);
  assertRange("interval", complete.interval, 1, Number.MAX_SAFE_INTEGER);
  assertRange("times", complete.times, -1, Number.MAX_SAFE_INTEGER);
  assertRange("space", complete.space, 0, Number.MAX_SAFE_INTEGER);
  assertRange("minOrder", complete.minOrder, 0, MAX_PAGE_ORDER);
  assertRange("seed", complete.seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
  return complete;
}

function assertRange(name: string, value: number, lowest: number, highest: number): void {
  if (Number.isInteger(value) && value >= lowest && value <= highest) return;
  const range = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest}` : `from ${lowest} to ${highest}`;
  throw new MachineError(
    "ZLAB_MACHINE_OPTIONS",
    `fail_page_alloc: ${name} must be a whole number ${range}, not ${value}`,
  );
}
