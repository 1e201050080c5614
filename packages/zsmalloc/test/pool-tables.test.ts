// How the tables of a pool grow.

import { Machine } from "@zlab/hw-sim";
import { expect, test, vi } from "vitest";
import { PoolTables } from "../src/pool-tables.ts";

const MILLION = 2 ** 20;
const LARGE = 16 * MILLION; // words

function tablesOf(neededWords: number): { machine: Machine; tables: PoolTables; words: Int32Array } {
  const machine = new Machine({ pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 1024 }], backing: "size-only" });
  const tables = new PoolTables(machine, "pool");
  return { machine, tables, words: tables.words(MILLION, neededWords) };
}

test("a table doubles until it is large, and is then made once for all the pages of the machine", () => {
  const { tables, words } = tablesOf(100 * MILLION);
  words[1] = 7;
  const lengths: number[] = [];
  let longer: Int32Array = words;
  while (longer.length < 100 * MILLION) {
    longer = tables.longerWords(longer)!;
    lengths.push(longer.length / MILLION);
  }
  expect(lengths).toEqual([2, 4, 8, 100]);
  expect(longer[1]).toBe(7);
});

test("a large table that is long enough for the machine already is doubled, not cut", () => {
  const { tables } = tablesOf(MILLION);
  expect(tables.longerWords(new Int32Array(LARGE / 2))!.length).toBe(LARGE);
});

test("where so much can't be reserved a large table doubles", () => {
  const { machine, tables } = tablesOf(100 * MILLION);
  vi.spyOn(machine.tables, "int32").mockImplementation(() => {
    throw new RangeError("Array buffer allocation failed");
  });
  expect(tables.longerWords(new Int32Array(LARGE / 2))!.length).toBe(LARGE);
});
