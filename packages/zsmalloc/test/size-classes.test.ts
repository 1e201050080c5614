// The pure planning part against the golden class tables and published figures.

import { expect, test } from "vitest";
import { type SizeClassPlan, planSizeClasses } from "@zlab/zsmalloc";
import { tableRows } from "./fixtures.ts";

const linux612 = (chainSize: number, pageBytes = 4096, classDeltaBytes = pageBytes / 256): SizeClassPlan =>
  planSizeClasses({ pageBytes, chainSize, rule: "min-waste", classDeltaBytes, merge: true, headerBytes: 8 });

const usedPercent = (chainSize: number): SizeClassPlan =>
  planSizeClasses({
    pageBytes: 4096,
    chainSize,
    rule: "used-percent",
    classDeltaBytes: 16,
    merge: true,
    headerBytes: 8,
  });

test.each([4, 5, 6, 7, 8, 16])("chain %i: every row of the class table of 6.12", (chainSize) => {
  const plan = linux612(chainSize);
  const rows = tableRows(`classes-chain${chainSize}.csv`).map((row) => row.map(Number));
  expect(rows.length).toBe(plan.indexCount);
  for (const row of rows) {
    const index = row[0]!;
    const owner = plan.ownerOf(index);
    expect([
      index,
      plan.nominalSizeBytesOf(index),
      plan.ownPagesPerZspageOf(index),
      plan.ownObjectsPerZspageOf(index),
      owner,
      plan.sizeBytesOf(index),
      plan.pagesPerZspageOf(index),
      plan.objectsPerZspageOf(index),
      Number(owner === index),
      owner === index ? plan.mergedFromLowestOf(owner) : -1,
      plan.minRequestBytesOf(index),
      plan.maxRequestBytesOf(index),
      plan.wastedBytesOf(index),
    ]).toEqual(row);
  }
});

test("every row of the class table of 3.10", () => {
  const plan = planSizeClasses({
    pageBytes: 4096,
    chainSize: 4,
    rule: "used-percent",
    classDeltaBytes: 16,
    merge: false,
    headerBytes: 0,
  });
  for (const row of tableRows("classes-linux3.10.csv").map((cells) => cells.map(Number))) {
    const index = row[0]!;
    expect([
      index,
      plan.sizeBytesOf(index),
      plan.pagesPerZspageOf(index),
      plan.objectsPerZspageOf(index),
      plan.minRequestBytesOf(index),
      plan.maxRequestBytesOf(index),
      plan.wastedBytesOf(index),
    ]).toEqual(row);
  }
  expect(plan.classCount).toBe(255);
  expect(plan.hugeClassSizeBytes).toBeUndefined();
});

// chain, classes by used-percent, watermark, classes by min-waste: published table T1, from the kernel's zsmalloc document.
test.each([
  [4, 69, 3264, 69],
  [5, 86, 3408, 86],
  [6, 93, 3504, 94],
  [7, 112, 3584, 110],
  [8, 123, 3632, 119],
  [9, 140, 3680, 136],
  [10, 143, 3712, 141],
  [11, 159, 3744, 153],
  [12, 164, 3776, 159],
  [13, 180, 3792, 173],
  [14, 183, 3808, 179],
  [15, 188, 3840, 186],
  [16, 191, 3840, 192],
])("chain %i has the published number of classes and watermark", (chainSize, byPercent, watermark, byWaste) => {
  expect(usedPercent(chainSize).classCount).toBe(byPercent);
  expect(linux612(chainSize).classCount).toBe(byWaste);
  expect(usedPercent(chainSize).hugeClassSizeBytes).toBe(watermark - 7);
  expect(linux612(chainSize).hugeClassSizeBytes).toBe(watermark - 7);
});

