// xvmalloc as a driver of the zpool contract. Its pools have no options.

import type { Machine } from "@zlab/hw-sim";
import { type Capabilities, type PoolOptions, ZPoolError, type ZpoolDriver } from "@zlab/zpool";
import { XvmallocPool, xvmallocCapabilities } from "./xvmalloc-pool.ts";

export const xvmallocDriver: ZpoolDriver & {
  create(machine: Machine, name: string, options?: PoolOptions): XvmallocPool;
} = {
  type: "xvmalloc",
  description: "blocks of any size inside single pages, found by size; never moves anything (2009 to 2012)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    refuseOptions(options);
    return xvmallocCapabilities(pageBytes);
  },

  create(machine: Machine, name: string, options?: PoolOptions): XvmallocPool {
    refuseOptions(options);
    return new XvmallocPool(machine, name);
  },
};

function refuseOptions(options: PoolOptions = {}): void {
  const given = Object.keys(options).filter((option) => options[option] !== undefined);
  if (given.length === 0) return;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `xvmalloc has no options; leave out ${given.join(", ")}`);
}
