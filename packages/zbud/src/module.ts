// Binds zbud among the drivers of a container.

import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { zbudDriver } from "./driver.ts";

export function zbudModule(): ContainerModule {
  return driverModule(zbudDriver);
}
