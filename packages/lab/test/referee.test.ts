import { MM_STAT_COLUMNS } from "@zlab/zram";
import { describe, expect, test } from "vitest";
import type { Operation } from "../src/referee/operations.ts";
import { Referee, type RefereeOptions } from "../src/referee/referee.ts";
import { SimulatedZram } from "../src/referee/simulated-zram.ts";
import { mixedWorkload } from "../src/referee/workloads.ts";
import { LyingSide, someContents, take, watched } from "./referee-fakes.ts";

const contents = someContents();
const slotCount = 256;
const shape = { slotCount, corpusCount: contents.corpusCount, canDiscard: true };

/** The first operations of a mix. */
function mixed(seed: number, count: number): Operation[] {
  return take(mixedWorkload(seed, shape), count);
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

function refereeOf(kernel: LyingSide, options: Partial<RefereeOptions> = {}): Referee {
  const simulator = new SimulatedZram("6.18", 8);
  return new Referee(kernel, simulator, { algorithm: "lz4", slotCount, contents, hostScans: () => 0, ...options });
}

describe("the comparison", () => {
  test("of equal devices finds nothing, and accounts for what it did", async () => {
    const operations = mixed(1, 3000);
    const result = await refereeOf(new LyingSide("6.18", 8)).run(operations);
    expect(result).toMatchObject({ operationCount: 3000, columnsCompared: 27_000, difference: undefined });
    expect(result).toMatchObject({ lateCount: 0, hostCompactionCount: 0 });
    const pagesOf = operations.map((operation) => (operation.kind === "write" ? operation.contents.length : 0));
    expect(result.counts.write).toBe(pagesOf.filter((count) => count > 0).length);
    expect(result.pagesWritten).toBe(sumOf(pagesOf));
    const readPages = operations.map((operation) => (operation.kind === "read" ? operation.pageCount : 0));
    expect(result.pagesCompared).toBe(4 * slotCount + sumOf(readPages));
    expect(result.refusedCount).toBeGreaterThan(10);
  });

  test.each([...MM_STAT_COLUMNS.entries()])("finds a lie in column %i, %s, at its operation", async (index, column) => {
    const kernel = new LyingSide("6.18", 8);
    const lieAt = 137 + index;
    const operations = watched(mixed(2, 300), (operationNumber) => {
      if (operationNumber === lieAt) kernel.changeStat = (stat) => stat.with(index, stat[index]! + 1);
    });
    const { difference } = await refereeOf(kernel).run(operations);
    expect(difference).toMatchObject({ operationNumber: lieAt, hostWasShortOfMemory: false });
    const { disagreement } = difference!;
    expect(disagreement).toMatchObject({ what: "columns", columns: [{ column }] });
    if (disagreement.what !== "columns") return;
    expect(disagreement.columns[0]!.kernel).toBe(disagreement.columns[0]!.simulator + 1);
  });

  test("finds a request that only one side refuses", async () => {
    const kernel = new LyingSide("6.18", 8);
    kernel.changeOutcome = () => "EIO";
    const { difference } = await refereeOf(kernel).run([
      { kind: "compact" },
      { kind: "write", pageIndex: 3, contents: [1, 2] },
    ]);
    expect(difference).toEqual({
      operationNumber: 2,
      operation: "write of contents 1, 2 to pages 3 to 4",
      disagreement: { what: "outcome", kernel: "EIO", simulator: "done" },
      hostWasShortOfMemory: false,
    });
  });

  test.each([
    ["a read", 1000, { kind: "read", pageIndex: 30, pageCount: 16 }, 2],
    ["the look at all contents in between", 2, { kind: "compact" }, 2],
    ["the look at all contents at the end", 1000, { kind: "compact" }, 3],
  ] as const)("finds wrong contents by %s", async (_, contentInterval, second, operationNumber) => {
    const kernel = new LyingSide("6.18", 8);
    kernel.changeRead = (offsetBytes, target) => {
      const index = 37 * 4096 + 4095 - offsetBytes;
      if (index < target.length) target[index]! ^= 1;
    };
    const operations: Operation[] = [{ kind: "write", pageIndex: 37, contents: [5] }, second, { kind: "unlimit" }];
    const { difference } = await refereeOf(kernel, { contentInterval }).run(operations);
    expect(difference).toMatchObject({ operationNumber, disagreement: { what: "contents", pageIndex: 37 } });
  });

  test("finds that the kernel was built with another chain size", async () => {
    const { difference } = await refereeOf(new LyingSide("6.18", 4)).run(mixed(3, 300));
    expect(difference?.disagreement).toMatchObject({ what: "columns" });
  });

  test("takes a second look before it finds anything", async () => {
    const kernel = new LyingSide("6.18", 8);
    let lookCount = 0;
    kernel.changeStat = (stat) => (++lookCount === 5 ? stat.with(2, 0) : stat);
    const result = await refereeOf(kernel).run(mixed(4, 50));
    expect(result).toMatchObject({ lateCount: 1, difference: undefined, operationCount: 50 });
  });

  test("sets a limit relative to the use, and never to none", async () => {
    const kernel = new LyingSide("6.18", 8);
    const limits: number[] = [];
    kernel.changeStat = (stat) => {
      limits.push(stat[3]! - stat[2]!);
      return stat;
    };
    const write: Operation = { kind: "write", pageIndex: 0, contents: [1] };
    await refereeOf(kernel).run([write, { kind: "limit", slackPages: 2 }, { kind: "limit", slackPages: -1000 }]);
    expect(limits.slice(1)).toEqual([2 * 4096, 4096 - kernel.zram.mmStat()[2]!]);
  });

  test("ends with the reason of a signal", async () => {
    const interruption = new AbortController();
    const operations = watched(mixed(5, 5000), (operationNumber) => {
      if (operationNumber === 200) interruption.abort("SIGINT");
    });
    const { signal } = interruption;
    await expect(refereeOf(new LyingSide("6.18", 8), { signal }).run(operations)).rejects.toBe("SIGINT");
  });
});

describe("a compaction that nobody asked for", () => {
  /** Pages of a class are thinned out, then the kernel compacts by itself before the last write. */
  async function compactUnasked(scansGrow: boolean, spoil = false) {
    const kernel = new LyingSide("6.18", 8);
    let scans = 100;
    const pages = Array.from({ length: 128 }, (_, pageIndex) => pageIndex);
    const thinOut: Operation[] = [
      ...pages.map((pageIndex): Operation => ({ kind: "write", pageIndex, contents: [pageIndex % 64] })),
      ...pages.filter((i) => i % 2 === 0).map((pageIndex): Operation => ({ kind: "discard", pageIndex, pageCount: 1 })),
    ];
    const last: Operation[] = [
      { kind: "write", pageIndex: 0, contents: [9] },
      { kind: "write", pageIndex: 1, contents: [10] },
    ];
    const operations = watched([...thinOut, ...last], (operationNumber) => {
      if (operationNumber !== thinOut.length + 1) return;
      expect(kernel.zram.compact()).toBeGreaterThan(0);
      if (scansGrow) scans++;
      if (spoil) kernel.changeStat = (stat) => stat.with(1, stat[1]! + 1);
    });
    const result = await refereeOf(kernel, { hostScans: () => scans }).run(operations);
    return { result, storedPages: kernel.mmStat()[0]! / 4096 };
  }

  test("is told from a difference when the host is short of memory; the run goes on with empty devices", async () => {
    const { result, storedPages } = await compactUnasked(true);
    expect(result).toMatchObject({ hostCompactionCount: 1, difference: undefined, operationCount: 194 });
    expect(storedPages).toBe(1);
  });

  test("is a difference when the host has memory", async () => {
    const { result } = await compactUnasked(false);
    expect(result).toMatchObject({ hostCompactionCount: 0, difference: { operationNumber: 193 } });
  });

  test("hides no difference in what a compaction does not change", async () => {
    const { result } = await compactUnasked(true, true);
    expect(result.difference).toMatchObject({ operationNumber: 193, hostWasShortOfMemory: true });
    expect(result.hostCompactionCount).toBe(0);
  });

  test.each([
    ["counted with a compaction that was asked for", { kind: "compact" }, 1],
    ["by which fewer pages are counted", { kind: "unlimit" }, -1],
  ] as const)("is none %s", async (_, operation, lie) => {
    const kernel = new LyingSide("6.18", 8);
    let scans = 0;
    const operations = watched([{ kind: "unlimit" }, operation], (operationNumber) => {
      if (operationNumber !== 2) return;
      scans++;
      kernel.changeStat = (stat) => stat.with(6, stat[6]! + lie);
    });
    const result = await refereeOf(kernel, { hostScans: () => scans }).run(operations);
    expect(result).toMatchObject({ hostCompactionCount: 0, difference: { operationNumber: 2 } });
  });
});
