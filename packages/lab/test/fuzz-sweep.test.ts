// Every page allocation fails once, for every backend and era, alone, behind the front end with live switching, and under zram. Small
// scenarios; `npm run fuzz -- --sweep` has more of them and longer ones.

import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import { zbudDriver } from "@zlab/zbud";
import type { ZpoolDriver } from "@zlab/zpool";
import { type SweepVerdict, conformanceMachine, frontEndDriver, sweepFaults } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import { backendVariants } from "../src/compose.ts";
import { fuzz } from "../src/fuzz/fuzz.ts";
import { jobsOf, writeSweep } from "../src/fuzz/sweep.ts";
import { sweepZram } from "../src/fuzz/zram-sweep.ts";
import type { ZramSetup } from "../src/fuzz/zram-session.ts";
import { packageDirectory } from "./zlab.ts";

const brokenOf = (verdicts: readonly SweepVerdict[]) => verdicts.filter(({ broken }) => broken !== undefined);
const failuresOf = (verdicts: readonly SweepVerdict[]) => verdicts.reduce((sum, { failures }) => sum + failures, 0);

function deviceOver(driver: ZpoolDriver, era: ZramSetup["era"], poolOptions: ZramSetup["poolOptions"] = {}): ZramSetup {
  const algorithms = ["lzo-rle", "zstd"];
  return { machine: conformanceMachine(), driver, poolOptions, era, slotCount: 0, backingBlocks: 16, algorithms };
}

describe.each(backendVariants().map((variant, i, all) => ({ ...variant, next: all[(i + 1) % all.length]! })))(
  "$label",
  ({ driver, options, next }) => {
    test("alone", () => {
      const verdicts = sweepFaults(
        { driver, options },
        { scale: 0.5, only: ["fill", "churn", "compaction", "mapped"] },
      );
      expect(brokenOf(verdicts)).toEqual([]);
      expect(failuresOf(verdicts)).toBeGreaterThan(10);
    });

    test("behind the front end, switched to the next backend and back", () => {
      const drivers = next.driver === driver ? [driver] : [driver, next.driver];
      const frontEnd = frontEndDriver([driver, ...drivers.slice(1)]);
      const switchTargets = [next, { driver, options }];
      const verdicts = sweepFaults({ driver: frontEnd, options, switchTargets }, { only: ["switching"] });
      expect(brokenOf(verdicts)).toEqual([]);
      expect(failuresOf(verdicts)).toBeGreaterThan(6);
    });

    test("under zram", () => {
      const verdicts = sweepZram(deviceOver(driver, options["era"] === "linux-4.x" ? "6.12" : "6.18", options));
      expect(brokenOf(verdicts)).toEqual([]);
      expect(verdicts.map(({ scenario }) => scenario)).toEqual(["overwrite", "requests", "recompress", "writeback"]);
      expect(failuresOf(verdicts)).toBeGreaterThan(10);
    });
  },
);

/** zbud, but a page is lost whenever malloc finds none. */
const losing: ZpoolDriver = {
  ...zbudDriver,
  type: "losing",
  create(machine, name) {
    const pool = zbudDriver.create(machine, name);
    const malloc = pool.malloc.bind(pool);
    pool.malloc = (bytes, gfp) => {
      const result = malloc(bytes, gfp);
      if (isErrno(result)) machine.allocPages(0, GFP_KERNEL, 0);
      return result;
    };
    return pool;
  },
};

test("a page lost under zram is named", () => {
  for (const era of ["6.12", "6.18"] as const) {
    const [overwrite] = sweepZram(deviceOver(losing, era));
    expect(overwrite!.broken).toMatchObject({
      nth: 1,
      message: "afterwards the pages taken from the machine is 1, expected 0",
    });
  }
});

test("the report has a line for each subject, and below what it did not stand", () => {
  let stdout = "";
  const variant = { label: "losing", driver: losing, options: {} };
  const [alone, , , , device] = jobsOf(variant, [variant], 1);
  const results = [alone!, device!].map((job) => ({ ...job, verdicts: job.verdicts() }));
  writeSweep(results, false, { stdout: { write: (text: string) => (stdout += text) }, env: {} });
  expect(stdout).toMatch(/^losing +alone +4 KiB +5 +5 +BROKEN: fill, churn, spanning, mapped, large$/m);
  expect(stdout).toMatch(/^losing +zram 6\.12 +4 KiB +4 +\d +BROKEN: overwrite, requests, recompress, writeback$/m);
  expect(stdout).toContain("losing, alone, fill, page allocation 1:\n  a = malloc(");
  expect(stdout).toMatch(/\n\d+ page allocations failed, each in a run of its own; 2 broken\n$/);
});

test("misuse and interruption on the command line", async () => {
  let stdout = "";
  let stderr = "";
  const run = (line: string, signal: AbortSignal = new AbortController().signal) =>
    fuzz(
      line.split(" "),
      {
        stdout: { write: (text: string) => (stdout += text) },
        stderr: { write: (text: string) => (stderr += text) },
        env: {},
        cwd: packageDirectory,
      },
      signal,
    );
  expect(await run("--sweep --backend nosuch")).toBe(2);
  expect(stderr).toMatch(/^fuzz: --sweep knows the backends zsmalloc, .*, not "nosuch"\n$/);
  expect(await run("--sweep --backend zbud", AbortSignal.abort())).toBe(130);
  expect(stdout).toMatch(/0 page allocations failed, .*; all stood, interrupted\n$/);
});
