// Whether check finds what is wrong: a pool is spoiled in one place through the tables' own methods.

import { GFP_KERNEL, type Pfn } from "@zlab/hw-sim";
import { type CheckLevel, type Handle, MapMode } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { describe, expect, test } from "vitest";
import {
  FRESH,
  LISTS,
  NEXT,
  PARTIAL,
  PREVIOUS,
  SENTINEL_WORDS,
  SEQUENCE,
  STATE,
  UNUSED,
  USED,
} from "../src/table-layout.ts";
import { smallMachine, zsPool } from "./fixtures.ts";

type ClassId = ReturnType<ZsPool["zspages"]["classAt"]>;
type ZspageId = ReturnType<ZsPool["zspages"]["fullest"]>;

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

// The same pool, spoiled in ways of which the full text is known. Class 30 has slots of 512 bytes, 8 in a page; zspage 0 is full,
// zspage 1 has 2 objects and so is in group 3.
describe("names the equation", () => {
  interface Spoiled {
    readonly pool: ZsPool;
    readonly c: ClassId;
    readonly full: ZspageId;
    readonly roomy: ZspageId;
    readonly last: Handle;
  }

  test.each<[CheckLevel, string, (spoiled: Spoiled) => unknown]>([
    [
      1,
      "sum of pages used by classes = totalPages: 1, expected 2",
      ({ pool, c, roomy }) => pool.zspages.release(roomy, c),
    ],
    [
      1,
      "sum of objects used by classes = mallocs - frees: 11, expected 10",
      ({ pool, c, roomy }) => pool.zspages.recount(roomy, c, 1),
    ],
    [2, "class 30: zspages on its lists: 1, expected 2", ({ pool, c, roomy }) => pool.zspages.remove(roomy, c)],
    [2, "class 30: mask of the lists with zspages: 0, expected 2056", ({ pool, c }) => poke(pool, c + PARTIAL, 0)],
    [
      2,
      "class 30: objects in its zspages: 10, expected 9",
      ({ pool, c }) => [count(pool, c, -1), count(pool, pool.zspages.classAt(60), 1)],
    ],
    [
      2,
      "class 30, group 3: length of the list: 1, expected 2",
      ({ pool, c }) => poke(pool, c + LISTS + 3 * SENTINEL_WORDS + STATE, 2),
    ],
    [
      2,
      "class 30, group 3: tail: 0, expected ROOMY",
      ({ pool, c }) => poke(pool, c + LISTS + 3 * SENTINEL_WORDS + PREVIOUS, c + LISTS + 3 * SENTINEL_WORDS),
    ],
    [
      2,
      "class 30, group 3: 5 on the list is no zspage of the class",
      ({ pool, c }) => poke(pool, c + LISTS + 3 * SENTINEL_WORDS + NEXT, 5),
    ],
    [
      2,
      "class 30, group 3, zspage 1: previous on the list: FULL, expected 0",
      ({ pool, full, roomy }) => poke(pool, roomy + PREVIOUS, full),
    ],
    [
      2,
      "class 30, group 11, zspage 1: number 1 of 2 zspages is not its own",
      ({ pool, full }) => poke(pool, full + SEQUENCE, 1),
    ],
    [
      2,
      "class 30, group 3, zspage 7: number 7 of 2 zspages is not its own",
      ({ pool, roomy }) => poke(pool, roomy + SEQUENCE, 7),
    ],
    [2, "class 30, group 3, zspage 1: 9 objects in 8 slots", ({ pool, roomy }) => poke(pool, roomy + STATE, 9)],
    [
      2,
      "class 30, group 3, zspage 1: group for its 3 objects: 4, expected 3",
      ({ pool, roomy }) => pool.zspages.takeSlot(roomy),
    ],
    [2, "class 30: unused record 5 is no record of the class", ({ pool, c }) => poke(pool, c + UNUSED, 5)],
    [
      2,
      "class 30: records in use and unused: ROOMY is both, or unused twice",
      ({ pool, c, roomy }) => poke(pool, c + UNUSED, roomy),
    ],
    [2, "class 30: where its unused segment begins is no such place", ({ pool, c }) => poke(pool, c + FRESH, 5)],
    [2, "class 30, group 3, zspage 1: slot 2 is on the free list and allocated", own(2)],
    [2, "class 30, group 3, zspage 1: the free list names slot 9 of 8", link(2, 9)],
    [2, "class 30, group 3, zspage 1: the free list names slot -2 of 8", link(2, -2)],
    [2, "class 30, group 3, zspage 1: length of the free list: 2, expected 6", link(3, -1)],
    [2, "class 30, group 3, zspage 1: length of the free list: 9, expected 6", link(3, 3)],
    [
      2,
      "class 30, group 3, zspage 1: handle HANDLE of slot 1 does not lead back to it",
      ({ pool, last }) => pool.handles.moved(last, pool.slotOf(last - 1)),
    ],
    [2, "live handles = live objects: 11, expected 10", ({ pool, last }) => pool.handles.issue(pool.slotOf(last))],
    [
      2,
      "object 12345 is mapped but not live",
      ({ pool }) => pool.mappings.begin(pool.mappings.available(), 12345 as Handle, MapMode.RO),
    ],
    [
      3,
      "class 30, group 3, zspage 1: page PFN is not an allocated page",
      ({ pool, last }) => pool.machine.freePages(pool.placementOf(last).pfn as Pfn, 0),
    ],
    [
      3,
      "class 30, group 3, zspage 1: owner of page PFN: 0, expected 1",
      ({ pool, last }) => pool.machine.pages.setOwner(pool.placementOf(last).pfn, 0),
    ],
    [
      3,
      "class 30, group 3, zspage 1: index of page PFN: 1, expected 0",
      ({ pool, last }) => pool.machine.pages.setIndex(pool.placementOf(last).pfn as Pfn, 1),
    ],
    [3, "pages of this owner: 3, expected 2", ({ pool }) => pool.machine.allocPages(0, GFP_KERNEL, pool.ownerNumber)],
  ])("from level %d: %s", (level, equation, spoil) => {
    const pool = zsPool(smallMachine());
    const handles = Array.from({ length: 10 }, () => pool.malloc(500, GFP_KERNEL) as Handle);
    const last = handles.at(-1)!;
    const c = pool.zspages.classAt(30);
    const full = pool.zspages.headOf(c, pool.zspages.groupCount - 1);
    const { pfn } = pool.placementOf(last);
    const roomy = pool.zspages.fullest(c);
    spoil({ pool, c, full, roomy, last });
    const message = `test: ${equation.replace("HANDLE", String(last)).replace("PFN", String(pfn)).replace("ROOMY", String(roomy)).replace("FULL", String(full))}`;
    const refused = expect.objectContaining({ code: "ZLAB_CORRUPT", message }) as Error;
    for (let higher = level; higher <= 3; higher++) expect(() => pool.check(higher)).toThrow(refused);
    for (let lower = level - 1; lower >= 1; lower--) pool.check(lower as CheckLevel);
  });

  /** Adds to the objects that a class counts. */
  function count(pool: ZsPool, c: ClassId, change: number): void {
    poke(pool, c + USED, pool.zspages.usedOf(c) + change);
  }

  /** Marks a slot of zspage 1 as allocated. */
  function own(index: number): (spoiled: Spoiled) => void {
    return ({ pool, roomy }) => pool.zspages.setOwner(pool.zspages.slotAt(roomy, index), 1);
  }

  /** Links a free slot of zspage 1 to another. */
  function link(index: number, next: number): (spoiled: Spoiled) => void {
    return ({ pool, roomy }) => poke(pool, pool.zspages.slotAt(roomy, index), next << 1);
  }

  /** Sets a word of the zspage table. */
  function poke({ zspages }: ZsPool, position: number, value: number): void {
    const words = zspages.copyWords();
    words[position] = value;
    zspages.load(words, zspages.copySegments());
  }
});
