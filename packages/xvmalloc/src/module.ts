// Binds xvmalloc among the drivers of a container.

import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { xvmallocDriver } from "./driver.ts";

export function xvmallocModule(): ContainerModule {
  return driverModule(xvmallocDriver);
}
