// The kit itself: reports, replays, and what it says about things that are no drivers.

import { Machine } from "@zlab/hw-sim";
import type { ZpoolDriver } from "@zlab/zpool";
import {
  type PropertyVerdict,
  ReferenceDriver,
  conformanceMachine,
  conformanceProperties,
  conformanceSuite,
  runConformance,
} from "@zlab/zpool/testing";
import { expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

test("the ids are stable names, each used once, and each promise is one sentence", () => {
  const properties = conformanceProperties({ driver: new ReferenceDriver() });
  expect(new Set(properties.map(({ id }) => id)).size).toBe(properties.length);
  for (const { id, promise } of properties) {
    expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
    expect(promise).toMatch(/^[^\n]{20,140}\.$/);
  }
});

test("promises that don't apply are told by what they need", () => {
  const report = runConformance(
    { driver: new ReferenceDriver() },
    { runs: 1, only: ["compaction-settles", "handles-valid"] },
  );
  expect(report).toMatchObject({ driver: "reference", pageBytes: 4096, kept: 1, broken: 0, notApplicable: 1 });
  expect(report.properties.find(({ id }) => id === "compaction-settles")).toMatchObject({
    verdict: "not applicable",
    gate: "compact",
  });
});

test("a failure comes with its seed and path, which find the same again", () => {
  const subject = { driver: new SlabDriver("RW mapping starts empty") };
  const property = conformanceProperties(subject).find(({ id }) => id === "rw-mappings-keep-changes")!;
  const first = property.check({ seed: 42 });
  if (first.ok) throw new Error("not found");
  expect(first).toMatchObject({ seed: 42 });
  expect(property.check({ seed: first.seed, path: first.path })).toEqual(first);
  expect(first.counterexample.split("\n").at(-1)).toBe(first.message);
});

test("a counterexample reads as a list of calls that ends in what was wrong", () => {
  const report = runConformance(
    { driver: new SlabDriver("class boundary off by one") },
    { only: ["contents-isolated"] },
  );
  const lines = report.properties[0]!.counterexample!.split("\n");
  expect(lines.length).toBeLessThanOrEqual(5);
  expect(lines[0]).toMatch(/^a = malloc\(\d+\)$/);
  expect(lines.at(-1)).toMatch(/^read\(\w.*\): byte \d+ is 0x[0-9a-f]{2}, expected 0x[0-9a-f]{2}$/);
});

test("the same seed gives the same report", () => {
  const driver = new SlabDriver("slot twice on the free list");
  const run = (seed: number) =>
    runConformance({ driver }, { seed, runs: 5, only: ["contents-isolated", "stats-add-up"] });
  expect(run(7)).toEqual(run(7));
});

test("progress is told after every property", () => {
  const told: [string, number, number][] = [];
  const onProgress = ({ id }: PropertyVerdict, index: number, count: number) => told.push([id, index, count]);
  runConformance({ driver: new ReferenceDriver() }, { runs: 1, only: ["handles-valid", "size-limits"], onProgress });
  expect(told).toEqual([
    ["handles-valid", 0, 2],
    ["size-limits", 1, 2],
  ]);
});

test("the suite registers each promise that applies with any test runner, and throws what broke it", () => {
  const tests = new Map<string, () => void>();
  const driver = new SlabDriver("ENOMEM thrown");
  conformanceSuite({ test: (name, body) => tests.set(name, body), driver, runs: 2 });
  expect(tests.has("highmem-refused")).toBe(false);
  tests.get("size-limits")!();
  expect(() => tests.get("enomem-returned")!()).toThrow(
    /enomem-returned: When a page.*malloc\(\d+\): threw ZLAB_ERRNO/s,
  );
});

test("a machine that the subject makes itself is used, and can't be compared with one without bytes", () => {
  const machine = () => new Machine(conformanceMachine(16384));
  const properties = conformanceProperties({ driver: new ReferenceDriver(), machine });
  expect(properties.find(({ id }) => id === "size-only-same")!.applies).toBe(false);
  expect(runConformance({ driver: new ReferenceDriver(), machine }, { runs: 0, only: [] }).pageBytes).toBe(16384);
});

test.each<[string, unknown, RegExp]>([
  ["null", null, /not a zpool driver: it is null/],
  ["a function", () => 1, /it is function/],
  ["an empty object", {}, /"type" must be a non-empty string/],
  ["one without create", { type: "x", capabilities: () => ({}) }, /"create" must be a function, not undefined/],
  [
    "capabilities without a record",
    { type: "x", capabilities: () => undefined, create: () => 1 },
    /returned no record/,
  ],
  ["capabilities that crash", { type: "x", capabilities: crash, create: () => 1 }, /capabilities\(4096\) threw/],
  [
    "an incomplete record",
    { type: "x", capabilities: () => ({ maxBytes: 1 }), create: () => 1 },
    /capabilities\.movable/,
  ],
  ["a maxBytes that is no number", withCapabilities({ maxBytes: "1" }), /maxBytes must be a whole number/],
  ["an order above 10", withCapabilities({ maxPageOrder: 11 }), /maxPageOrder must be 0 to 10/],
])("something that is no driver is refused: %s", (_, driver, message) => {
  expect(() => runConformance({ driver: driver as ZpoolDriver })).toThrow(
    expect.objectContaining({ code: "ZLAB_BAD_DRIVER", message: expect.stringMatching(message) as string }) as Error,
  );
});

function crash(): never {
  throw new TypeError("no");
}

function withCapabilities(fields: object): unknown {
  const record = { movable: false, sleepMapped: true, compact: false, crossPage: false, maxBytes: 1, maxPageOrder: 0 };
  return { type: "x", capabilities: () => ({ ...record, ...fields }), create: crash };
}

test("a driver that crashes everywhere breaks promises, and does not crash the kit", () => {
  const driver = withCapabilities({}) as ZpoolDriver;
  const { properties } = runConformance({ driver }, { runs: 1 });
  const broken = properties.filter(({ verdict }) => verdict === "broken");
  expect(broken.length).toBe(properties.filter(({ verdict }) => verdict !== "not applicable").length);
  expect(broken[0]).toMatchObject({ message: 'create("pool"): threw TypeError: no' });
});

test("a pool whose methods return nothing breaks promises, and does not crash the kit", () => {
  const pool = new Proxy({}, { get: () => () => undefined });
  const driver = { ...(withCapabilities({}) as ZpoolDriver), create: () => pool as never };
  const { kept } = runConformance({ driver }, { runs: 1 });
  expect(kept).toBe(0);
});
