// Writeback to real files, and what goes wrong with backing devices.

import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EIO, type Zram, hostFileOpener, memoryBackingOpener } from "@zlab/zram";
import { afterAll, describe, expect, test } from "vitest";
import { makeDevice, noisePage, readText, written } from "./devices.ts";

const folder = mkdtempSync(join(tmpdir(), "zlab-zram-"));
afterAll(() => rmSync(folder, { recursive: true }));

function makeFile(name: string, bytes: number): string {
  const path = join(folder, name);
  writeFileSync(path, new Uint8Array(bytes));
  return path;
}

function readPage(zram: Zram, page: number): Uint8Array | number {
  const target = new Uint8Array(4096);
  return zram.read(page * 4096, target) || target;
}

describe("files of the host", () => {
  test("hold the pages that were written back, block 0 never", () => {
    const path = makeFile("disk", 5 * 4096);
    const { zram } = makeDevice();
    expect(written(zram, "backing_dev", `${path}\n`)).toBe(path.length + 1);
    expect(readText(zram, "backing_dev")).toBe(`${path}\n`);
    written(zram, "disksize", "1M");
    for (const page of [0, 1, 2, 3, 4]) zram.write(page * 4096, noisePage(page + 1, 4096));
    expect(written(zram, "writeback", "huge")).toBe("ENOSPC");
    expect(zram.bdStat()).toEqual([4, 0, 4]);
    const disk = readFileSync(path);
    expect(disk.subarray(0, 4096).every((byte) => byte === 0)).toBe(true);
    expect(Buffer.compare(disk.subarray(4096, 8192), noisePage(5, 4096))).toBe(0);
    for (const page of [0, 1, 2, 3, 4]) expect(readPage(zram, page)).toEqual(noisePage(page + 1, 4096));
    zram.check();
    zram.reset();
    expect(readText(zram, "backing_dev")).toBe("none\n");
  });

  test("that shrink give I/O errors", () => {
    const path = makeFile("shrinking", 8 * 4096);
    const { zram } = makeDevice();
    written(zram, "backing_dev", path);
    written(zram, "disksize", "1M");
    zram.write(0, noisePage(1, 4096));
    written(zram, "writeback", "page_index=0");
    truncateSync(path, 4096);
    expect(readPage(zram, 0)).toBe(-5);
    expect(zram.ioStat()).toEqual([0, 0, 0, 0]);
    expect(zram.bdStat()).toEqual([1, 1, 1]);
  });

  test.each([
    ["that isn't there", () => join(folder, "nothing"), "ENOENT"],
    ["that is a directory", () => folder, "EISDIR"],
    ["that is no block device", () => "/dev/null", "ENOTBLK"],
    ["smaller than a page", () => makeFile("tiny", 4095), "EINVAL"],
  ])("%s", (_, path, error) => {
    expect(written(makeDevice().zram, "backing_dev", path())).toBe(error);
  });

  test("belong to one device at a time; another one replaces the first", () => {
    const openBacking = hostFileOpener();
    const [first, second] = [makeFile("first", 8192), makeFile("second", 8192)];
    const one = makeDevice({ openBacking }).zram;
    const two = makeDevice({ openBacking }).zram;
    expect(written(one, "backing_dev", first)).toBeGreaterThan(0);
    expect(written(one, "backing_dev", first)).toBe("EBUSY");
    expect(written(two, "backing_dev", first)).toBe("EBUSY");
    expect(written(one, "backing_dev", second)).toBeGreaterThan(0);
    expect(written(two, "backing_dev", first)).toBeGreaterThan(0);
    one.reset();
    expect(written(one, "backing_dev", second)).toBeGreaterThan(0);
    written(one, "disksize", "1M");
    expect(written(one, "backing_dev", "whatever")).toBe("EBUSY");
  });
});

describe("one thing at a time", () => {
  /** A device whose backing device calls `during` at each write. */
  function makeBusy(during: (zram: Zram) => void): Zram {
    const open = memoryBackingOpener({ disk: 100 });
    const { zram } = makeDevice({
      openBacking(path, pageBytes) {
        const device = open(path, pageBytes);
        const write = (block: number, source: Uint8Array) => {
          during(zram);
          return device.write(block, source);
        };
        const read = device.read.bind(device);
        return { path, blockCount: device.blockCount, read, write, close: () => device.close() };
      },
    });
    written(zram, "backing_dev", "disk");
    written(zram, "recomp_algorithm", "algo=zstd");
    written(zram, "disksize", "1M");
    for (const page of [0, 1, 2]) zram.write(page * 4096, noisePage(page + 1, 4096));
    return zram;
  }

  test("recompression and writeback exclude each other", () => {
    const seen: unknown[] = [];
    const zram = makeBusy((device) => {
      seen.push(written(device, "recompress", "type=huge"), written(device, "writeback", "idle"));
    });
    expect(written(zram, "writeback", "page_index=0")).toBe(12);
    expect(seen).toEqual(["EAGAIN", "EAGAIN"]);
    expect(written(zram, "recompress", "type=huge")).toBe(9);
  });

  test("a slot that is used while it is written back stays in memory, and the block is used again", () => {
    let times = 0;
    const zram = makeBusy((device) => {
      if (times++ === 0) device.write(2 * 4096, noisePage(50, 4096));
      else if (times === 2) device.discard(0, 4096);
    });
    expect(written(zram, "writeback", "huge")).toBe(4);
    expect(zram.bdStat()).toEqual([1, 0, 2]);
    expect(readPage(zram, 2)).toEqual(noisePage(50, 4096));
    expect(readPage(zram, 1)).toEqual(noisePage(2, 4096));
    expect(readPage(zram, 0)).toEqual(new Uint8Array(4096));
    zram.check();
  });

  test("6.12 passes over slots that are being written back when it marks idle ones", () => {
    const letters: (string | undefined)[] = [];
    for (const era of ["6.12", "6.18"] as const) {
      const open = memoryBackingOpener({ disk: 9 });
      const { zram } = makeDevice({
        era,
        openBacking(path, pageBytes) {
          const device = open(path, pageBytes);
          const write = () => {
            written(zram, "idle", "all");
            letters.push(zram.blockState().at(-4));
            return EIO;
          };
          return { path, blockCount: 9, read: device.read.bind(device), write, close: () => device.close() };
        },
      });
      written(zram, "backing_dev", "disk");
      written(zram, "disksize", "1M");
      zram.write(0, noisePage(1, 4096));
      expect(written(zram, "writeback", "huge")).toBe("EIO");
    }
    expect(letters).toEqual([".", "i"]);
  });
});

test.each([
  ["6.12", "."],
  ["6.18", "i"],
] as const)("%s: a page that could not be written has the idle mark %j", (era, letter) => {
  const { zram } = makeDevice({ era, openBacking: memoryBackingOpener({ disk: 9 }) });
  written(zram, "backing_dev", "disk");
  written(zram, "disksize", "1M");
  zram.write(0, noisePage(1, 4096));
  written(zram, "idle", "all");
  zram.backingFaults.failNext(1);
  expect(written(zram, "writeback", "huge_idle")).toBe("EIO");
  expect(zram.blockState().at(-4)).toBe(letter);
});
