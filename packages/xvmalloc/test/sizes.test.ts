// Which list a size belongs to, and the search for the first list that is not empty.

import { Prng } from "@zlab/hw-sim";
import { expect, test } from "vitest";
import { FreeLists, NO_BLOCK, NO_LIST } from "../src/free-lists.ts";
import {
  freeListOf,
  listCountOf,
  maxObjectBytesOf,
  payloadFor,
  requestListOf,
  wholePageBytesOf,
} from "../src/sizes.ts";

test.each([
  [4096, 508, 4088, 4092],
  [16384, 2044, 16376, 16380],
  [65536, 8188, 65528, 65532],
])("pages of %i bytes have %i lists, objects up to %i bytes, and blocks up to %i", (pageBytes, lists, max, whole) => {
  expect(listCountOf(pageBytes)).toBe(lists);
  expect(maxObjectBytesOf(pageBytes)).toBe(max);
  expect(wholePageBytesOf(pageBytes)).toBe(whole);
});

test.each([
  [32, 0],
  [36, 0],
  [40, 1],
  [100, 8],
  [3884, 481],
  [3988, 494],
  [4084, 506],
  [4088, 507],
  [4092, 507],
])("a free block of %i bytes is on list %i", (payload, list) => expect(freeListOf(payload)).toBe(list));

test.each([
  [1, 0],
  [32, 0],
  [33, 1],
  [40, 1],
  [96, 8],
  [97, 9],
  [100, 9],
  [4081, 507],
  [4088, 507],
  [4089, 508],
  [4092, 508],
])("a request of %i bytes searches from list %i", (bytes, list) => expect(requestListOf(bytes)).toBe(list));

test("every block of the lists that are searched is large enough", () => {
  for (let bytes = 1; bytes <= 4092; bytes++) {
    const list = requestListOf(bytes);
    for (let payload = 32; payload <= 4092; payload += 4) {
      if (freeListOf(payload) >= list && payload < payloadFor(bytes)) expect([bytes, payload]).toEqual([]);
    }
  }
});

test.each([508, 2044, 8188])("of %i lists the first filled one is found, as by looking at each", (listCount) => {
  const lists = new FreeLists(listCount);
  const prng = new Prng(Number(process.env["ZLAB_SEED"] ?? 1));
  const filled = new Set<number>();
  const naive = (from: number) => {
    for (let list = from; list < listCount; list++) if (filled.has(list)) return list;
    return NO_LIST;
  };
  const corners = [0, 31, 32, 63, 64, listCount - 1];
  for (let step = 0; step < 600; step++) {
    const list = prng.below(4) === 0 ? corners[prng.below(corners.length)]! : prng.below(listCount);
    if (filled.delete(list)) lists.remove(list, list);
    else {
      filled.add(list);
      lists.push(list, list);
    }
    if (prng.below(30) === 0) {
      for (const one of filled) lists.remove(one, one);
      filled.clear();
    }
    for (const from of [...corners, prng.below(listCount), list, list + 1, listCount]) {
      expect(lists.firstFilled(from)).toBe(naive(from));
    }
    lists.checkLinks((what) => expect(what).toBe(""));
  }
});

test("a list is last in, first out, and gives up any of its blocks", () => {
  const lists = new FreeLists(508);
  for (const block of [5, 900, 7, 8]) lists.push(3, block);
  expect(lists.blocksOf(3)).toEqual([8, 7, 900, 5]);
  lists.remove(3, 900);
  lists.remove(3, 8);
  expect(lists.blocksOf(3)).toEqual([7, 5]);
  expect(lists.headOf(3)).toBe(7);
  lists.remove(3, 5);
  lists.remove(3, 7);
  expect(lists.headOf(3)).toBe(NO_BLOCK);
  expect(lists.firstFilled(0)).toBe(NO_LIST);
});
