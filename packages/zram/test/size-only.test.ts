// Devices on a machine without bytes: only lengths are kept, so a terabyte fits.

import type { MachineOptions } from "@zlab/hw-sim";
import { ZramError } from "@zlab/zram";
import { expect, test } from "vitest";
import { makeDevice, noisePage, written } from "./devices.ts";

const sizeOnly: MachineOptions = { pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 1 << 16 }], backing: "size-only" };

test("2^28 slots cost nothing until they are used", () => {
  const { zram, machine } = makeDevice({}, sizeOnly);
  const before = process.memoryUsage.rss();
  expect(written(zram, "disksize", "1T")).toBe(2);
  const { store } = zram;
  expect(store!.slots.count).toBe(2 ** 28);
  const indexes = [0, 1, 2 ** 27, 2 ** 28 - 1];
  for (const index of indexes) expect(store!.storeLength(index, 1000)).toBe(0);
  store!.storeWord(77, 1, 2);
  expect(zram.write((2 ** 28 - 2) * 4096, noisePage(1, 4096))).toBe(0);
  expect(zram.mmStat()).toEqual([6 * 4096, 4 * 1000 + 4096, 2 * 4096, 0, 2 * 4096, 1, 0, 1, 1]);
  for (const index of indexes) expect(store!.slots.lengthOf(index)).toBe(1000);
  expect(zram.write(2 ** 40, noisePage(1, 4096))).toBe(-28);
  expect(process.memoryUsage.rss() - before).toBeLessThan(200 * 2 ** 20);
  zram.reset();
  expect(machine.freePageCount()).toBe(1 << 16);
});

test("accounts as a device with bytes does", () => {
  const pages = Array.from({ length: 60 }, (_, i) => noisePage(i + 1, (i * 67) % 4097));
  const [small, full] = [sizeOnly, { ...sizeOnly, backing: "array-buffer" as const }].map((options) => {
    const { zram } = makeDevice({}, options);
    written(zram, "disksize", "1M");
    for (const [i, page] of pages.entries()) zram.write(((i * 7) % 40) * 4096, page);
    zram.check();
    return zram.mmStat();
  });
  expect(small).toEqual(full);
});

test("contents of objects can't be read, the rest can", () => {
  const { zram } = makeDevice({}, sizeOnly);
  written(zram, "disksize", "1M");
  zram.write(0, noisePage(1, 1000));
  zram.write(4096, new Uint8Array(4096).fill(7));
  const target = new Uint8Array(4096);
  expect(() => zram.read(0, target)).toThrow(ZramError);
  expect(zram.read(4096, target)).toBe(0);
  expect(target.every((byte) => byte === 7)).toBe(true);
  expect(zram.read(8192, target)).toBe(0);
  expect(target.every((byte) => byte === 0)).toBe(true);
  expect(written(zram, "recomp_algorithm", "algo=zstd")).toBe("EBUSY");
  expect(written(zram, "recompress", "type=huge")).toBe("EOPNOTSUPP");
  expect(written(zram, "writeback", "huge")).toBe("EOPNOTSUPP");
  zram.check();
});
