// The sweep must stand a right backend, count its page allocations, and name what is wrong with a backend that isn't.

import {
  type SweepVerdict,
  ReferenceDriver,
  campaignCounterexample,
  campaignRun,
  frontEndDriver,
  sweepFaults,
} from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import type { PlantedBug } from "./planted-bugs.ts";
import { SlabDriver } from "./slab-driver.ts";

const brokenOf = (verdicts: readonly SweepVerdict[]) => verdicts.filter(({ broken }) => broken !== undefined);

test("a right backend stands every failure, alone and behind the front end", () => {
  const driver = new SlabDriver();
  const alone = sweepFaults({ driver }, { scale: 0.5 });
  expect(brokenOf(alone)).toEqual([]);
  expect(alone.map(({ scenario }) => scenario)).toEqual(["fill", "churn", "compaction", "spanning", "mapped", "large"]);
  for (const { failures } of alone) expect(failures).toBeGreaterThan(3);

  const reference = new ReferenceDriver();
  const frontEnd = frontEndDriver([driver, reference]);
  const switchTargets = [{ driver: reference }, { driver }];
  const behind = sweepFaults({ driver: frontEnd, switchTargets }, { scale: 0.5, only: ["fill", "switching"] });
  expect(brokenOf(behind)).toEqual([]);
  expect(behind.map(({ scenario }) => scenario)).toEqual(["fill", "switching"]);
  expect(behind[0]).toEqual(alone[0]);
});

test("each page allocation fails once: one for each object where each has a page of its own", () => {
  const [fill] = sweepFaults({ driver: new ReferenceDriver() }, { only: ["fill"] });
  expect(fill).toEqual({ scenario: "fill", failures: 16 });
});

describe.each([
  [
    "first page leaked when the second can't be had",
    2,
    /page allocation 2 failed: afterwards|pages taken from the machine are/,
  ],
  ["failed malloc counted as an object", 1, /afterwards stats\(\)\.objects is 1; before, stats\(\)\.objects is 0$/],
  ["failures counted twice", 1, /afterwards stats\(\)\.failures is 2, expected 1$/],
  ["ENOMEM thrown", 1, /threw ZLAB_ERRNO \(no page\)$/],
] satisfies [PlantedBug, number, RegExp][])("%s", (bug, nth, message) => {
  test("is named", () => {
    const [fill] = sweepFaults({ driver: new SlabDriver(bug) }, { only: ["fill"] });
    expect(fill!.broken).toMatchObject({ nth });
    expect(fill!.broken!.message).toMatch(message);
    expect(fill!.broken!.lines.at(-1)).toBe(fill!.broken!.message);
  });
});

describe.each([
  ["slot twice on the free list", /expected 0x/],
  ["stale handle mapped", /freed before\): was accepted, expected ZLAB_BAD_HANDLE/],
  ["freed page kept", /but \d+ pages were taken from the machine$/],
  ["preemption not restored", /afterwards the preemption count of CPU \d is 1/],
  ["always allowed to sleep", /the kernel log says "BUG: sleeping function/],
  ["HIGHMEM taken without leave", /HIGHMEM pages without __GFP_HIGHMEM$/],
] satisfies [PlantedBug, RegExp][])("random commands find: %s", (bug, message) => {
  test("with a short way to it", () => {
    const runs = Array.from({ length: 40 }, (_, i) => ({
      subject: { driver: new SlabDriver(bug) },
      seed: 1000 + i,
      stepCount: 200,
    }));
    const failing = runs.find((run) => campaignRun(run).failure !== undefined);
    const lines = campaignCounterexample(failing!);
    expect(lines.at(-1)).toMatch(message);
    expect(lines.length).toBeLessThan(14);
  });
});
