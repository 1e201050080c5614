// Binds the kmalloc backends among the drivers of a container.

import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { kmallocDriver, kmallocSlabDriver } from "./driver.ts";

/** SLUB, as "kmalloc". */
export function kmallocModule(): ContainerModule {
  return driverModule(kmallocDriver);
}

/** SLAB of 3.10, as "kmalloc-slab". */
export function kmallocSlabModule(): ContainerModule {
  return driverModule(kmallocSlabDriver);
}
