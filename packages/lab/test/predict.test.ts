import { readFileSync } from "node:fs";
import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Zram, resolveZramOptions } from "@zlab/zram";
import { describe, expect, test } from "vitest";
import { createRegistry, machineFor } from "../src/compose.ts";
import { readCorpus } from "../src/pages/corpus.ts";
import type { PredictResult } from "../src/predict/predict.ts";
import { numberedPages, swapImage } from "./image-files.ts";
import { packageDirectory, somePages, temporaryFile, zlab, zlabJson } from "./zlab.ts";

const predicted = (...argv: string[]): Promise<PredictResult> => zlabJson<PredictResult>(["predict", ...argv]);
const columns = (mmStat: string): number[] => mmStat.trim().split(/ +/).map(Number);

const ALL_BACKENDS = "zsmalloc,zsmalloc@linux-4.x,zsmalloc@linux-3.10,zbud,z3fold,kmalloc,kmalloc-slab,xvmalloc,zblock";

describe("predict", () => {
  test("gives the columns of a real device for the corpus", async () => {
    const text = readFileSync(`${packageDirectory}corpus/device-truth.json`, "utf8");
    const { corpora } = JSON.parse(text) as { corpora: { pages: Record<string, { written: number[] }> } };
    const { predictions } = await predicted("--codec", "lz4,lzo,lzo-rle", "--chain", "8");
    expect(predictions).toHaveLength(3);
    for (const { codec, mmStat } of predictions) {
      expect({ codec, mmStat: columns(mmStat) }).toEqual({ codec, mmStat: corpora.pages[codec]!.written });
    }
  });

  test.each([4096, 65536])("gives what a device that keeps all bytes shows, with pages of %d", async (pageBytes) => {
    const { predictions } = await predicted("--codec", "zstd,lz4", "--chain", "4", "--page-size", String(pageBytes));
    for (const { codec, mmStat } of predictions) {
      const pages = readCorpus(pageBytes);
      const pools = createRegistry(machineFor(pageBytes, pages.pageCount * pageBytes));
      const codecs = new CodecRegistry(kernelCodecs());
      const config = resolveZramOptions({ pools, codecs }, { defaultAlgorithm: codec, poolOptions: { chainSize: 4 } });
      const device = new Zram(0, config);
      device.initialise(BigInt(pages.pageCount * pageBytes));
      for (let i = 0; i < pages.pageCount; i++) device.write(i * pageBytes, pages.page(i));
      expect(`${mmStat}\n`).toBe(device.attributes.read("mm_stat"));
    }
  });

  test("accounts for the memory used to the byte, whatever the allocator", async () => {
    const { predictions } = await predicted("--backends", ALL_BACKENDS, "--codec", "lz4", "--chain", "4,8,16");
    expect(predictions).toHaveLength(9 + 2);
    for (const { compressedBytes, memoryUsedBytes, waste, mmStat, backend } of predictions) {
      const parts = [waste.roundingBytes, waste.tailBytes, waste.freeBytes, waste.headerBytes];
      expect({ backend, sum: compressedBytes + parts.reduce((sum, part) => sum + part, 0) }).toEqual({
        backend,
        sum: memoryUsedBytes,
      });
      expect(Math.min(...parts)).toBeGreaterThanOrEqual(0);
      expect(columns(mmStat).slice(1, 3)).toEqual([compressedBytes, memoryUsedBytes]);
    }
  });

  test("splits zsmalloc's waste as its classes do", async () => {
    // Three objects of one class of 8 pages would be free slots mostly; the header is 8 bytes of each slot.
    const file = temporaryFile("memory.bin", somePages(3));
    const [found] = (await predicted(file, "--codec", "lz4")).predictions;
    const { classes } = await zlabJson<{
      classes: { sizeBytes: number; objectsUsed: number; objectsAllocated: number }[];
    }>(["stat", file, "--codec", "lz4"]);
    const slots = classes.reduce((sum, { sizeBytes, objectsUsed }) => sum + sizeBytes * objectsUsed, 0);
    const free = classes.reduce((sum, row) => sum + row.sizeBytes * (row.objectsAllocated - row.objectsUsed), 0);
    expect(found!.waste).toMatchObject({ headerBytes: 24, freeBytes: free });
    expect(found!.waste.roundingBytes).toBe(slots - 24 - found!.compressedBytes);
  });

  test("ranks by memory used, and what refuses pages last", async () => {
    const { predictions } = await predicted(
      "--backends",
      "zbud,zsmalloc,xvmalloc",
      "--chain",
      "4,16",
      "--codec",
      "lz4,zstd",
    );
    expect(predictions.map(({ rank }) => rank)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const keys = predictions.map(({ refusedPages, memoryUsedBytes }) => refusedPages * 1e12 + memoryUsedBytes);
    expect(keys).toEqual(keys.toSorted((a, b) => a - b));
    expect(predictions.at(-1)!.refusedPages).toBeGreaterThan(0);
    expect(predictions[0]).toMatchObject({ codec: "zstd", backend: "zsmalloc", chainSize: 4, refusedPages: 0 });
  });

  test("takes allocators without chains once", async () => {
    const { predictions } = await predicted("--backends", "zbud,zsmalloc", "--chain", "4,8", "--codec", "lz4");
    expect(predictions.map(({ backend, chainSize }) => `${backend} ${chainSize}`).toSorted()).toEqual([
      "zbud null",
      "zsmalloc 4",
      "zsmalloc 8",
    ]);
  });

  test("prints a table and the kernel's lines", async () => {
    const { code, stdout, stderr } = await zlab(["predict", "--codec", "lz4,zstd", "--chain", "8,4"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("2,048 pages of 4 KiB (8.0 MiB) from the built-in corpus\n         238 same-filled pages");
    expect(stdout).toMatch(/^1 +zstd +zsmalloc +4 +2\.2 MiB +2\.8 MiB +2\.897 +97 +0 /m);
    expect(stdout).toContain(
      "\nlz4 zsmalloc 8    8388608  3355406  4751360        0  4751360      238        0      107      107\n",
    );
  });

  test("reads the formats, and codecs of somebody else", async () => {
    const swap = temporaryFile("swap.img", swapImage(numberedPages(0, 4, 16384), 16384));
    const { input, predictions } = await predicted(swap, "--codec", "examples/runs-codec.js");
    expect(input).toMatchObject({ pageBytes: 16384, pages: 4, sources: [{ format: "swap" }] });
    expect(predictions[0]).toMatchObject({ codec: "runs", origBytes: 4 * 16384 });
  });

  test("of nothing but zeros needs nothing", async () => {
    const { code, stdout } = await zlab([
      "predict",
      temporaryFile("zeros.bin", new Uint8Array(8192)),
      "--codec",
      "lz4",
    ]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 +lz4 +zsmalloc +8 +0 B +0 B +- +0 +0 +0 B/m);
  });

  test.each([
    ["an unknown backend", ["--backends", "zsmalloc,zcache"], /no backend "zcache"/],
    ["an unknown codec", ["--codec", "lzx"], /no codec "lzx"/],
    ["a chain out of range", ["--chain", "8,17"], /--chain must be a whole number from 4 to 16, not "17"/],
    ["no chain", ["--chain", ","], /--chain needs a list/],
    ["a missing file", ["nosuch.bin"], /nosuch\.bin: no such file/],
  ])("refuses %s", async (_, argv, message) => {
    const { code, stdout, stderr } = await zlab(["predict", ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });
});
