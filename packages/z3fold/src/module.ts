// Binds z3fold among the drivers of a container.

import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { z3foldDriver } from "./driver.ts";

export function z3foldModule(): ContainerModule {
  return driverModule(z3foldDriver);
}
