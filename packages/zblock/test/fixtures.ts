// What the tests of this package share.

import { GFP_KERNEL, Machine, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { SlotTable, ZblockPool, type ZblockTableName } from "@zlab/zblock";
import { expect } from "vitest";

export function machineOf(pageBytes = 4096, pages = 1024, cpus = 1): Machine {
  return new Machine({ pageBytes, zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }], cpus });
}

export function poolOn(machine: Machine, table: ZblockTableName = "v4"): ZblockPool {
  return new ZblockPool(machine, "p", new SlotTable(table, machine.pageBytes));
}

export function put(pool: ZblockPool, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error(`malloc(${bytes}) = ${handle}`);
  return handle;
}

export const code = (name: string): Error => expect.objectContaining({ code: name }) as Error;
