import { expect, test } from "vitest";
import { HandleTable } from "../src/handle-table.ts";
import type { ZspageId } from "../src/zspage-table.ts";

const zspage = (n: number): ZspageId => n as ZspageId;

test("a handle leads to its place, also after a move, until it is released", () => {
  const table = new HandleTable(1);
  const handle = table.issue(zspage(700), 5);
  expect(table.resolve(handle)).toBe(true);
  expect([table.zspage, table.slot]).toEqual([700, 5]);
  table.moved(table.ownerWord(handle), zspage(900), 0xfffe);
  expect(table.resolve(handle)).toBe(true);
  expect([table.zspage, table.slot]).toEqual([900, 0xfffe]);
  expect(table.handleAt(zspage(900), 0xfffe, table.ownerWord(handle))).toBe(handle);
  table.release(handle);
  expect(table.resolve(handle)).toBe(false);
});

test("a released handle stays refused while its cell is used another 127 times", () => {
  const table = new HandleTable(1);
  const stale = table.issue(zspage(700), 1);
  table.release(stale);
  for (let reuse = 0; reuse < 127; reuse++) {
    const handle = table.issue(zspage(700), 1);
    expect(handle).not.toBe(stale);
    expect(table.resolve(stale)).toBe(false);
    table.release(handle);
  }
});

test("numbers that are no handles are refused", () => {
  const table = new HandleTable(1);
  const handle = table.issue(zspage(700), 1);
  for (const wrong of [
    0,
    -1,
    -handle,
    handle + 0.5,
    handle + 1,
    2 ** 30,
    2 ** 30 + 1,
    2 ** 31,
    2 ** 53,
    NaN,
    Infinity,
  ]) {
    expect(table.resolve(wrong)).toBe(false);
  }
});

test("handles of one pool are refused by another", () => {
  const one = new HandleTable(1);
  const other = new HandleTable(2);
  const handle = one.issue(zspage(700), 1);
  other.issue(zspage(700), 1);
  expect(other.resolve(handle)).toBe(false);
});

test("beyond cell 8,388,607 handles are longer, and are still refused after release", () => {
  const table = new HandleTable(1);
  let last = 0;
  for (let cell = 1; cell <= 2 ** 23 + 1; cell++) last = table.issue(zspage(cell), cell & 1023);
  expect(last).toBe(2 ** 30 + 2 ** 23 + 1);
  expect(table.resolve(last)).toBe(true);
  expect([table.zspage, table.slot]).toEqual([2 ** 23 + 1, (2 ** 23 + 1) & 1023]);
  expect(table.countLive()).toBe(2 ** 23 + 1);
  table.release(last);
  expect(table.resolve(last)).toBe(false);
  expect(table.issue(zspage(9), 9)).toBe(last);
});
