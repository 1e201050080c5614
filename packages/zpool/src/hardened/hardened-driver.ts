// A driver whose pools are hardened pools of another driver.

import type { Machine } from "@zlab/hw-sim";
import type { Capabilities, PoolOptions, ZpoolDriver } from "../zpool-driver.ts";
import { splitOptions } from "./hardened-options.ts";
import { HardenedPool, hardenedCapabilities } from "./hardened-pool.ts";

/** Hardens a driver: its pools detect misuse by their callers. `defaults` are options of every pool, those of hardening
 * (`keptMappings`, `quarantineObjects`, `recordStacks`, `strictReadOnly`) or of the backend; those given to `create` win. */
export function hardenedDriver(driver: ZpoolDriver, defaults: PoolOptions = {}): ZpoolDriver {
  return {
    type: driver.type,
    description: `${driver.description}; hardened`,

    capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
      const { hardening, backendOptions } = splitOptions({ ...defaults, ...options });
      return hardenedCapabilities(driver.capabilities(pageBytes, backendOptions), hardening);
    },

    create(machine: Machine, name: string, options?: PoolOptions): HardenedPool {
      const { hardening, backendOptions } = splitOptions({ ...defaults, ...options });
      return new HardenedPool(machine, driver.create(machine, name, backendOptions), hardening);
    },
  };
}
