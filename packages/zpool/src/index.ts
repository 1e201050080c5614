export { ZPoolError, badHandle, corrupt } from "./errors.ts";
export { hardenedDriver } from "./hardened/hardened-driver.ts";
export { HardenedError, type Misuse } from "./hardened/hardened-error.ts";
export { HardenedPool } from "./hardened/hardened-pool.ts";
export type { ObjectHistory } from "./hardened/object-history.ts";
export { CpuMapping, CpuMappings, assertCopyRange } from "./mapping.ts";
export { NO_PAGE, PageLists } from "./page-lists.ts";
export { driverModule, poolModule } from "./module.ts";
export { ZpoolRegistry } from "./registry.ts";
export type { PoolStats } from "./stats.ts";
export { ZPOOL, ZPOOL_DRIVER, ZPOOL_DRIVERS, ZPOOL_REGISTRY } from "./tokens.ts";
export { type LiveObject, Zpool } from "./zpool.ts";
export {
  type Capabilities,
  type CheckLevel,
  type Handle,
  MapMode,
  type Mapping,
  type PoolImage,
  type PoolOptions,
  type ZpoolBackend,
  type ZpoolDriver,
} from "./zpool-driver.ts";
