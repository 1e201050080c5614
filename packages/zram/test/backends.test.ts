// Other backends and other codecs than the kernel's zram has.

import { type Codec, CodecError, CodecRegistry, lz4Codec } from "@zlab/codecs";
import { Machine, x86_64 } from "@zlab/hw-sim";
import { ZpoolRegistry } from "@zlab/zpool";
import { Zram, resolveZramOptions } from "@zlab/zram";
import { zbudDriver } from "@zlab/zbud";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { describe, expect, test } from "vitest";
import { MIB, makeDevice, noisePage, written } from "./devices.ts";

describe("zbud", () => {
  const { zram } = makeDevice({ backend: "zbud" });
  written(zram, "recomp_algorithm", "algo=zstd");
  written(zram, "disksize", "1M");

  test("stores what fits, two to a page", () => {
    expect(zram.write(0, noisePage(1, 1000))).toBe(0);
    expect(zram.write(4096, noisePage(2, 1000))).toBe(0);
    expect(zram.mmStat().slice(0, 3)).toEqual([8192, 2140, 4096]);
    zram.check();
  });

  test("refuses pages that don't compress, since it can't take a whole one", () => {
    expect(zram.store!.hugeThreshold).toBe(4096);
    expect(zram.write(8192, noisePage(3, 4096))).toBe(-5);
    expect(zram.write(8192, noisePage(3, 4000))).toBe(-5);
    expect(zram.ioStat()).toEqual([0, 2, 0, 0]);
  });

  test("recompresses to whatever is shorter, and never compacts", () => {
    expect(written(zram, "recompress", "\n")).toBe(1);
    expect(zram.mmStat()[1]).toBe(2046);
    expect(written(zram, "compact", "1")).toBe(1);
    expect(zram.mmStat()[6]).toBe(0);
    const target = new Uint8Array(4096);
    expect(zram.read(4096, target)).toBe(0);
    expect(target).toEqual(noisePage(2, 1000));
    zram.check();
  });
});

test("over a hardened pool the device is the same", () => {
  const statistics = [false, true].map((hardened) => {
    const { zram } = makeDevice({ poolOptions: { hardened } });
    written(zram, "disksize", "1M");
    for (let slot = 0; slot < 64; slot++) zram.write(slot * 4096, noisePage(slot, slot * 64));
    for (let slot = 0; slot < 64; slot += 3) zram.write(slot * 4096, noisePage(slot, 4096 - slot));
    written(zram, "compact", "1");
    const target = new Uint8Array(4096);
    expect(zram.read(4096, target)).toBe(0);
    expect(target).toEqual(noisePage(1, 64));
    zram.check();
    return [zram.store!.hugeThreshold, zram.mmStat()];
  });
  expect(statistics[1]).toEqual(statistics[0]);
});

test.each([
  [4, 3257],
  [5, 3401],
  [6, 3497],
  [8, 3625],
  [16, 3833],
])("chains of %i pages: pages are huge from %i bytes on", (chainSize, threshold) => {
  const { zram } = makeDevice({ poolOptions: { chainSize } });
  written(zram, "disksize", "1M");
  expect(zram.store!.hugeThreshold).toBe(threshold);
  expect(written(zram, "recompress", `threshold=${threshold}`)).toBe("EINVAL");
});

describe("a codec that fails", () => {
  let isFailing = false;
  const fail = (): void => {
    if (isFailing) throw new CodecError("ZLAB_CODEC_BAD_STREAM", "planted");
  };
  const failing: Codec = {
    ...lz4Codec(),
    createStream() {
      const stream = lz4Codec().createStream();
      return {
        compress(unit) {
          fail();
          return stream.compress(unit);
        },
        compressedSize: (unit) => stream.compressedSize(unit),
        decompress(compressed, target) {
          fail();
          stream.decompress(compressed, target);
        },
      };
    },
  };

  test("gives I/O errors that are counted", () => {
    const pools = new ZpoolRegistry(new Machine(x86_64(MIB * 16)), [zsmallocDriver, zbudDriver]);
    const zram = new Zram(0, resolveZramOptions({ pools, codecs: new CodecRegistry([failing]) }));
    expect(zram.attributes.read("comp_algorithm")).toBe("[lz4] \n");
    written(zram, "recomp_algorithm", "algo=lz4");
    written(zram, "disksize", "1M");
    zram.write(0, noisePage(1, 1000));
    isFailing = true;
    expect(zram.write(4096, noisePage(1, 1000))).toBe(-5);
    expect(zram.read(0, new Uint8Array(4096))).toBe(-5);
    expect(zram.ioStat()).toEqual([1, 1, 0, 0]);
    expect(written(zram, "recompress", "\n")).toBe("EIO");
    isFailing = false;
    expect(zram.read(0, new Uint8Array(4096))).toBe(0);
    zram.check();
  });
});

test("swap: a freed slot is emptied and counted", () => {
  const { zram } = makeDevice();
  zram.notifySlotFree(0);
  written(zram, "disksize", "64K");
  zram.write(4096, noisePage(1, 1000));
  zram.notifySlotFree(1);
  zram.notifySlotFree(2);
  zram.notifySlotFree(16);
  expect(zram.mmStat()[0]).toBe(0);
  expect(zram.ioStat()).toEqual([0, 0, 0, 2]);
});

test("32-bit words decide what is same-filled", () => {
  const page = Uint8Array.from({ length: 4096 }, (_, i) => i % 8);
  const words = Uint8Array.from({ length: 4096 }, (_, i) => i % 4);
  for (const [wordBytes, same] of [
    [4, 1],
    [8, 2],
  ] as const) {
    const { zram } = makeDevice({ wordBytes });
    written(zram, "disksize", "64K");
    zram.write(0, page);
    zram.write(4096, words);
    expect(zram.mmStat()[5]).toBe(same);
    const target = new Uint8Array(8192);
    expect(zram.read(0, target)).toBe(0);
    expect(Buffer.compare(target, Buffer.concat([page, words]))).toBe(0);
  }
});
