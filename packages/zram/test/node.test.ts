// An open node: the page cache beside direct requests, and what is refused before the device hears of it.

import { beforeEach, describe, expect, test } from "vitest";
import type { Zram } from "@zlab/zram";
import { makeDevice, noisePage, written } from "./devices.ts";

let zram: Zram;

beforeEach(() => {
  ({ zram } = makeDevice());
  written(zram, "disksize", "64K");
});

/** Requests that the device has seen: reads and writes. */
function requests(): number[] {
  const { readRequests, writeRequests } = zram.store!.counters;
  return [readRequests, writeRequests];
}

describe("the page cache", () => {
  test("reads a page once, and writes a changed one once", () => {
    const node = zram.open();
    expect(node.writeBuffered(100, new Uint8Array(10).fill(1))).toBe(10);
    expect(node.writeBuffered(200, new Uint8Array(10).fill(2))).toBe(10);
    const target = new Uint8Array(3);
    expect(node.readBuffered(199, target)).toBe(3);
    expect([...target]).toEqual([0, 2, 2]);
    expect(requests()).toEqual([1, 0]);
    expect(node.fsync()).toBe(0);
    expect(node.fsync()).toBe(0);
    expect(requests()).toEqual([1, 1]);
  });

  test("is written before a direct read", () => {
    const node = zram.open();
    node.writeBuffered(4096, new Uint8Array(8).fill(9));
    const target = new Uint8Array(4096);
    expect(node.read(4096, target)).toBe(4096);
    expect([...target.subarray(0, 10)]).toEqual([9, 9, 9, 9, 9, 9, 9, 9, 0, 0]);
  });

  test("does not hide a direct write, a discard or another node's work", () => {
    const node = zram.open();
    const other = zram.open();
    const target = new Uint8Array(4);
    node.writeBuffered(0, new Uint8Array(8).fill(9));
    expect(other.write(0, noisePage(1, 4096))).toBe(4096);
    node.readBuffered(0, target);
    expect(target).toEqual(noisePage(1, 4, 4));
    expect(other.discard(0, 4096)).toBe(0);
    node.readBuffered(0, target);
    expect([...target]).toEqual([0, 0, 0, 0]);
    node.writeBuffered(0, new Uint8Array(8).fill(9));
    expect(other.discard(0, 4096)).toBe(0);
    expect(node.fsync()).toBe(0);
    expect(zram.mmStat()[0]).toBe(0);
  });

  test("is written and emptied when the last node is closed", () => {
    const first = zram.open();
    const second = zram.open();
    first.writeBuffered(0, new Uint8Array(8).fill(9));
    first.close();
    expect(zram.mmStat()[0]).toBe(0);
    second.close();
    expect(zram.mmStat()[0]).toBe(4096);
    zram.reset();
    written(zram, "disksize", "64K");
    const target = new Uint8Array(8);
    zram.open().readBuffered(0, target);
    expect(target).toEqual(new Uint8Array(8));
  });

  test("reports a page that the device refused once, and writes the others", () => {
    const node = zram.open();
    written(zram, "mem_limit", "4K");
    for (const page of [2, 0, 1]) node.writeBuffered(page * 4096, noisePage(page + 1, 4096));
    expect(node.fsync()).toBe(-5);
    expect(zram.mmStat()[7]).toBe(1);
    expect(zram.ioStat()[1]).toBe(2);
    expect(zram.store!.slots.isAllocated(0)).toBe(true);
    expect(node.fsync()).toBe(0);
  });

  test("says so when the device can't be read", () => {
    const small = makeDevice().zram;
    expect(small.open().writeBuffered(0, new Uint8Array(1))).toBe(-28);
    expect(small.open().readBuffered(0, new Uint8Array(1))).toBe(0);
  });
});

describe("direct requests", () => {
  test.each([
    [0, 100, -22],
    [100, 4096, -22],
    [61_440, 8192, 4096],
    [65_536, 4096, 0],
    [70_000, 1, 0],
    [0, 0, 0],
  ])("a read at %i of %i bytes gives %i", (offset, length, result) => {
    expect(zram.open().read(offset, new Uint8Array(length))).toBe(result);
  });

  test.each([
    [0, 100, -22],
    [100, 4096, -22],
    [61_440, 8192, 4096],
    [65_536, 4096, -28],
    [65_536, 0, 0],
  ])("a write at %i of %i bytes gives %i", (offset, length, result) => {
    expect(zram.open().write(offset, new Uint8Array(length))).toBe(result);
  });
});

test("a closed node can't be used", () => {
  const node = zram.open();
  node.close();
  expect(() => node.read(0, new Uint8Array(4096))).toThrow("EBADF");
  expect(() => node.fsync()).toThrow("EBADF");
  node.close();
});
