// The front end as a backend: what is promised of a pool must hold through `Zpool` too, and live switching can be tested.

import type { Machine } from "@zlab/hw-sim";
import { ZpoolRegistry } from "../registry.ts";
import type { Capabilities, PoolOptions, ZpoolBackend, ZpoolDriver } from "../zpool-driver.ts";

/** A driver whose pools are front ends (`Zpool`) over the first of `drivers`; the others can be switched to. Each pool has a
 * registry of its own. */
export function frontEndDriver(drivers: readonly [ZpoolDriver, ...ZpoolDriver[]]): ZpoolDriver {
  const [first] = drivers;
  return {
    type: first.type,
    description: `the front end over ${first.type}`,
    capabilities: (pageBytes: number, options?: PoolOptions): Capabilities => first.capabilities(pageBytes, options),
    create: (machine: Machine, name: string, options?: PoolOptions): ZpoolBackend =>
      new ZpoolRegistry(machine, drivers).create(first.type, name, options),
  };
}
