// Binds zblock among the drivers of a container.

import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { zblockDriver } from "./driver.ts";

export function zblockModule(): ContainerModule {
  return driverModule(zblockDriver);
}
