// The adapter to the zpool contract: options in, pools out.

import { type Machine, toPageBytes } from "@zlab/hw-sim";
import type { Capabilities, PoolOptions, ZpoolDriver } from "@zlab/zpool";
import { capabilitiesOf } from "./capabilities.ts";
import { resolveOptions } from "./eras.ts";
import { ZsPool } from "./zs-pool.ts";

/** The zsmalloc backend. Its options are in the package's README. */
export const zsmallocDriver: ZpoolDriver = {
  type: "zsmalloc",
  description: "chains of single pages cut into slots that may span two of them",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    return capabilitiesOf(pageBytes, resolveOptions(toPageBytes(pageBytes), options));
  },

  create(machine: Machine, name: string, options?: PoolOptions): ZsPool {
    const config = resolveOptions(machine.pageBytes, options);
    return new ZsPool(machine, name, config, capabilitiesOf(machine.pageBytes, config));
  },
};
