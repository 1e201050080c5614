// Page allocations that fail: what was stored stays readable, and nothing is lost.

import { describe, expect, test } from "vitest";
import { type TestDevice, makeDevice, noisePage, written } from "./devices.ts";

const PAGE_BYTES = 4096;

/** What each of 12 slots is written with, one round after the other. */
const ROUNDS = [1000, 3000, 4096, 200].map((random, round) =>
  Array.from({ length: 12 }, (_, i) => noisePage(100 * round + i + 1, random)),
);

/** Writes all rounds, the n-th page allocation failing. Returns whether there was an n-th. */
function runWithFailure(device: TestDevice, n: number): boolean {
  const { zram, machine } = device;
  const content: Uint8Array[] = [];
  const target = new Uint8Array(PAGE_BYTES);
  machine.faults.failNth(n);
  for (const [slot, page] of ROUNDS.flatMap((pages) => [...pages.entries()])) {
    const isStored = zram.write(slot * PAGE_BYTES, page) === 0;
    if (isStored) content[slot] = page;
    zram.read(slot * PAGE_BYTES, target);
    expect(Buffer.compare(target, content[slot] ?? new Uint8Array(PAGE_BYTES))).toBe(0);
    zram.check();
    if (!isStored) expect(zram.write(slot * PAGE_BYTES, content[slot] ?? page)).toBe(0);
  }
  return !machine.faults.nthPending;
}

describe("a store that gets no page", () => {
  test("6.18: fails, at whichever page", () => {
    let n = 0;
    let hasFailed = true;
    while (hasFailed) {
      const device = makeDevice();
      const freePages = device.machine.freePageCount();
      written(device.zram, "disksize", "1M");
      hasFailed = runWithFailure(device, ++n);
      expect(device.zram.ioStat()[1]).toBe(hasFailed ? 1 : 0);
      expect(device.zram.attributes.read("debug_stat")).toBe("version: 1\n0        0\n");
      device.machine.faults.failNth(0);
      device.zram.reset();
      expect(device.machine.freePageCount()).toBe(freePages);
    }
    expect(n).toBeGreaterThan(30);
  });

  test("6.12: stalls, tries again, and stores it", () => {
    let n = 0;
    let hasFailed = true;
    while (hasFailed) {
      const device = makeDevice({ era: "6.12" });
      written(device.zram, "disksize", "1M");
      hasFailed = runWithFailure(device, ++n);
      expect(device.zram.ioStat()[1]).toBe(0);
      const stalls = hasFailed ? "       1" : "       0";
      expect(device.zram.attributes.read("debug_stat")).toBe(`version: 1\n${stalls}        0\n`);
    }
  });

  test("6.12: the second try fails too", () => {
    const { zram, machine } = makeDevice({ era: "6.12" });
    written(zram, "disksize", "1M");
    machine.faults.failPageAlloc({});
    expect(zram.write(0, noisePage(1, 1000))).toBe(-5);
    expect(zram.ioStat()).toEqual([0, 1, 0, 0]);
    expect(zram.attributes.read("debug_stat")).toBe("version: 1\n       1        0\n");
  });

  test("6.12: only the first try must not sleep", () => {
    const { zram, machine } = makeDevice({ era: "6.12" });
    written(zram, "disksize", "1M");
    machine.faults.failPageAlloc({ ignoreGfpWait: true });
    expect(zram.write(0, noisePage(1, 1000))).toBe(0);
    expect(zram.store!.counters.writeStalls).toBe(1);
  });
});

test.each(["6.12", "6.18"] as const)("%s: recompression without memory ends, and keeps the old objects", (era) => {
  const { zram, machine } = makeDevice({ era });
  written(zram, "recomp_algorithm", "algo=zstd");
  written(zram, "disksize", "1M");
  const pages = [1, 2, 3].map((from) => noisePage(from, PAGE_BYTES).map((byte) => byte & 0x0f));
  for (const [i, page] of pages.entries()) zram.write(i * PAGE_BYTES, page);
  const before = zram.mmStat();
  machine.faults.failPageAlloc({});
  expect(written(zram, "recompress", "type=huge")).toBe("ENOMEM");
  expect(zram.mmStat()).toEqual(before);
  machine.faults.failPageAlloc(undefined);
  zram.check();
  expect(written(zram, "recompress", "type=huge")).toBe(9);
  expect(zram.mmStat()[7]).toBe(0);
  for (const [i, page] of pages.entries()) {
    const target = new Uint8Array(PAGE_BYTES);
    expect(zram.read(i * PAGE_BYTES, target)).toBe(0);
    expect(target).toEqual(page);
  }
});

test("a request ends at the first page that fails", () => {
  const { zram } = makeDevice();
  written(zram, "disksize", "1M");
  written(zram, "mem_limit", "8K");
  const pages = Buffer.concat([1, 2, 3, 4].map((from) => noisePage(from, PAGE_BYTES)));
  expect(zram.write(0, pages)).toBe(-5);
  expect(zram.mmStat()).toEqual([8192, 8192, 8192, 8192, 12288, 0, 0, 2, 2]);
  expect(zram.ioStat()).toEqual([0, 1, 0, 0]);
});
