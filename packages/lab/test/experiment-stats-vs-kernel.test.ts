// Where the bytes of a device are: to the byte for the devices that a kernel had, and as far as is known for one of the user's.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { DEVICE_STEPS, kernelMmStat } from "../src/experiments/device-history.ts";
import { withZsPool } from "../src/experiments/own-pages.ts";
import { accountOf } from "../src/experiments/pool-account.ts";
import { type StatsVsKernelData, statsVsKernel } from "../src/experiments/stats-vs-kernel.ts";
import { packageDirectory, somePages, temporaryFile, zlab, zlabJson } from "./zlab.ts";

const data = statsVsKernel.run({ seed: 1, scale: 1, progress: () => {} });

describe("the devices of the kernel", () => {
  test("every state's parts add up to mem_used_total without a remainder", () => {
    expect(data.states.length).toBe(12);
    for (const { account, memUsedBytes, unexplainedBytes, comprDataBytes } of data.states) {
      const { payloadBytes, headerBytes, roundingBytes, tailBytes, freeSlotBytes } = account;
      expect(payloadBytes + headerBytes + roundingBytes + tailBytes + freeSlotBytes).toBe(memUsedBytes);
      expect([unexplainedBytes, payloadBytes]).toEqual([0, comprDataBytes]);
    }
  });

  test("the kernel's numbers are those of its file", () => {
    const { written, overwritten } = kernelMmStat("lz4");
    expect([written[2], overwritten[2]]).toEqual([4751360, 4255744]);
    const lz4 = data.states.slice(0, DEVICE_STEPS.length);
    expect(lz4.map(({ memUsedBytes }) => memUsedBytes)).toEqual([4751360, 4325376, 3588096, 4255744]);
  });

  test("a compaction takes free slots and tails away and nothing else", () => {
    const [, discarded, compacted] = data.states.map(({ account }) => account);
    expect(compacted).toMatchObject({
      payloadBytes: discarded!.payloadBytes,
      headerBytes: discarded!.headerBytes,
      roundingBytes: discarded!.roundingBytes,
      freeablePages: 0,
    });
    expect(discarded!.totalBytes - compacted!.totalBytes).toBe(discarded!.freeablePages * 4096);
  });
});

test("each part of an account is what its name says", () => {
  // Class 94: slots of 1,536 bytes, 8 of them on 3 pages without a tail; class 168: 2,720 bytes, 3 on 2 pages, 32 left over.
  withZsPool({ chainSize: 8 }, (pool) => {
    for (const bytes of [1500, 2700, 4096]) expect(pool.malloc(bytes, 0)).toBeGreaterThan(0);
    expect(accountOf(pool, 1500 + 2700 + 4096)).toEqual({
      payloadBytes: 8296,
      headerBytes: 16,
      roundingBytes: 1536 - 1508 + (2720 - 2708),
      tailBytes: 32,
      freeSlotBytes: 7 * 1536 + 2 * 2720,
      totalBytes: 6 * 4096,
      objects: 3,
      freeablePages: 0,
    });
  });
});

describe("a device of the user's", () => {
  const mmStat = (bytes: number, pages: number): string => `8192 ${bytes} ${pages * 4096} 0 ${pages * 4096} 0 0 0 0`;

  async function explain(line: string, file: string): Promise<StatsVsKernelData["states"][number]> {
    const argv = ["experiment", "stats-vs-kernel", "--mm-stat", line, "--pages", file];
    const report = await zlabJson<{ experiments: [{ data: StatsVsKernelData }] }>(argv);
    return report.experiments[0].data.states[0]!;
  }

  test("what mm_stat has beyond a new device is history", async () => {
    const file = temporaryFile("pages.bin", somePages(40));
    const first = await explain(mmStat(1000, 100), file);
    const same = await explain(mmStat(first.account.payloadBytes, first.account.totalBytes / 4096), file);
    expect(same.unexplainedBytes).toBe(0);
    expect(first.unexplainedBytes).toBe(100 * 4096 - first.account.totalBytes);
    const { payloadBytes, headerBytes, roundingBytes, tailBytes, freeSlotBytes } = first.account;
    const sum = payloadBytes + headerBytes + roundingBytes + tailBytes + freeSlotBytes + first.unexplainedBytes;
    expect(sum).toBe(first.memUsedBytes);
  });

  test("the kernel's own device, given as a line and a file, is explained without a remainder", async () => {
    const compressed = readFileSync(join(packageDirectory, "corpus/pages.bin.zst"));
    const file = temporaryFile("pages.bin", zstdDecompressSync(compressed));
    const line = kernelMmStat("lz4").written.join(" ");
    const argv = ["experiment", "stats-vs-kernel", "--mm-stat", line, "--pages", file, "--codec", "lz4"];
    const report = await zlabJson<{ experiments: [{ data: StatsVsKernelData }] }>(argv);
    expect(report.experiments[0].data.states[0]).toEqual({ ...data.states[0], name: "now" });
  });

  test("pages of another device are noticed", async () => {
    const file = temporaryFile("pages.bin", somePages(4));
    const { stdout } = await zlab(["experiment", "stats-vs-kernel", "--mm-stat", mmStat(1, 9), "--pages", file]);
    expect(stdout.replaceAll(/\s+/g, " ")).toMatch(/but the pages are not exactly those of the device \(now\)/);
  });

  test.each([
    [["--mm-stat", "1 2 3"], /--mm-stat must be the seven to nine numbers/],
    [["--mm-stat", "1 2 3 4 5 6 7"], /--mm-stat and --pages belong together/],
    [["--pages", "x"], /--mm-stat and --pages belong together/],
    [["--mm-stat", "1 2 3 4 5 6 7", "--pages", "nosuch.bin"], /nosuch\.bin: no such file/],
  ])("%j is misuse", async (argv, message) => {
    const { code, stderr } = await zlab(["experiment", "stats-vs-kernel", ...argv]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("the conclusion", () => {
  test("names the parts, the largest first", () => {
    const sentence = statsVsKernel.conclude(data);
    expect(sentence).toMatch(/^In 12 of 12 states the parts add up/);
    expect(sentence).toMatch(
      /lz4, written, of 4,751,360 bytes 70\.6 % are payload, 27\.8 % free slots, 0\.9 % rounding/,
    );
    expect(sentence).toMatch(/most is lost when lzo, discarded: .* compaction could free 219 pages\.$/);
  });

  test("is another for other data", () => {
    const state = data.states[0]!;
    const changed = { ...state, memUsedBytes: state.memUsedBytes + 4096, unexplainedBytes: 4096 };
    const sentence = statsVsKernel.conclude({ ...data, states: [changed] });
    expect(sentence).toMatch(/^In 0 of 1 states .* 0\.1 % history, and compaction could free 0 pages\.$/);
  });
});
