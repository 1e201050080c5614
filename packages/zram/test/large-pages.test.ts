// Pages of 16 and 64 KiB: requests of parts of a page, discards that don't end on pages, and the units of the statistics.

import { arm64_16k, largePages } from "@zlab/hw-sim";
import { type Zram, memoryBackingOpener } from "@zlab/zram";
import { describe, expect, test } from "vitest";
import { MIB, makeDevice, noisePage, written } from "./devices.ts";

const PAGE_BYTES = 16_384;
const BLOCK_BYTES = 4096;

function makeLarge(): Zram {
  const { zram } = makeDevice({ openBacking: memoryBackingOpener({ disk: 10 }) }, arm64_16k(64 * MIB));
  written(zram, "backing_dev", "disk");
  written(zram, "disksize", "1M");
  return zram;
}

function readBlock(zram: Zram, block: number): Uint8Array {
  const target = new Uint8Array(BLOCK_BYTES);
  expect(zram.read(block * BLOCK_BYTES, target)).toBe(0);
  return target;
}

const block = (seed: number): Uint8Array => noisePage(seed, BLOCK_BYTES);

describe("16 KiB", () => {
  test("a block is written into its page", () => {
    const zram = makeLarge();
    expect(zram.write(5 * BLOCK_BYTES, block(1))).toBe(0);
    expect(readBlock(zram, 5)).toEqual(block(1));
    expect([4, 6, 7].map((i) => readBlock(zram, i))).toEqual([4, 6, 7].map(() => new Uint8Array(BLOCK_BYTES)));
    expect(zram.mmStat()[0]).toBe(PAGE_BYTES);
    zram.check();
  });

  test("a request over several pages, whole and in part", () => {
    const zram = makeLarge();
    const data = noisePage(7, 10 * BLOCK_BYTES, 10 * BLOCK_BYTES);
    expect(zram.write(2 * BLOCK_BYTES, data)).toBe(0);
    const target = new Uint8Array(data.length);
    expect(zram.read(2 * BLOCK_BYTES, target)).toBe(0);
    expect(target).toEqual(data);
    expect(readBlock(zram, 1)).toEqual(new Uint8Array(BLOCK_BYTES));
    expect(zram.mmStat()[0]).toBe(3 * PAGE_BYTES);
    const fields = zram.attributes.read("stat").trim().split(/ +/);
    expect([fields[0], fields[2], fields[4], fields[6]]).toEqual(["2", "88", "1", "80"]);
  });

  test("a write in part that fails leaves the page as it was", () => {
    const zram = makeLarge();
    zram.write(0, noisePage(1, PAGE_BYTES, PAGE_BYTES));
    written(zram, "mem_limit", "16K");
    expect(zram.write(BLOCK_BYTES, block(2))).toBe(-5);
    expect(readBlock(zram, 1)).toEqual(noisePage(1, PAGE_BYTES, PAGE_BYTES).subarray(BLOCK_BYTES, 2 * BLOCK_BYTES));
    expect(zram.ioStat()).toEqual([0, 1, 0, 0]);
  });

  test("only whole pages are discarded, and counted", () => {
    const zram = makeLarge();
    for (let i = 0; i < 16; i++) zram.write(i * BLOCK_BYTES, block(i + 1));
    expect(zram.discard(BLOCK_BYTES, 2 * BLOCK_BYTES)).toBe(0);
    expect(zram.ioStat()[3]).toBe(0);
    expect(zram.discard(3 * BLOCK_BYTES, 7 * BLOCK_BYTES)).toBe(0);
    expect(zram.ioStat()[3]).toBe(1);
    expect([3, 4, 7, 8].map((i) => readBlock(zram, i)[0])).toEqual([block(4)[0], 0, 0, block(9)[0]]);
  });

  test("zeroing is not offered: zeros are written, and become same-filled", () => {
    const zram = makeLarge();
    expect(zram.attributes.read("queue/write_zeroes_max_bytes")).toBe("0\n");
    using node = zram.open();
    expect(node.zeroOut(0, PAGE_BYTES)).toBe(0);
    expect(zram.mmStat()[5]).toBe(1);
    expect(node.zeroOut(0, 512)).toBe(-22);
    expect(node.zeroOut(MIB, BLOCK_BYTES)).toBe(-22);
  });

  test("writeback counts and budgets in blocks of 4 KiB", () => {
    const zram = makeLarge();
    for (const page of [0, 1, 2]) zram.write(page * PAGE_BYTES, noisePage(page + 1, PAGE_BYTES, PAGE_BYTES));
    written(zram, "writeback_limit_enable", "1");
    written(zram, "writeback_limit", "8");
    expect(written(zram, "writeback", "type=huge")).toBe("EIO");
    expect(zram.bdStat()).toEqual([8, 0, 8]);
    expect(zram.attributes.read("writeback_limit")).toBe("0\n");
    expect(readBlock(zram, 9)).toEqual(noisePage(3, PAGE_BYTES, PAGE_BYTES).subarray(BLOCK_BYTES, 2 * BLOCK_BYTES));
    expect(zram.bdStat()).toEqual([8, 4, 8]);
    zram.check();
  });

  test("a block written into a page that is on the backing device brings it back into memory", () => {
    const zram = makeLarge();
    zram.write(0, noisePage(1, PAGE_BYTES, PAGE_BYTES));
    written(zram, "writeback", "page_index=0");
    zram.backingFaults.failNext(1);
    expect(zram.write(0, block(5))).toBe(-5);
    expect(zram.ioStat()).toEqual([0, 1, 0, 0]);
    expect(zram.write(0, block(5))).toBe(0);
    expect(zram.bdStat()).toEqual([0, 8, 4]);
    expect(readBlock(zram, 0)).toEqual(block(5));
    expect(readBlock(zram, 3)).toEqual(noisePage(1, PAGE_BYTES, PAGE_BYTES).subarray(3 * BLOCK_BYTES));
  });
});

test("64 KiB: a page is 16 blocks, and a huge one is as long as a slot can say", () => {
  const pageBytes = 65_536;
  const { zram } = makeDevice({ openBacking: memoryBackingOpener({ disk: 10 }) }, largePages(pageBytes, 64 * MIB));
  written(zram, "backing_dev", "disk");
  written(zram, "disksize", "1M");
  const pages = [noisePage(1, pageBytes, pageBytes), noisePage(2, 30_000, pageBytes)];
  for (const [i, page] of pages.entries()) expect(zram.write(i * pageBytes, page)).toBe(0);
  expect(zram.store!.slots.lengthOf(0)).toBe(pageBytes);
  expect(zram.mmStat()[7]).toBe(1);
  expect(written(zram, "writeback", "huge")).toBe(4);
  expect(zram.bdStat()).toEqual([16, 0, 16]);
  for (const [i, page] of pages.entries()) {
    const target = new Uint8Array(pageBytes);
    expect(zram.read(i * pageBytes, target)).toBe(0);
    expect(Buffer.compare(target, page)).toBe(0);
  }
  zram.check();
});
