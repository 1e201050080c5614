// The promises of the zpool contract, checked by the conformance kit. Larger pages are moved about at a cost, so that
// they get fewer programs.

import { zbudDriver } from "@zlab/zbud";
import { conformanceSuite } from "@zlab/zpool/testing";
import { describe, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

describe.each([
  [4096, 8],
  [16384, 1],
])("pages of %d bytes", (pageBytes, runs) => {
  conformanceSuite({ test, driver: zbudDriver, pageBytes, seed, runs });
});
