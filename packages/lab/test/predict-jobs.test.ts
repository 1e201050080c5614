import { describe, expect, test } from "vitest";
import { defaultJobs } from "../src/sizing/jobs.ts";
import { PageSet } from "../src/pages/page-set.ts";
import { ChunkQueue } from "../src/sizing/chunk-queue.ts";
import { errorOf, failureOf } from "../src/sizing/worker-protocol.ts";
import { UsageError } from "../src/errors.ts";
import { somePages, temporaryFile, zlab } from "./zlab.ts";

const FAILING_CODEC = `
  export default { name: "picky", createStream: () => ({
    compress(unit) { if (unit[0] === 0xee && unit[2] === 0xee) throw new Error("page of " + unit[1]); return unit.subarray(0, 9 + (unit[5] & 63)); },
    decompress() {},
  }) };`;

describe("predict --jobs", () => {
  test("gives the same text for any number of threads", async () => {
    const codec = temporaryFile("picky.mjs", FAILING_CODEC);
    const memory = temporaryFile("memory.bin", somePages(700));
    const argv = ["predict", memory, "--codec", `lz4,${codec}`, "--backends", "zsmalloc,zbud", "--jobs"];
    const one = await zlab([...argv, "1"]);
    expect(one.code).toBe(0);
    expect(await zlab([...argv, "2"])).toEqual(one);
    expect(await zlab([...argv, "3"])).toEqual(one);
  });

  test("gives the same for the corpus, which is in no file", async () => {
    const argv = ["predict", "--codec", "lz4", "--jobs"];
    expect(await zlab([...argv, "2"])).toEqual(await zlab([...argv, "1"]));
  });

  test("gives the same for histories", async () => {
    const file = temporaryFile("memory.bin", somePages(700));
    const lines = Array.from({ length: 900 }, (_, i) => `1,hm,0,Write,${((i * 7919) % 500) * 4096},4096,1`);
    const argv = [
      "predict",
      file,
      "--codec",
      "lz4",
      "--history",
      temporaryFile("t.csv", lines.join("\n")),
      "--json",
      "--jobs",
    ];
    const one = await zlab([...argv, "1"]);
    expect(one.code).toBe(0);
    expect(await zlab([...argv, "3"])).toEqual(one);
  });

  test.each(["1", "3"])("tells what the codec says of the first page that it refuses, with %s", async (jobs) => {
    const pages = somePages(2048);
    for (const pageIndex of [700, 1200, 1900]) {
      pages[4096 * pageIndex] = 0xee;
      pages[4096 * pageIndex + 1] = pageIndex & 255;
      pages[4096 * pageIndex + 2] = 0xee;
    }
    const codec = temporaryFile("picky.mjs", FAILING_CODEC);
    const { code, stdout, stderr } = await zlab([
      "predict",
      temporaryFile("m", pages),
      "--codec",
      codec,
      "--jobs",
      jobs,
    ]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toBe(`zlab: ${codec}: the codec's compress failed: page of ${700 & 255}; mend it\n`);
  });

  test.each([
    [
      "cannot load the codec",
      `if (!isMainThread) throw new Error("not here");`,
      /odd\.mjs: cannot be loaded: Error: not here/,
    ],
    ["ends in the middle", `inThread = () => process.exit(0);`, /a thread ended before its work was done/],
    [
      "runs into an error of a timer",
      `if (!isMainThread) setTimeout(() => { throw new Error("late"); });`,
      /uncaught: late/,
    ],
  ])("comes to an end if a thread %s", async (_, statement, message) => {
    // The program's own thread is slow, so that the other one takes part.
    const source = `
      import { isMainThread } from "node:worker_threads";
      const nap = () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2);
      let inThread = () => {};
      ${statement}
      export default { name: "odd", createStream: () => ({
        compress(unit) {
          if (isMainThread) nap();
          else inThread();
          return unit.subarray(0, 9);
        },
        decompress() {},
      }) };`;
    const codec = temporaryFile("odd.mjs", source);
    const { code, stderr } = await zlab([
      "predict",
      temporaryFile("m", somePages(1024)),
      "--codec",
      codec,
      "--jobs",
      "2",
    ]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  test("takes one thread for small inputs if nobody says otherwise", () => {
    const pages = new PageSet(4096, []);
    expect(defaultJobs(pages, 8191)).toBe(1);
    expect(defaultJobs(pages, 8192)).toBeGreaterThanOrEqual(1);
  });

  test("refuses no thread at all", async () => {
    const { code, stderr } = await zlab(["predict", "--jobs", "0"]);
    expect(code).toBe(2);
    expect(stderr).toContain('--jobs must be a whole number from 1 to 256, not "0"');
  });
});

describe("the queue of chunks", () => {
  test.each([
    [4096, 600, [256, 512, 600]],
    [65536, 33, [16, 32, 33]],
  ])("covers every page once, with pages of %d", (pageBytes, pageCount, ends) => {
    const queue = new ChunkQueue(pageCount, pageBytes);
    const other = new ChunkQueue(pageCount, pageBytes, queue.shared);
    const taken = [queue.take(), other.take(), queue.take(), other.take(), queue.take()];
    expect(taken).toEqual([0, 1, 2, undefined, undefined]);
    expect([0, 1, 2].map((chunk) => other.endOf(chunk))).toEqual(ends);
    expect([0, 1, 2].map((chunk) => queue.firstPageOf(chunk))).toEqual([0, ...ends.slice(0, 2)]);
  });

  test("has nothing left for anybody once it is closed", () => {
    const queue = new ChunkQueue(600, 4096);
    const other = new ChunkQueue(600, 4096, queue.shared);
    expect(other.take()).toBe(0);
    queue.close();
    expect(other.take()).toBeUndefined();
  });
});

test("errors keep what they are on the way from a thread", () => {
  expect(errorOf(structuredClone(failureOf(new UsageError("bad file"))))).toBeInstanceOf(UsageError);
  const coded = errorOf(structuredClone(failureOf(Object.assign(new Error("no\n room"), { code: "ZLAB_X" }))));
  expect(coded).toMatchObject({ message: "no room", code: "ZLAB_X" });
  expect(coded).not.toBeInstanceOf(UsageError);
});
