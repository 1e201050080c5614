// The two allocators as drivers of the zpool contract: "kmalloc" is SLUB, "kmalloc-slab" the older SLAB.

import { MAX_PAGE_ORDER, type Machine } from "@zlab/hw-sim";
import { type Capabilities, type PoolOptions, ZPoolError, type ZpoolDriver } from "@zlab/zpool";
import { KmallocPool } from "./kmalloc-pool.ts";
import { slabCaches } from "./slab-layout.ts";
import { Slab310Pool } from "./slab310-pool.ts";
import { type SlubOptions, SlubPool } from "./slub-pool.ts";

/** A driver whose pools are `KmallocPool`s. */
export interface KmallocDriver extends ZpoolDriver {
  create(machine: Machine, name: string, options?: PoolOptions): KmallocPool;
}

/** SLUB. Options: `cpus`, `randomizeFreelist`, `seed`, `fallback` (see `SlubOptions`). */
export const kmallocDriver: KmallocDriver = {
  type: "kmalloc",
  description:
    "power-of-two caches of the slab allocator SLUB; physically contiguous, never moves anything (Linux 6.12)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    toSlubOptions(options);
    return capabilitiesFor(pageBytes * 2 ** MAX_PAGE_ORDER);
  },

  create(machine: Machine, name: string, options?: PoolOptions): KmallocPool {
    const engine = new SlubPool(machine, name, toSlubOptions(options));
    return new KmallocPool("kmalloc", name, machine, engine, capabilitiesFor(engine.largestBytes));
  },
};

/** SLAB of 3.10. No options. */
export const kmallocSlabDriver: KmallocDriver = {
  type: "kmalloc-slab",
  description: "power-of-two caches of the old slab allocator SLAB, in slabs of one page where possible (Linux 3.10)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    refuseUnknown("kmalloc-slab", options, []);
    return capabilitiesFor(slabCaches(1, pageBytes).at(-1)!.objectBytes);
  },

  create(machine: Machine, name: string, options?: PoolOptions): KmallocPool {
    refuseUnknown("kmalloc-slab", options, []);
    const engine = new Slab310Pool(machine, name);
    return new KmallocPool("kmalloc-slab", name, machine, engine, capabilitiesFor(engine.largestBytes));
  },
};

function capabilitiesFor(maxBytes: number): Capabilities {
  return {
    maxBytes,
    movable: false,
    sleepMapped: true,
    compact: false,
    crossPage: false,
    maxPageOrder: MAX_PAGE_ORDER,
  };
}

function toSlubOptions(options: PoolOptions = {}): SlubOptions {
  refuseUnknown("kmalloc", options, ["cpus", "randomizeFreelist", "seed", "fallback"]);
  const { cpus, randomizeFreelist, seed, fallback } = options;
  if (cpus !== undefined && !isIntegerIn(cpus, 1, 8192)) throw badOption("cpus", cpus, "an integer from 1 to 8192");
  if (randomizeFreelist !== undefined && typeof randomizeFreelist !== "boolean") {
    throw badOption("randomizeFreelist", randomizeFreelist, "true or false");
  }
  if (seed !== undefined && !isIntegerIn(seed, 0, 0xffff_ffff)) {
    throw badOption("seed", seed, "an integer from 0 to 4294967295");
  }
  if (fallback !== undefined && typeof fallback !== "boolean") throw badOption("fallback", fallback, "true or false");
  return { cpus, randomizeFreelist, seed, fallback };
}

function isIntegerIn(value: unknown, least: number, most: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least && value <= most;
}

function refuseUnknown(type: string, options: PoolOptions = {}, known: readonly string[] = []): void {
  const unknown = Object.keys(options).filter((option) => options[option] !== undefined && !known.includes(option));
  if (unknown.length === 0) return;
  const offer = known.length === 0 ? "it has none" : `it has ${known.join(", ")}`;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `${type} does not know the options ${unknown.join(", ")}: ${offer}`);
}

function badOption(option: string, value: unknown, wanted: string): ZPoolError {
  return new ZPoolError("ZLAB_POOL_OPTIONS", `kmalloc: ${option} must be ${wanted}, not ${String(value)}`);
}
