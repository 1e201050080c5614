// The promises of the zpool contract, for all page sizes; but for one that an allocator with lists by size can't make: a freed block is
// listed by its size rounded down, and a request searches from its size rounded up, so that with no memory left the same
// size may fail right after a free. (xvmalloc-pool.test.ts shows it.)

import { xvmallocDriver } from "@zlab/xvmalloc";
import { conformanceProperties } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const NOT_PROMISED = "freed-slots-reusable-at-once";

describe.each([
  [4096, 4],
  [16384, 1],
  [65536, 1],
])("pages of %i bytes", (pageBytes, runs) => {
  const properties = conformanceProperties({ driver: xvmallocDriver, pageBytes });
  const promised = properties.filter(({ applies, id }) => applies && id !== NOT_PROMISED);
  test.each(promised)("$id", (property) => expect(property.check({ seed, runs })).toMatchObject({ ok: true }));
});
