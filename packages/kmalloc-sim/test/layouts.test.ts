// The layouts against the tables that were taken from kernels, row by row, and their generalisation to larger pages.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CacheFinder } from "../src/cache-sizes.ts";
import { slabCaches } from "../src/slab-layout.ts";
import { minObjects, slubCaches, slubOrder } from "../src/slub-layout.ts";

function tableLines(name: string): string[] {
  const file = new URL(`../../../golden/tables/${name}`, import.meta.url);
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(1);
}

test("SLUB: every row of slub-kmalloc.csv", () => {
  const expected = tableLines("slub-kmalloc.csv");
  const cpuCounts = [...new Set(expected.map((line) => Number(line.split(",")[0])))];
  const actual = cpuCounts.flatMap((cpus) =>
    slubCaches(cpus, 4096).map(({ name, slotBytes, order, objectsPerSlab }) => {
      const wasteBytes = 4096 * 2 ** order - objectsPerSlab * slotBytes;
      return [cpus, minObjects(cpus), name, slotBytes, order, 2 ** order, objectsPerSlab, wasteBytes].join(",");
    }),
  );
  expect(expected.length).toBe(130);
  expect(actual).toEqual(expected);
});

test("SLAB: every row of slab-linux3.10-kmalloc.csv, and larger caches up to the largest block", () => {
  const expected = tableLines("slab-linux3.10-kmalloc.csv");
  const actual = slabCaches(2, 4096).map(({ name, objectBytes, slotBytes, order, objectsPerSlab, offSlab }) =>
    [name, objectBytes, slotBytes, order, 2 ** order, objectsPerSlab, Number(offSlab)].join(","),
  );
  expect(expected.length).toBe(15);
  expect(actual.slice(0, 15)).toEqual(expected);
  expect(actual.slice(15)).toEqual(
    [18, 19, 20, 21, 22].map((log2) => {
      const bytes = 2 ** log2;
      return `kmalloc-${bytes},${bytes},${bytes},${log2 - 12},${bytes / 4096},1,1`;
    }),
  );
});

test("SLUB: partial slabs kept by the node and by a CPU", () => {
  const kept = slubCaches(2, 4096).map(({ slotBytes, minPartialSlabs, cpuPartialSlabs }) => [
    slotBytes,
    minPartialSlabs,
    cpuPartialSlabs,
  ]);
  expect(kept).toEqual([
    [8, 5, 1], // 2 * 120 / 512
    [16, 5, 1],
    [32, 5, 2],
    [64, 5, 4],
    [96, 5, 6],
    [128, 5, 8],
    [192, 5, 12],
    [256, 5, 7], // 2 * 52 / 16
    [512, 5, 7],
    [1024, 5, 3], // 2 * 24 / 16
    [2048, 5, 3],
    [4096, 6, 2], // 2 * 6 / 8
    [8192, 6, 3],
  ]);
});

test("larger pages: caches reach two pages, and each object fits its slab", () => {
  for (const pageBytes of [16384, 65536]) {
    const caches = slubCaches(4, pageBytes);
    expect(caches.at(-1)!.slotBytes).toBe(2 * pageBytes);
    for (const { slotBytes, order, minOrder, objectsPerSlab } of caches) {
      expect(objectsPerSlab).toBe(Math.floor((pageBytes * 2 ** order) / slotBytes));
      expect(objectsPerSlab).toBeGreaterThan(0);
      expect(minOrder).toBe(slotBytes > pageBytes ? 1 : 0);
    }
    for (const { slotBytes, order, objectsPerSlab, firstObjectOffset, offSlab } of slabCaches(4, pageBytes)) {
      expect(firstObjectOffset + slotBytes * objectsPerSlab).toBeLessThanOrEqual(pageBytes * 2 ** order);
      expect(firstObjectOffset > 0).toBe(!offSlab);
    }
  }
  expect(slubCaches(2, 16384).map((cache) => `${cache.name}: ${cache.order}/${cache.objectsPerSlab}`)).toEqual([
    "kmalloc-8: 0/2048",
    "kmalloc-16: 0/1024",
    "kmalloc-32: 0/512",
    "kmalloc-64: 0/256",
    "kmalloc-96: 0/170",
    "kmalloc-128: 0/128",
    "kmalloc-192: 0/85",
    "kmalloc-256: 0/64",
    "kmalloc-512: 0/32",
    "kmalloc-1k: 0/16",
    "kmalloc-2k: 1/16",
    "kmalloc-4k: 2/16",
    "kmalloc-8k: 3/16",
    "kmalloc-16k: 3/8",
    "kmalloc-32k: 3/4",
  ]);
});

test("SLAB: no slab leaves more than an eighth of its bytes over", () => {
  for (const pageBytes of [4096, 16384, 65536]) {
    for (const { slotBytes, order, objectsPerSlab, firstObjectOffset } of slabCaches(2, pageBytes)) {
      const slabBytes = pageBytes * 2 ** order;
      expect(8 * (slabBytes - firstObjectOffset - objectsPerSlab * slotBytes)).toBeLessThanOrEqual(slabBytes);
    }
  }
});

test.each([
  [9 * 4096, 1, 4], // no preferred order holds one
  [5 * 4096, 1, 3], // 8 pages leave 3
  [1360, 1, 2], // 8 objects need 4 pages, which leave 64 bytes
  [1860, 1, 3], // 4 pages leave 1504 bytes, more than a 16th; 8 pages leave 1148
  [3000, 1, 3], // 8 pages leave 2768 bytes, at most an eighth
  [8, 1, 0],
])("SLUB: slots of %i bytes for %i CPUs have slabs of order %i", (slotBytes, cpuCount, order) => {
  expect(slubOrder(slotBytes, cpuCount, 4096)).toBe(order);
});

test("a request goes to the smallest cache that it fits in", () => {
  for (const sizes of [
    slubCaches(2, 4096).map((cache) => cache.slotBytes),
    slubCaches(2, 65536).map((cache) => cache.slotBytes),
    slabCaches(2, 4096).map((cache) => cache.objectBytes),
  ]) {
    const finder = new CacheFinder(sizes);
    const requests = sizes.flatMap((bytes) => [bytes - 1, bytes, bytes + 1]).filter((bytes) => bytes <= sizes.at(-1)!);
    for (const bytes of [1, 2, ...requests]) {
      expect([bytes, sizes[finder.cacheOf(bytes)]]).toEqual([bytes, sizes.find((size) => size >= bytes)]);
    }
  }
});
