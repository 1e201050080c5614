// The promises of the zpool contract, for all page sizes; but for two that an allocator with lists by size can't keep: a freed
// block is listed by its size rounded down, and a request searches from its size rounded up, so that the same size may need
// another page right after a free. (xvmalloc-pool.test.ts shows it.)

import { xvmallocDriver } from "@zlab/xvmalloc";
import { conformanceProperties } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const NOT_PROMISED = ["freed-slots-reusable-at-once", "freed-space-reused"];

describe.each([
  [4096, 4],
  [16384, 1],
  [65536, 1],
])("pages of %i bytes", (pageBytes, runs) => {
  const properties = conformanceProperties({ driver: xvmallocDriver, pageBytes });
  const promised = properties.filter(({ applies, id }) => applies && !NOT_PROMISED.includes(id));
  test.each(promised)("$id", (property) => expect(property.check({ seed, runs })).toMatchObject({ ok: true }));
});
