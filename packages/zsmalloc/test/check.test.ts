// Whether check finds what is wrong: a pool is spoiled in one place through the tables' own methods.

import { GFP_KERNEL, type Pfn } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { expect, test } from "vitest";
import { smallMachine, zsPool } from "./fixtures.ts";

/** Two zspages of 8 slots of one class, one full, one with 2 objects. */
function spoiled(spoil: (pool: ZsPool, last: Handle) => void): () => void {
  const pool = zsPool(smallMachine());
  let last = 0;
  for (let i = 0; i < 10; i++) last = pool.malloc(500, GFP_KERNEL);
  pool.check(3);
  spoil(pool, last as Handle);
  return () => {
    pool.check(3);
  };
}

test.each<[string, RegExp, (pool: ZsPool, last: Handle) => void]>([
  [
    "a slot taken without an object",
    /group for its 3 objects: 4, expected 3/,
    ({ zspages }) => zspages.takeSlot(zspages.fullest(zspages.classAt(30))),
  ],
  [
    "a free slot with an owner",
    /slot 2 is on the free list and allocated/,
    ({ zspages }) => {
      const z = zspages.fullest(zspages.classAt(30));
      zspages.setOwner(zspages.slotAt(z, zspages.firstFreeSlot(z)), 1);
    },
  ],
  [
    "an object counted twice",
    /objects used by classes = mallocs - frees/,
    ({ zspages }) => {
      const c = zspages.classAt(30);
      zspages.recount(zspages.fullest(c), c, 1);
    },
  ],
  [
    "a zspage off its list",
    /zspages on its lists: 1, expected 2/,
    ({ zspages }) => {
      const c = zspages.classAt(30);
      zspages.remove(zspages.fullest(c), c);
    },
  ],
  [
    "a zspage twice on its list",
    /length of the list|previous on the list/,
    ({ zspages }) => {
      const c = zspages.classAt(30);
      zspages.insert(zspages.fullest(c), c);
    },
  ],
  [
    "a slot with another object's handle",
    /handle \d+ of slot 1 does not lead back to it/,
    (pool, last) => pool.zspages.setOwner(pool.slotOf(last), last - 1),
  ],
  [
    "a handle without an object",
    /live handles = live objects: 11, expected 10/,
    (pool, last) => pool.handles.issue(pool.slotOf(last)),
  ],
  [
    "a record in use and unused",
    /pages used by classes = totalPages|records in use and unused/,
    ({ zspages }) => {
      const c = zspages.classAt(30);
      zspages.release(zspages.fullest(c), c);
    },
  ],
  [
    "a record that was lost",
    /pages used by classes = totalPages|records in use and unused/,
    ({ zspages }) => zspages.create(zspages.classAt(30), 9),
  ],
  [
    "a page in two zspages",
    /private of page \d+/,
    ({ zspages }) => {
      const c = zspages.classAt(30);
      const full = zspages.headOf(c, zspages.groupCount - 1);
      zspages.setPfn(zspages.fullest(c), c, 0, zspages.pfnOf(full, c, 0));
    },
  ],
  [
    "a page whose descriptor names another zspage",
    /private of page/,
    (pool, last) => {
      const { pfn } = pool.placementOf(last);
      pool.machine.pages.setPrivate(pfn as Pfn, 1);
    },
  ],
])("finds %s", (_what, message, spoil) => {
  expect(spoiled(spoil)).toThrow(message);
});
