// The promises of the zpool contract, checked by the conformance kit, for every era and for the options that change what the
// engine does to bytes. Few runs each: the program's `conformance` command runs more.

import { Machine } from "@zlab/hw-sim";
import { conformanceMachine, conformanceSuite } from "@zlab/zpool/testing";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { describe, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

describe.each([
  { era: "linux-6.12", runs: 3 },
  { era: "linux-4.x", runs: 1 },
  { era: "linux-3.10", runs: 2 },
  { chainSize: 16, runs: 1 },
  { mapping: "page-table", runs: 1 },
  { era: "rfc-2026", runs: 1 },
  { compaction: "before-2023", runs: 1 },
  { compaction: "ideal", runs: 1 },
])("%o", ({ runs, ...options }) => {
  conformanceSuite({ test, driver: zsmallocDriver, options, seed, runs });
});

describe("headers and links in the pages", () => {
  conformanceSuite({
    test,
    driver: zsmallocDriver,
    options: { layout: "in-page" },
    machine: () => new Machine(conformanceMachine()), // a machine, not options: the layout needs bytes
    seed,
    runs: 1,
  });
});

describe("16 KiB pages", () => {
  conformanceSuite({ test, driver: zsmallocDriver, pageBytes: 16384, seed, runs: 1 });
});
