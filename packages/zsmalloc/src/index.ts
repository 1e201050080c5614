export { CHAIN_RULES, type ChainRule } from "./chain-rules.ts";
export { COMPACTIONS, type Compaction } from "./compact.ts";
export { zsmallocDriver } from "./driver.ts";
export {
  ERAS,
  type Era,
  type EraName,
  type Layout,
  type MappingMethod,
  type ZsmallocConfig,
  resolveOptions,
} from "./eras.ts";
export { FULLNESS_BANDS, type FullnessBands, type FullnessName, QUARTERS, TENTHS, THREE_QUARTERS } from "./fullness.ts";
export { zsmallocModule } from "./module.ts";
export { MIN_SLOT_BYTES, type SizeClassOptions, SizeClassPlan, planSizeClasses } from "./size-classes.ts";
export { type RemoteFreeStats, ShardPool } from "./sharded/shard-pool.ts";
export { type ShardedPool, createShardedPool, openShard } from "./sharded/sharded-pool.ts";
export { type ClassRow, formatClassesFile } from "./stats.ts";
export type { FullnessList, Placement } from "./placement.ts";
export { ZsPool } from "./zs-pool.ts";
