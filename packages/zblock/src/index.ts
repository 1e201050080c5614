export { zblockDriver } from "./driver.ts";
export { zblockModule } from "./module.ts";
export { SlotTable, ZBLOCK_TABLES, type ZblockTableName } from "./slot-table.ts";
export { type ZblockPlacement, ZblockPool, type ZblockTypeTotals, zblockCapabilities } from "./zblock-pool.ts";
