import { describe, expect, test } from "vitest";
import type { Comparison } from "../src/compare/comparison.ts";
import { type SizeCodec, readCorpusSizes } from "../src/pages/corpus-sizes.ts";
import { type Outcome, packageDirectory, somePages, temporaryFile, zlab, zlabJson } from "./zlab.ts";

const fixture = (name: string): string => `test/fixtures/${name}`;

const rawSum = (codec: SizeCodec): number => readCorpusSizes(codec).reduce((sum, { bytes }) => sum + bytes, 0);

describe("the built-in corpus", () => {
  test("goes through every backend under every codec, and all comes back", async () => {
    const { code, stdout, stderr } = await zlab([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("2,048 pages of 4 KiB (8.0 MiB) from the built-in corpus");
    expect(stdout).toContain("238 same-filled pages are not stored");
    expect(stdout.match(/^(lzo-rle|lz4|zstd|deflate): 1,810 objects/gm)).toHaveLength(4);
    expect(stdout.match(/^zsmalloc /gm)).toHaveLength(4);
    expect(stdout.match(/^kmalloc /gm)).toHaveLength(4);
    expect(stdout).toContain("density   bytes stored");
  });

  test("is one table of numbers under one another", async () => {
    const { stdout } = await zlab(["--codec", "zstd", "--backends", "zsmalloc,zbud,kmalloc"]);
    const lines = stdout.split("\n");
    const ruleIndex = lines.findIndex((line) => /^-+(  -+)+$/.test(line));
    const ends = [...lines[ruleIndex]!.matchAll(/-+/g)].map(({ index, 0: dashes }) => index + dashes.length);
    expect(ends).toHaveLength(13);
    for (const row of lines.slice(ruleIndex + 1, ruleIndex + 4)) {
      expect(row.length).toBeLessThanOrEqual(120);
      for (const end of ends.slice(1)) expect(row.slice(end - 1, end + 1)).toMatch(/^[\d%-]\s?$/);
    }
  });

  test("has the numbers of zbud that its rules give", async () => {
    const { runs, codecs } = await zlabJson<Comparison>(["--codec", "zstd", "--no-times", "--backends", "zbud"]);
    const [codec] = codecs;
    const [run] = runs;
    expect(codec).toMatchObject({ name: "zstd", sameFilledPages: 238, objects: 1810, rawPages: 95 });
    expect(run).toMatchObject({ codec: "zstd", backend: "zbud", status: "ok", objectsRefused: 95, spanningObjects: 0 });
    expect(run!.objectsStored).toBe(1810 - 95);
    expect(run!.bytesStored).toBe(codec!.objectBytes - 95 * 4096);
    expect(run!.poolPages).toBeGreaterThanOrEqual(Math.ceil(run!.objectsStored! / 2));
    expect(run!.density).toBeCloseTo(run!.bytesStored! / (run!.poolPages! * 4096), 3);
    expect(run!.overhead).toBeCloseTo((run!.poolPages! * 4096) / run!.bytesStored! - 1, 3);
    expect(run!.pagesAfterCompaction).toBeNull();
  });

  test("is regrouped for larger pages", async () => {
    const { input, runs } = await zlabJson<Comparison>([
      "--page-size",
      "65536",
      "--codec",
      "zstd",
      "--backends",
      "kmalloc",
    ]);
    expect(input).toMatchObject({ pageBytes: 65536, pages: 128 });
    expect(runs[0]).toMatchObject({ status: "ok", objectsRefused: 0 });
  });
});

describe("--json", () => {
  test("has the documented keys", async () => {
    const result = await zlabJson<Comparison>(["--backends", "zsmalloc", "--codec", "deflate", "--times"]);
    expect(Object.keys(result)).toEqual(["input", "environment", "seed", "chainSize", "codecs", "runs", "failedRuns"]);
    expect(Object.keys(result.runs[0]!)).toEqual([
      "codec",
      "backend",
      "status",
      "objectsStored",
      "objectsRefused",
      "bytesStored",
      "poolPages",
      "poolBytes",
      "density",
      "overhead",
      "spanningObjects",
      "pagesAfterChurn",
      "pagesAfterCompaction",
      "nsPerStore",
      "nsPerLoad",
      "nsPerFree",
      "reason",
      "failure",
    ]);
    expect(result.runs[0]!.pagesAfterCompaction).toBeLessThanOrEqual(result.runs[0]!.pagesAfterChurn!);
    expect(result.runs[0]!.spanningObjects).toBeGreaterThan(0);
    expect(result.runs[0]!.nsPerStore).toBeGreaterThan(0);
    expect(result.environment).toEqual(expect.objectContaining({ node: process.versions.node }));
  });

  test("is the same for the same seed, times left out, and another for another seed", async () => {
    const placement = async (seed: string): Promise<unknown> => {
      const argv = ["--backends", "zsmalloc", "--codec", "zstd", "--no-times", "--seed", seed];
      const { seed: _, ...result } = await zlabJson<Comparison>(argv);
      return result;
    };
    const first = await placement("5");
    expect(await placement("5")).toEqual(first);
    expect(await placement("6")).not.toEqual(first);
  });

  test("a longer chain changes zsmalloc's pages", async () => {
    const pages = async (chain: string): Promise<unknown> =>
      (await zlabJson<Comparison>(["--backends", "zsmalloc", "--codec", "zstd", "--no-times", "--chain", chain]))
        .runs[0]!.poolPages;
    expect(await pages("4")).not.toBe(await pages("8"));
  });
});

describe("files", () => {
  test("are taken page by page; the end of a partial page is zeros, and said to be", async () => {
    const file = temporaryFile("memory.bin", somePages(3).subarray(0, 2 * 4096 + 100));
    const { code, stdout } = await zlab(["compare", file, file, "--backends", "zbud", "--codec", "zstd", "--no-times"]);
    expect(code).toBe(0);
    expect(stdout).toContain("6 pages of 4 KiB (24.0 KiB) from ");
    expect(stdout.match(/memory\.bin ends within a page: its last 3,996 bytes were filled with zeros/g)).toHaveLength(
      2,
    );
  });

  test("of nothing but same-filled pages leave nothing to store", async () => {
    const file = temporaryFile("zeros.bin", new Uint8Array(8192));
    const { code, stdout } = await zlab(["compare", file, "--backends", "zsmalloc", "--codec", "zstd", "--no-times"]);
    expect(code).toBe(0);
    expect(stdout).toContain("2 same-filled pages are not stored");
    expect(stdout).not.toMatch(/NaN|Infinity/);
  });
});

describe("codecs", () => {
  const run = (codec: string): Promise<Outcome> =>
    zlab(["compare", "--backends", "zbud", "--no-times", "--codec", codec]);

  test("have the order of the command line, and the kernel's lengths", async () => {
    const { codecs } = await zlabJson<Comparison>(["--codec", "zstd,deflate", "--backends", "zbud", "--no-times"]);
    expect(codecs.map(({ name }) => name)).toEqual(["zstd", "deflate"]);
    // Sums of the lengths in corpus/truth-pages.csv, a raw page for those of a page and more.
    expect(codecs.map(({ objectBytes }) => objectBytes)).toEqual([rawSum("zstd"), rawSum("deflate")]);
  });

  test("of somebody else stand beside them, told apart by their file", async () => {
    const { code, stdout, stderr } = await run("lz4,examples/runs-codec.js,./test/fixtures/second-lz4.js");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^runs: 1,810 objects/m);
    expect(stdout).toMatch(/^lz4: /m);
    expect(stdout).toMatch(/^lz4 \(\.\/test\/fixtures\/second-lz4\.js\): /m);
  });

  test("that give other bytes back are found", async () => {
    const { code, stdout } = await run("test/fixtures/forgetful-codec.js");
    expect(code).toBe(1);
    expect(stdout).toContain("FAILED zbud, forgetful, verification after store: page 0 of the built-in corpus");
  });
});

describe("drivers", () => {
  test("of somebody else stand beside the backends", async () => {
    const argv = [
      "compare",
      "--driver",
      "examples/page-per-object.js",
      "--backends",
      "zbud",
      "--codec",
      "zstd",
      "--no-times",
    ];
    const { runs } = await zlabJson<Comparison>(argv);
    expect(runs.map(({ backend, status }) => [backend, status])).toEqual([
      ["zbud", "ok"],
      ["page-per-object", "ok"],
    ]);
    expect(runs[1]!.poolPages).toBe(1810);
  });

  test("a lost byte is found, and where it is", async () => {
    const argv = [
      "compare",
      "--driver",
      fixture("faulty-driver.js"),
      "--backends",
      "zbud",
      "--codec",
      "zstd",
      "--no-times",
    ];
    const { code, stdout, stderr } = await zlab(argv);
    const found =
      /faulty, zstd, verification after store: page 2 of the built-in corpus \(python-heap\), offset 0 of its compressed bytes: expected 0x28, got 0xd7/;
    expect(code).toBe(1);
    expect(stdout).toMatch(found);
    expect(stderr).toMatch(/^zlab: faulty failed with zstd, verification after store: page 2 [^\n]*\n$/);
    expect(stdout).toMatch(/^zbud +1,715 /m);
  });

  test("a lost byte is described in JSON", async () => {
    const argv = [
      "compare",
      "--driver",
      fixture("faulty-driver.js"),
      "--backends",
      "zbud",
      "--codec",
      "zstd",
      "--no-times",
    ];
    const { runs, failedRuns } = await zlabJson<Comparison>(argv);
    expect(failedRuns).toBe(1);
    expect(runs[1]).toMatchObject({
      status: "failed",
      poolPages: null,
      failure: { stage: "verification after store", pageIndex: 2, offset: 0, expected: 0x28, got: 0xd7 },
    });
  });

  test("a leaked page is found", async () => {
    const { code, stdout } = await zlab([
      "--driver",
      fixture("leaking-driver.js"),
      "--backends",
      "zbud",
      "--codec",
      "zstd",
    ]);
    expect(code).toBe(1);
    expect(stdout).toContain("FAILED leaking, zstd, free: 1 pages did not come back to the machine");
  });

  test("a crash is a failure of the driver, not of the program", async () => {
    const { code, stdout } = await zlab([
      "--driver",
      fixture("crashing-driver.js"),
      "--backends",
      "zbud",
      "--codec",
      "zstd",
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/FAILED crashing, zstd, store: TypeError: /);
    expect(stdout).not.toContain(packageDirectory);
  });

  test("with the name of a backend are told apart by their file", async () => {
    const file = fixture("second-zbud.js");
    const { runs } = await zlabJson<Comparison>([
      "--driver",
      file,
      "--backends",
      "zbud",
      "--codec",
      "zstd",
      "--no-times",
    ]);
    expect(runs.map(({ backend }) => backend)).toEqual(["zbud", `zbud (${file})`]);
    expect(runs[1]!.poolPages).toBe(runs[0]!.poolPages);
  });
});
