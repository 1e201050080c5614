// zbud as a driver of the zpool contract. Its pools have no options.

import type { Machine } from "@zlab/hw-sim";
import { type Capabilities, type PoolOptions, ZPoolError, type ZpoolDriver } from "@zlab/zpool";
import { ZbudPool, zbudCapabilities } from "./zbud-pool.ts";

export const zbudDriver: ZpoolDriver & {
  create(machine: Machine, name: string, options?: PoolOptions): ZbudPool;
} = {
  type: "zbud",
  description: "at most two objects a page, one from each end; never moves anything (Linux 6.12)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    refuseOptions(options);
    return zbudCapabilities(pageBytes);
  },

  create(machine: Machine, name: string, options?: PoolOptions): ZbudPool {
    refuseOptions(options);
    return new ZbudPool(machine, name);
  },
};

function refuseOptions(options: PoolOptions = {}): void {
  const given = Object.keys(options).filter((option) => options[option] !== undefined);
  if (given.length === 0) return;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `zbud has no options; leave out ${given.join(", ")}`);
}
