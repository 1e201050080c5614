export { type KmallocDriver, kmallocDriver, kmallocSlabDriver } from "./driver.ts";
export { GFP_SLAB_BUG_MASK, type KmallocEngine, ZERO_SIZE_PTR } from "./kmalloc-engine.ts";
export { KmallocPool } from "./kmalloc-pool.ts";
export { kmallocModule, kmallocSlabModule } from "./module.ts";
export { type SlabCache, slabCaches } from "./slab-layout.ts";
export { Slab310Pool } from "./slab310-pool.ts";
export { type SlabinfoRow, formatSlabinfo, slab310Rows, slubRows } from "./slabinfo.ts";
export { type SlubCache, minObjects, slubCaches, slubOrder } from "./slub-layout.ts";
export { type SlubOptions, SlubPool } from "./slub-pool.ts";
