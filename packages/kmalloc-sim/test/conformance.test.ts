// The promises of the zpool contract, for both backends, checked by the conformance kit. Larger pages get fewer programs: their
// objects are larger too.

import { kmallocDriver, kmallocSlabDriver } from "@zlab/kmalloc-sim";
import { conformanceSuite } from "@zlab/zpool/testing";
import { describe, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

describe.each([
  { pageBytes: 4096, runs: 3 },
  { pageBytes: 16384, runs: 1 },
])("pages of $pageBytes bytes", ({ pageBytes, runs }) => {
  describe("kmalloc", () => conformanceSuite({ test, driver: kmallocDriver, pageBytes, seed, runs }));
  describe("kmalloc-slab", () => conformanceSuite({ test, driver: kmallocSlabDriver, pageBytes, seed, runs }));
});

describe("kmalloc for 64 CPUs, slabs in random order", () => {
  const options = { cpus: 64, randomizeFreelist: true };
  conformanceSuite({ test, driver: kmallocDriver, options, seed, runs: 2 });
});
