// The published slot tables, and the search in them.

import { EINVAL, ENOSPC, PAGE_SIZES } from "@zlab/hw-sim";
import { SlotTable, ZBLOCK_TABLES, type ZblockTableName } from "@zlab/zblock";
import { expect, test } from "vitest";

/** Slots/pages=slot bytes, as published, for pages of 4 KiB. */
const PUBLISHED: Readonly<Record<ZblockTableName, string>> = {
  v4:
    "63/1=64 32/1=120 21/1=192 15/1=264 12/1=336 10/1=400 9/1=448 8/1=504 29/4=560 13/2=624 6/1=672 11/2=736 5/1=808 " +
    "9/2=904 8/2=1016 29/8=1128 13/4=1256 12/4=1360 11/4=1480 10/4=1632 9/4=1816 17/8=1920 8/4=2040 15/8=2176 14/8=2336 " +
    "13/8=2512 6/4=2720 11/8=2968 10/8=3272 9/8=3632 4/4=4080",
  early:
    "32/1=120 22/1=184 17/1=232 13/1=312 11/1=368 9/1=448 8/1=504 14/2=576 12/2=680 11/2=736 10/2=816 9/2=904 8/2=1016 " +
    "15/4=1088 14/4=1168 13/4=1256 12/4=1360 11/4=1480 10/4=1632 9/4=1816 8/4=2040 15/8=2176 14/8=2336 13/8=2512 " +
    "12/8=2728 11/8=2976 10/8=3272 9/8=3632 7/8=4672",
};

function typesOf(table: SlotTable): number[] {
  return Array.from({ length: table.typeCount }, (_, type) => type);
}

test.each(ZBLOCK_TABLES)("table %s is the published one", (name) => {
  const table = new SlotTable(name, 4096);
  const rows = typesOf(table).map(
    (type) => `${table.slotsOf(type)}/${1 << table.orderOf(type)}=${table.slotBytesOf(type)}`,
  );
  expect(rows.join(" ")).toBe(PUBLISHED[name]);
});

test("the orders and slots of version 4 are those of its header file", () => {
  const table = new SlotTable("v4", 4096);
  expect(typesOf(table).map((type) => `${table.orderOf(type)}:${table.slotsOf(type)}`)).toEqual(
    (
      "0:63 0:32 0:21 0:15 0:12 0:10 0:9 0:8 2:29 1:13 0:6 1:11 0:5 1:9 1:8 3:29 2:13 2:12 2:11 2:10 2:9 3:17 2:8 " +
      "3:15 3:14 3:13 2:6 3:11 3:10 3:9 2:4"
    ).split(" "),
  );
});

test.each(ZBLOCK_TABLES.flatMap((name) => PAGE_SIZES.map((pageBytes) => [name, pageBytes] as const)))(
  "table %s with pages of %i: slots ascend, fit their block, and a handle has room for them",
  (name, pageBytes) => {
    const table = new SlotTable(name, pageBytes);
    for (const type of typesOf(table)) {
      const slotBytes = table.slotBytesOf(type);
      expect(slotBytes % 8).toBe(0);
      if (type > 0) expect(slotBytes).toBeGreaterThan(table.slotBytesOf(type - 1));
      const spare = pageBytes * 2 ** table.orderOf(type) - table.headerBytes - table.slotsOf(type) * slotBytes;
      expect(spare).toBeGreaterThanOrEqual(0);
      expect(spare).toBeLessThan(8 * table.slotsOf(type));
      expect(table.slotsOf(type)).toBeLessThanOrEqual(2 ** table.slotBits);
    }
    expect(table.typeCount * 2 ** table.slotBits).toBeLessThanOrEqual(pageBytes);
    expect(table.maxOrder).toBe(3);
  },
);

test.each(ZBLOCK_TABLES.flatMap((name) => PAGE_SIZES.map((pageBytes) => [name, pageBytes] as const)))(
  "table %s with pages of %i: every size goes to the first type with larger slots",
  (name, pageBytes) => {
    const table = new SlotTable(name, pageBytes);
    for (let bytes = 1; bytes <= table.maxBytes; bytes++) {
      const expected = typesOf(table).find((type) => table.slotBytesOf(type) > bytes);
      if (table.typeFor(bytes) !== expected) expect([bytes, table.typeFor(bytes)]).toEqual([bytes, expected]);
    }
    expect(table.typeFor(table.maxBytes + 1)).toBeLessThan(0);
  },
);

test.each([
  ["v4", 0, EINVAL],
  ["v4", Number.NaN, EINVAL],
  ["v4", 1, 0],
  ["v4", 63, 0],
  ["v4", 64, 1],
  ["v4", 119, 1],
  ["v4", 120, 2],
  ["v4", 4079, 30],
  ["v4", 4080, ENOSPC],
  ["v4", 4095, ENOSPC],
  ["v4", 4096, EINVAL],
  ["v4", 4097, ENOSPC],
  ["early", 119, 0],
  ["early", 120, 1],
  ["early", 3631, 27],
  ["early", 3632, 28],
  ["early", 4096, 28],
  ["early", 4097, ENOSPC],
] as const)("table %s: %d bytes go to %d", (name, bytes, expected) => {
  expect(new SlotTable(name, 4096).typeFor(bytes)).toBe(expected);
});

test.each([
  ["v4", 4096, 4079],
  ["v4", 16384, 16367],
  ["v4", 65536, 65519],
  ["early", 4096, 4096],
  ["early", 16384, 16384],
  ["early", 65536, 65536],
] as const)("table %s with pages of %i stores up to %i bytes", (name, pageBytes, maxBytes) => {
  expect(new SlotTable(name, pageBytes).maxBytes).toBe(maxBytes);
});
