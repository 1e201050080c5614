// The promise of --json: the same input, options and seed give the same bytes. `npm run check:determinism` has larger runs, and another
// Node.

import { expect, test } from "vitest";
import { somePages, temporaryFile, zlab } from "./zlab.ts";

const trace = "../../golden/zsmalloc-6.12/zsmalloc-errors-s1.trace.jsonl.gz";

test.each([
  [["compare", "FILE", "--codec", "lz4,zstd", "--backends", "zsmalloc", "--seed", "3"]],
  [["replay", trace, "--verify"]],
  [["classes"]],
  [["backends"]],
  [["predict", "FILE", "--codec", "lzo-rle", "--chain", "4,8"]],
  [["stat", "FILE", "--codec", "lz4", "--compact"]],
  [["explain", "8388608 3164715 4800512 0 4800512 238 0 98 98"]],
  [["reproduce", "T1"]],
  [["conformance", "zbud", "--property", "handles-unique", "--runs", "5"]],
])("%j", async (argv) => {
  const file = temporaryFile("memory.bin", somePages(40));
  const command = [...argv.map((word) => (word === "FILE" ? file : word)), "--json"];
  const first = await zlab(command);
  const second = await zlab(command);
  expect(first.code).toBe(0);
  expect(() => JSON.parse(first.stdout) as unknown).not.toThrow();
  expect(second.stdout).toBe(first.stdout);
});

test("predict gives the same with any number of threads", async () => {
  const file = temporaryFile("memory.bin", somePages(300));
  const outputs = await Promise.all(
    ["1", "2"].map((jobs) => zlab(["predict", file, "--codec", "lz4", "--json", "--jobs", jobs])),
  );
  expect(outputs[0]!.code).toBe(0);
  expect(outputs[1]).toEqual(outputs[0]);
});

test("replay tells times only when they are asked for", async () => {
  const result = JSON.parse((await zlab(["replay", trace, "--json", "--times"])).stdout) as {
    files: { seconds?: number; operationsPerSecond?: number }[];
  };
  expect(result.files[0]!.seconds).toBeGreaterThan(0);
  expect(result.files[0]!.operationsPerSecond).toBeGreaterThan(0);
});
