// The promises of the zpool contract, with both tables and all page sizes.

import { zblockDriver } from "@zlab/zblock";
import { conformanceSuite } from "@zlab/zpool/testing";
import { describe, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

describe.each([
  ["v4", 4096, 3],
  ["v4", 16384, 1],
  ["early", 4096, 1],
  ["early", 65536, 1],
])("table %s, pages of %i bytes", (table, pageBytes, runs) =>
  conformanceSuite({ driver: zblockDriver, options: { table }, pageBytes, test, seed, runs }),
);
