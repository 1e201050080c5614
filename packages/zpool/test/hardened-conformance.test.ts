// A hardened pool keeps the contract: promises about misuse, mappings, failures and repeatability, where it differs from a plain
// one. `npm run check:hardened` checks all promises over all backends.

import { hardenedDriver } from "@zlab/zpool";
import { runConformance } from "@zlab/zpool/testing";
import { expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

test.each([
  "handles-unique",
  "contents-persist",
  "partial-writes-keep-the-rest",
  "copies-keep-to-their-range",
  "wo-mappings-keep-partial-writes",
  "ro-mappings-write-nothing",
  "one-mapping-per-cpu",
  "unmap-needs-a-mapping",
  "preemption-off-while-mapped",
  "made-up-handles-refused",
  "double-frees-refused",
  "free-while-mapped-refused",
  "bad-ranges-refused",
  "pages-counted",
  "slots-add-up",
  "stats-add-up",
  "enomem-leaves-no-trace",
  "freed-slots-reusable-at-once",
  "looking-changes-nothing",
  "size-only-same",
  "capabilities-agree",
  "bad-options-refused",
])("%s", (id) => {
  const report = runConformance({ driver: hardenedDriver(new SlabDriver()) }, { only: [id], seed, runs: 1 });
  expect(report.properties.map(({ verdict, counterexample }) => counterexample ?? verdict)).toEqual(["kept"]);
});
