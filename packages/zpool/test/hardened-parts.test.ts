// The parts of a hardened pool: the table of objects, and the sums by which changes are seen.

import { Prng } from "@zlab/hw-sim";
import { describe, expect, test } from "vitest";
import { KeptMappings } from "../src/hardened/kept-mappings.ts";
import { MappingArea } from "../src/hardened/mapping-area.ts";
import { ObjectRecords } from "../src/hardened/object-records.ts";
import { ObjectTable } from "../src/hardened/object-table.ts";
import { sealOf } from "../src/hardened/patterns.ts";

const add = (table: ObjectTable, operation = 1): { cell: number; handle: number } => {
  const cell = table.add({ backendHandle: 5, bytes: 10, gfp: 3, operation });
  return { cell, handle: table.records.historyOf(cell).handle };
};

describe("the table of objects", () => {
  test("a cell that has been through all generations is never used again", () => {
    const table = new ObjectTable(0, 4);
    const handles = new Set<number>();
    const cells: number[] = [];
    for (let round = 0; round < 7; round++) {
      const { cell, handle } = add(table);
      cells.push(cell);
      handles.add(handle);
      table.remove(cell, 2);
    }
    expect(cells).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(handles.size).toBe(7);
    for (const handle of handles) {
      expect(table.find(handle)).toBe(-1);
      expect(table.wasFreed(handle)).toBe(true);
    }
  });

  test("many objects at once, freed in any order", () => {
    const table = new ObjectTable(3);
    const made = Array.from({ length: 1000 }, (_, i) => add(table, i + 1));
    for (const { cell } of made.filter((_, i) => i % 3 === 0)) table.remove(cell, 2000);
    expect(table.liveCount).toBe(666);
    expect([...table.liveCells()]).toHaveLength(666);
    made.forEach(({ cell, handle }, i) => {
      expect(table.find(handle)).toBe(i % 3 === 0 ? -1 : cell);
      expect(table.wasFreed(handle)).toBe(i % 3 === 0);
      expect(table.historyOf(handle)).toMatchObject({ object: i + 1, allocatedBy: i + 1, bytes: 10, gfp: 3 });
    });
  });

  test("the last 1024 freed objects are remembered", () => {
    const table = new ObjectTable(0);
    const handles = Array.from({ length: 1025 }, (_, i) => {
      const { cell, handle } = add(table);
      table.remove(cell, i + 1);
      return handle;
    });
    expect(table.historyOf(handles[0]!)).toBeUndefined();
    expect(table.historyOf(handles[1]!)).toMatchObject({ object: 2, freedBy: 2 });
  });

  test("cells run out", () => {
    const table = new ObjectTable(0, undefined, 128);
    for (let i = 0; i < 64; i++) add(table);
    expect([...table.liveCells()]).toEqual(Array.from({ length: 64 }, (_, i) => i));
    for (let i = 64; i < 128; i++) add(table);
    const message = "a hardened pool can name 128 objects; use a plain one for more";
    expect(() => add(table)).toThrow(expect.objectContaining({ code: "ZLAB_TOO_MANY_OBJECTS", message }));
    table.remove(5, 2);
    expect(add(table).cell).toBe(5);
  });

  test("an empty cell is no object, and one that was never mapped has no mode", () => {
    const table = new ObjectTable(0);
    const { cell, handle } = add(table);
    expect(table.historyOf(handle)).toMatchObject({ mappedBy: undefined, mapMode: undefined, writtenBy: undefined });
    table.remove(cell, 2);
    expect([table.find(0), table.historyOf(0)]).toEqual([-1, undefined]);
  });

  test("a record that is copied over another takes its stacks away too", () => {
    const records = new ObjectRecords(2);
    records.setStacks(0, { allocatedAt: "here", freedAt: undefined });
    records.copyFrom(records, 1, 0);
    expect(records.stacksOf(0)).toEqual({ allocatedAt: undefined, freedAt: undefined });
  });

  test.each([0, -1, 0.5, 1.5, NaN, Infinity, 2 ** 26, 2 ** 53 - 1])("%d names nothing", (handle) => {
    const table = new ObjectTable(1);
    table.remove(add(table).cell, 2);
    add(table);
    expect(table.find(handle)).toBe(-1);
    expect(table.wasFreed(handle)).toBe(false);
    expect(table.historyOf(handle)).toBeUndefined();
  });
});

test.each([
  [4096, 2],
  [4097, 1],
])("of mappings of %i bytes, memory for two pages keeps %i", (length, keptCount) => {
  const kept = new KeptMappings(2, 4096);
  const source = { bytes: new Uint8Array(length), offset: 0, length };
  const areas = [1, 2].map((handle) => new MappingArea(handle, length, 0, 1, source, true));
  for (const area of areas) expect(kept.add(area)).toBeUndefined();
  areas[0]!.bytes[7] = 0;
  expect(kept.anyWritten()).toBe(keptCount === 2 ? areas[0] : undefined);
  areas[1]!.bytes[7] = 0;
  expect(kept.anyWritten()).toBe(keptCount === 2 ? areas[0] : areas[1]);
});

test("the latest ended mapping is kept, however large it is", () => {
  const kept = new KeptMappings(1, 4096);
  const source = { bytes: new Uint8Array(100_000), offset: 0, length: 100_000 };
  const area = new MappingArea(1, 100_000, 0, 1, source, true);
  kept.add(area);
  area.bytes[7] = 0;
  expect(kept.anyWritten()).toBe(area);
});

describe("a seal", () => {
  const bytes = new Uint8Array(64);
  const words = new Int32Array(bytes.buffer);

  test("changes with every bit that it covers, and with no other", () => {
    const prng = new Prng(1);
    for (let length = 1; length <= 40; length++) {
      bytes.forEach((_, index) => (bytes[index] = prng.below(256)));
      const seal = sealOf(words, 0, length);
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        expect(sealOf(words, 0, length) === seal).toBe(bit >= 8 * length);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
    }
  });

  test("changes with two highest bits of words, with their order, and with zeros at the end", () => {
    bytes.fill(0);
    const seals = new Set<number>();
    for (let first = 0; first < 16; first++) {
      for (let second = first + 1; second < 16; second++) {
        words.fill(0);
        words[first] = words[second] = 0x8000_0000 | 0;
        seals.add(sealOf(words, 0, 64));
      }
    }
    for (let length = 1; length <= 64; length++) seals.add(sealOf(new Int32Array(16), 0, length));
    expect(seals.size).toBe(120 + 64);
  });
});
