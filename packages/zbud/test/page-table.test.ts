// The table of page headers: numbers are used again, the latest freed first, and nothing is lost when the table grows.

import type { Pfn } from "@zlab/hw-sim";
import { expect, test } from "vitest";
import { Buddy } from "../src/chunks.ts";
import { ZbudPageTable } from "../src/page-table.ts";

function tableOf(pageCount: number): ZbudPageTable {
  const table = new ZbudPageTable();
  for (let page = 0; page < pageCount; page++) {
    expect(table.add((1000 + page) as Pfn)).toBe(page);
    table.setChunks(page, Buddy.first, 1 + (page % 30));
    table.setChunks(page, Buddy.last, 31 + (page % 30));
  }
  return table;
}

function expectPage(table: ZbudPageTable, page: number): void {
  expect(table.isLive(page)).toBe(true);
  expect([table.pfnOf(page), table.seqOf(page)]).toEqual([1000 + page, page]);
  expect([table.chunksOf(page, Buddy.first), table.chunksOf(page, Buddy.last)]).toEqual([
    1 + (page % 30),
    31 + (page % 30),
  ]);
}

test("the number of a page that is gone is used again, the latest first, without its objects", () => {
  const table = tableOf(4);
  for (const page of [2, 0, 3]) table.remove(page);
  expect([0, 1, 2, 3].map((page) => table.isLive(page))).toEqual([false, true, false, false]);
  expect([50, 51, 52, 53].map((pfn) => table.add(pfn as Pfn))).toEqual([3, 0, 2, 4]);
  expect([3, 0, 2, 4].map((page) => [table.pfnOf(page), table.seqOf(page)])).toEqual([
    [50, 4],
    [51, 5],
    [52, 6],
    [53, 7],
  ]);
  for (const page of [3, 0, 2, 4]) expect([table.chunksOf(page, 0), table.chunksOf(page, 1)]).toEqual([0, 0]);
  expectPage(table, 1);
  expect([table.livePages, table.pagesEver, table.endPage]).toEqual([5, 8, 5]);
});

test("growing keeps pages, and the list of free numbers", () => {
  const table = tableOf(64);
  table.remove(63);
  expect(table.add(1063 as Pfn)).toBe(63);
  for (const page of [10, 20]) table.remove(page);
  for (const page of [20, 10, 64, 65, 128]) table.add((2000 + page) as Pfn);
  expect(table.endPage).toBe(67);
  for (let page = 67; page < 200; page++) table.add(1 as Pfn);
  for (const page of [0, 1, 9, 11, 62]) expectPage(table, page);
  expect([10, 20, 64, 65, 66].map((page) => table.pfnOf(page))).toEqual([2010, 2020, 2064, 2065, 2128]);
  expect(table.livePages).toBe(200);
  expect(table.isLive(200)).toBe(false);
});
