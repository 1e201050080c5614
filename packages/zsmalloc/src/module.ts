import { driverModule } from "@zlab/zpool";
import type { ContainerModule } from "inversify";
import { zsmallocDriver } from "./driver.ts";

/** Binds the zsmalloc driver. */
export function zsmallocModule(): ContainerModule {
  return driverModule(zsmallocDriver);
}
