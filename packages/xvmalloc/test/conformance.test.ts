// The promises of the zpool contract, for all page sizes.

import { xvmallocDriver } from "@zlab/xvmalloc";
import { conformanceSuite } from "@zlab/zpool/testing";
import { describe, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

describe.each([
  [4096, 4],
  [16384, 1],
  [65536, 1],
])("pages of %i bytes", (pageBytes, runs) => {
  conformanceSuite({ test, driver: xvmallocDriver, pageBytes, seed, runs });
});
