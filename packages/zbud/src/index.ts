export { Buddy } from "./chunks.ts";
export { zbudDriver } from "./driver.ts";
export { zbudModule } from "./module.ts";
export { type ZbudPlacement, ZbudPool, type ZbudTotals, zbudCapabilities } from "./zbud-pool.ts";
