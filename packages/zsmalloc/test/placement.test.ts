// Where slots lie: every row of the golden placement tables, made by really filling zspages.

import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import { MapMode } from "@zlab/zpool";
import { expect, test } from "vitest";
import { smallMachine, tableRows, zsPool } from "./fixtures.ts";

test.each([4, 8, 16])("chain %i: every slot's page, offset, span and user pointer", (chainSize) => {
  const machine = smallMachine();
  const pool = zsPool(machine, { chainSize });
  for (const row of tableRows(`placement-chain${chainSize}.csv`)) {
    const [classIndex, sizeBytes, objectIndex, page, offset, spans, bytesOnFirst] = row.map(Number);
    const handle = pool.malloc(pool.plan.maxRequestBytesOf(classIndex!), GFP_KERNEL);
    if (isErrno(handle)) throw new Error(`no memory for class ${classIndex}`);
    const place = pool.placementOf(handle);
    expect(place).toMatchObject({ classIndex, objectIndex, pageIndex: page, offset });
    const mapping = pool.map(handle, MapMode.RO);
    const direct = mapping.bytes.length > 4096; // a chunk of memory rather than the CPU's buffer
    expect([pool.plan.sizeBytesOf(classIndex!), Number(!direct)]).toEqual([sizeBytes, spans]);
    expect(Math.min(4096 - offset!, sizeBytes!)).toBe(bytesOnFirst);
    expect(row[7]).toBe(direct ? `page${page}+${mapping.offset % 4096}` : `buffer+${mapping.offset}`);
    pool.unmap(handle);
  }
});
