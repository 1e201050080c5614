// z3fold as a driver of the zpool contract. Its pools have no options.

import type { Machine } from "@zlab/hw-sim";
import { type Capabilities, type PoolOptions, ZPoolError, type ZpoolDriver } from "@zlab/zpool";
import { Z3foldPool, z3foldCapabilities } from "./z3fold-pool.ts";

export const z3foldDriver: ZpoolDriver & {
  create(machine: Machine, name: string, options?: PoolOptions): Z3foldPool;
} = {
  type: "z3fold",
  description: "up to three objects a page; compacts a page when one of its objects is freed (Linux 6.12)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    refuseOptions(options);
    return z3foldCapabilities(pageBytes);
  },

  create(machine: Machine, name: string, options?: PoolOptions): Z3foldPool {
    refuseOptions(options);
    return new Z3foldPool(machine, name);
  },
};

function refuseOptions(options: PoolOptions = {}): void {
  const given = Object.keys(options).filter((option) => options[option] !== undefined);
  if (given.length === 0) return;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `z3fold has no options; leave out ${given.join(", ")}`);
}