test.each([
  ["6.12", linux612(8)],
  ["6.12 on 16 KiB pages", linux612(8, 16384)],
  ["without merging", planSizeClasses({ ...linux612(8).options, merge: false })],
  ["without headers", planSizeClasses({ ...linux612(4).options, headerBytes: 0 })],
])("%s: every request has the smallest slot that holds it, and each class the indexes that it serves", (_, plan) => {
  const { pageBytes, headerBytes, merge } = plan.options;
  let request = 1;
  for (let index = 0; index < plan.indexCount; index++) {
    expect(plan.minRequestBytesOf(index)).toBe(request);
    const most = plan.maxRequestBytesOf(index);
    for (; request <= most; request++) expect(plan.indexForRequest(request)).toBe(index);
    expect(Math.min(most + headerBytes, pageBytes)).toBe(plan.nominalSizeBytesOf(index));
  }
  expect(request).toBe(pageBytes + 1);
  const served = plan.owners.flatMap((owner) => {
    const lowest = plan.mergedFromLowestOf(owner);
    return Array.from({ length: owner - lowest + 1 }, (_unused, i) => [lowest + i, owner]);
  });
  expect(served).toEqual(Array.from({ length: plan.indexCount }, (_unused, index) => [index, plan.ownerOf(index)]));
  expect(plan.classCount === plan.indexCount).toBe(!merge);
});

test("chains of one page have no class of several pages, and so no threshold of whole pages", () => {
  expect(linux612(1).hugeClassSizeBytes).toBeUndefined();
  expect(linux612(1).owners.every((owner) => linux612(1).spanningSlotsOf(owner) === 0)).toBe(true);
});

test("16 KiB pages: entries, classes and threshold as published (T5)", () => {
  const plan = linux612(8, 16384);
  expect([plan.indexCount, plan.classCount, plan.hugeClassSizeBytes]).toEqual([257, 121, 14553]);
});

// request, slot, pages, objects, tail waste, merge waste: published table T5.
test.each([
  [64, 1072, 1120, 8, 117, 32, 5616],
  [64, 1088, 1120, 8, 117, 32, 3744],
  [64, 1104, 1120, 8, 117, 32, 1872],
  [64, 1120, 1120, 8, 117, 32, 0],
  [16, 1072, 1072, 4, 61, 144, 0],
  [16, 1088, 1088, 1, 15, 64, 0],
  [16, 1104, 1104, 6, 89, 48, 0],
  [16, 1120, 1120, 8, 117, 32, 0],
])("16 KiB pages, delta %i, slots for %i bytes", (delta, need, slot, pages, objects, tailWaste, mergeWaste) => {
  const plan = linux612(8, 16384, delta);
  const index = plan.indexForRequest(need - 8);
  expect([
    plan.sizeBytesOf(index),
    plan.pagesPerZspageOf(index),
    plan.objectsPerZspageOf(index),
    plan.wastedBytesOf(index),
    (plan.sizeBytesOf(index) - need) * plan.objectsPerZspageOf(index),
  ]).toEqual([slot, pages, objects, tailWaste, mergeWaste]);
});

test("the synthetic workload of the 2026 proposal fills the published number of pages with the published spans (T4)", () => {
  const totals = (rule: "min-waste" | "rfc-2026"): number[] => {
    const plan = planSizeClasses({
      pageBytes: 4096,
      chainSize: 10,
      rule,
      classDeltaBytes: 16,
      merge: true,
      headerBytes: 8,
    });
    const objects = new Map<number, number>();
    for (let bytes = 32; bytes <= 4080; bytes += 16) {
      const owner = plan.ownerOf(plan.indexForRequest(bytes));
      objects.set(owner, (objects.get(owner) ?? 0) + 1337);
    }
    let pages = 0;
    let spanning = 0;
    for (const [owner, count] of objects) {
      const capacity = plan.objectsPerZspageOf(owner);
      pages += Math.ceil(count / capacity) * plan.pagesPerZspageOf(owner);
      for (let object = 0; object < count; object++) {
        const offset = ((object % capacity) * plan.sizeBytesOf(owner)) % 4096;
        if (!plan.isHuge(owner) && offset + plan.sizeBytesOf(owner) > 4096) spanning++;
      }
    }
    return [pages, spanning];
  };
  expect(totals("min-waste")).toEqual([175111, 110377]);
  expect(totals("rfc-2026")).toEqual([175920, 103256]);
});
