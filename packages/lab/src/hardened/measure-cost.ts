// The measurement itself: rounds in which a plain and a hardened pool of one backend do the same operations in turn.

import process from "node:process";
import { GFP_KERNEL, Machine, isErrno, x86_64 } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend, hardenedDriver } from "@zlab/zpool";
import type { BackendVariant } from "../compose.ts";
import type { Cost, CostSettings, OperationCost } from "./cost.ts";

const LIVE_OBJECTS = 1000;
/** Times that all objects are gone through in a round: long enough to be measured. */
const PLAIN_PASSES = 50;
const HARDENED_PASSES = 5;
const COUNTED_OBJECTS = 100_000;
const COUNTED_BYTES = 32;
const MACHINE_BYTES = 1024 * 1024 * 1024;

/** A pool with objects in it, and what can be done to all of them. */
class Stand {
  readonly #pool: ZpoolBackend;
  readonly #handles: Handle[];
  readonly #buffer: Uint8Array;
  readonly #bytes: number;

  constructor(pool: ZpoolBackend, bytes: number) {
    this.#pool = pool;
    this.#bytes = bytes;
    this.#buffer = new Uint8Array(bytes).fill(7);
    this.#handles = Array.from({ length: LIVE_OBJECTS }, () => malloc(pool, bytes));
    this.write();
  }

  /** Frees and replaces each object. */
  replace(): void {
    const pool = this.#pool;
    for (let i = 0; i < LIVE_OBJECTS; i++) {
      pool.free(this.#handles[i]!);
      this.#handles[i] = malloc(pool, this.#bytes);
    }
  }

  write(): void {
    for (const handle of this.#handles) this.#pool.write(handle, this.#buffer, 0, this.#bytes);
  }

  read(): void {
    for (const handle of this.#handles) this.#pool.read(handle, this.#buffer, 0, this.#bytes);
  }

  /** Stores each object through a mapping. */
  store(): void {
    for (const handle of this.#handles) {
      const { bytes, offset } = this.#pool.map(handle, MapMode.WO);
      bytes.set(this.#buffer, offset);
      this.#pool.unmap(handle);
    }
  }

  /** Loads each object through a mapping. */
  load(): void {
    for (const handle of this.#handles) {
      const { bytes, offset } = this.#pool.map(handle, MapMode.RO);
      this.#buffer.set(bytes.subarray(offset, offset + this.#bytes));
      this.#pool.unmap(handle);
    }
  }
}

type Operation = "replace" | "write" | "read" | "store" | "load";

const OPERATIONS: readonly (readonly [Operation, string])[] = [
  ["replace", "free and malloc"],
  ["write", "write"],
  ["read", "read"],
  ["store", "map WO, copy, unmap"],
  ["load", "map RO, copy, unmap"],
];

function malloc(pool: ZpoolBackend, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error("the machine of the measurement has no memory left");
  return handle;
}

function newPool({ driver, options }: BackendVariant, hardened: boolean): ZpoolBackend {
  const machine = new Machine(x86_64(MACHINE_BYTES));
  return (hardened ? hardenedDriver(driver) : driver).create(machine, "measured", options);
}

/** Measures a backend in this process. */
export function measureCost(variant: BackendVariant, { bytes, rounds }: CostSettings): Cost {
  const plain = new Stand(newPool(variant, false), bytes);
  const hardened = new Stand(newPool(variant, true), bytes);
  const operations = OPERATIONS.map(([operation, name]) => measureOperation(plain, hardened, operation, name, rounds));
  const bytesPerObject = recordBytes(variant, true) - recordBytes(variant, false);
  return { backend: variant.label, operations, bytesPerObject };
}

function measureOperation(
  plain: Stand,
  hardened: Stand,
  operation: Operation,
  name: string,
  roundCount: number,
): OperationCost {
  const warmUpRounds = roundCount >> 2;
  const rounds = Array.from({ length: warmUpRounds + roundCount }, () => ({
    plainNs: nanosecondsOf(() => plain[operation](), PLAIN_PASSES),
    hardenedNs: nanosecondsOf(() => hardened[operation](), HARDENED_PASSES),
  })).slice(warmUpRounds);
  const ratios = rounds.map(({ plainNs, hardenedNs }) => hardenedNs / plainNs);
  return {
    operation: name,
    plainNs: median(rounds.map(({ plainNs }) => plainNs)),
    hardenedNs: median(rounds.map(({ hardenedNs }) => hardenedNs)),
    ratio: median(ratios),
    leastRatio: Math.min(...ratios),
    mostRatio: Math.max(...ratios),
  };
}

/** CPU time of one operation, of which `action` does one on each live object. The time of this process alone, with that of its
 * garbage collector, so that other work of the machine matters little. */
function nanosecondsOf(action: () => void, passes: number): number {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass++) action();
  const { user, system } = process.cpuUsage(before);
  return ((user + system) * 1000) / (passes * LIVE_OBJECTS);
}

/** Bytes of typed arrays that a pool with many small objects takes for each, on a machine without memory of its own. */
function recordBytes({ driver, options }: BackendVariant, hardened: boolean): number {
  const machine = new Machine({ ...x86_64(MACHINE_BYTES), backing: "size-only" });
  const before = arrayBytes();
  const pool = (hardened ? hardenedDriver(driver) : driver).create(machine, "counted", options);
  for (let i = 0; i < COUNTED_OBJECTS; i++) malloc(pool, COUNTED_BYTES);
  const bytes = arrayBytes() - before;
  pool.destroy(); // afterwards, so that the pool is not collected before
  return bytes / COUNTED_OBJECTS;
}

/** Bytes of all typed arrays of the process; without those that are garbage if it runs with --expose-gc. */
function arrayBytes(): number {
  for (let i = 0; i < 3; i++) globalThis.gc?.(); // what one collection finds may be given back by the next
  return process.memoryUsage().arrayBuffers;
}

function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}
