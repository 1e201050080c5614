// zblock as a driver of the zpool contract. Its one option is the slot table.

import type { Machine } from "@zlab/hw-sim";
import { type Capabilities, type PoolOptions, ZPoolError, type ZpoolDriver } from "@zlab/zpool";
import { SlotTable, ZBLOCK_TABLES, type ZblockTableName } from "./slot-table.ts";
import { ZblockPool, zblockCapabilities } from "./zblock-pool.ts";

const DEFAULT_TABLE: ZblockTableName = "v4";

/** Option: `table`, "v4" or "early". */
export const zblockDriver: ZpoolDriver & {
  create(machine: Machine, name: string, options?: PoolOptions): ZblockPool;
} = {
  type: "zblock",
  description: "blocks of 1 to 8 contiguous pages, cut into equal slots; never moves anything (proposed in 2025)",

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    return zblockCapabilities(new SlotTable(toTableName(options), pageBytes));
  },

  create(machine: Machine, name: string, options?: PoolOptions): ZblockPool {
    return new ZblockPool(machine, name, new SlotTable(toTableName(options), machine.pageBytes));
  },
};

function toTableName(options: PoolOptions = {}): ZblockTableName {
  const unknown = Object.keys(options).filter((option) => options[option] !== undefined && option !== "table");
  if (unknown.length > 0) {
    throw new ZPoolError("ZLAB_POOL_OPTIONS", `zblock does not know the options ${unknown.join(", ")}: it has table`);
  }
  const wanted = options["table"] ?? DEFAULT_TABLE;
  const name = ZBLOCK_TABLES.find((known) => known === wanted);
  if (name !== undefined) return name;
  const offer = ZBLOCK_TABLES.join(" or ");
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `zblock: table must be ${offer}, not ${String(wanted)}`);
}
