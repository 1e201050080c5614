// The adapter to the zpool contract: options in, pools out.

import { type Machine, toPageBytes } from "@zlab/hw-sim";
import type { Capabilities, PoolImage, PoolOptions, ZpoolDriver } from "@zlab/zpool";
import { capabilitiesOf } from "./capabilities.ts";
import { type ZsmallocConfig, resolveOptions } from "./eras.ts";
import { loadImage } from "./image.ts";
import { ZsPool } from "./zs-pool.ts";

/** The zsmalloc backend. Its options are in the package's README. */
export const zsmallocDriver: ZpoolDriver = {
  type: "zsmalloc",
  description: "chains of single pages cut into slots that may span two of them",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    return capabilitiesHere(pageBytes, resolveOptions(toPageBytes(pageBytes), options));
  },

  create,

  restore(machine: Machine, name: string, image: PoolImage): ZsPool {
    return loadImage(create(machine, name, image.options), image);
  },
};

function create(machine: Machine, name: string, options?: PoolOptions): ZsPool {
  const config = resolveOptions(machine.pageBytes, options);
  return new ZsPool(machine, name, config, capabilitiesHere(machine.pageBytes, config));
}

/** Beside what all pools of these options can do: a pool of one thread can be written down. */
function capabilitiesHere(pageBytes: number, config: ZsmallocConfig): Capabilities {
  return { ...capabilitiesOf(pageBytes, config), images: true };
}
