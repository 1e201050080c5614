// Whether check finds what no method of the tables could do: words are changed in an image, and a pool is made of it.

import { GFP_KERNEL, machineImage, restoreMachine } from "@zlab/hw-sim";
import type { Handle, PoolOptions } from "@zlab/zpool";
import { type ZsPool, zsmallocDriver } from "@zlab/zsmalloc";
import { expect, test } from "vitest";
import { smallMachine, zsPool } from "./fixtures.ts";

/** What a case may change, and where it finds it: positions as in table-layout.ts and handle-table.ts. */
interface Tables {
  readonly words: Int32Array;
  readonly cells: Int32Array;
  readonly freeCells: Int32Array;
  readonly counters: Float64Array;
  /** The class of 500 bytes, a full zspage of it, and one with 2 objects in 8 slots. */
  readonly c: number;
  readonly full: number;
  readonly roomy: number;
}

/** A pool with these two zspages and an unused record, made again after the change. */
function remade(change: (tables: Tables) => void, options: PoolOptions = {}): ZsPool {
  const machine = smallMachine();
  const pool = zsPool(machine, options);
  const handles = Array.from({ length: 18 }, () => pool.malloc(500, GFP_KERNEL) as Handle);
  for (const handle of handles.slice(-8)) pool.free(handle);
  const { zspages } = pool;
  const c = zspages.classAt(zspages.indexOf(zspages.classOf(pool.slotOf(handles[0]!))));
  const image = pool.image();
  change({
    words: image.tables["zspages"] as Int32Array,
    cells: image.tables["handles"] as Int32Array,
    freeCells: image.tables["handles.free"] as Int32Array,
    counters: image.tables["pool.counters"] as Float64Array,
    c,
    full: zspages.headOf(c, zspages.groupCount - 1),
    roomy: zspages.fullest(c),
  });
  const copy = restoreMachine({ ...machineImage(machine), ownerNames: ["nobody"] });
  return zsmallocDriver.restore!(copy, "test", image) as ZsPool;
}

const UNUSED = 10;
const FRESH = 11;
const LISTS = 13;
const SLOTS = 4;

test("a pool that was made again without a change is sound", () => {
  remade(() => {}).check(3);
  remade(() => {}, { era: "linux-3.10" }).check(3);
});

test.each<[string, RegExp, (tables: Tables) => void]>([
  [
    "a list that begins beside a record",
    /^test: class 30, group 3: \d+ on the list is no zspage of the class$/,
    ({ words, c, roomy }) => (words[c + LISTS + 3 * 3 + 1] = roomy + 1),
  ],
  [
    "a list that leads out of the table",
    /is no zspage of the class/,
    ({ words, c }) => (words[c + LISTS + 3 * 3 + 1] = 0x7fff_0000),
  ],
  ["more objects than slots", /9 objects in 8 slots/, ({ words, full }) => (words[full] = (-1 << 16) | 9)],
  ["a bit for a list that isn't", /mask of the lists/, ({ words, c }) => (words[c]! |= 1 << 20)],
  ["an unused segment beside its place", /unused segment begins/, ({ words, c }) => words[c + FRESH]!++],
  ["an unused segment of another class", /unused segment begins/, ({ words }) => (words[1 + FRESH] = 4096)],
  ["an unused record that is in use", /is both, or unused twice/, ({ words, c, full }) => (words[c + UNUSED] = full)],
  ["an unused record that is none", /is no record of the class/, ({ words, c }) => words[c + UNUSED]!++],
  [
    "unused records in a circle",
    /unused twice/,
    ({ words, c }) => (words[words[c + UNUSED]! + 1] = words[c + UNUSED]!),
  ],
  [
    "an end of a free list that is none",
    /free list names slot -5 of 8/,
    ({ words, roomy }) => (words[roomy + SLOTS + 7] = -5 << 1),
  ],
  ["a free list beyond the slots", /names slot 8 of 8/, ({ words, roomy }) => (words[roomy + SLOTS + 7] = 8 << 1)],
  [
    "a number of another zspage",
    /number 0 of 3 zspages is not its own/,
    ({ words, full, roomy }) => (words[roomy + 3] = words[full + 3]!),
  ],
  ["a number that wasn't given out", /number 3 of 3 zspages/, ({ words, full }) => (words[full + 3] = 3)],
  ["fewer zspages created than there are", /of 1 zspages is not its own/, ({ counters }) => (counters[1] = 1)],
  [
    "free cells in a circle",
    /handles: the list of free cells runs in a circle/,
    ({ cells, freeCells }) => (cells[freeCells[0]!] = ~freeCells[0]!),
  ],
  ["a free cell that is live", /cell 1 is on the list of free cells/, ({ freeCells }) => (freeCells[0] = 1)],
  ["a free cell that isn't", /cell 65 is on the list/, ({ freeCells }) => (freeCells[0] = 65)],
  ["a free cell of the other list", /cell 20 is on the list/, ({ freeCells }) => (freeCells[1] = 20)],
  [
    "a bit of a free cell that has no meaning",
    /is on the list of free cells and is none/,
    ({ cells, freeCells }) => (cells[freeCells[0]!]! ^= 1 << 30),
  ],
])("finds %s", (_what, message, change) => {
  const pool = remade(change);
  expect(() => pool.check(3)).toThrow(message);
});

test("finds an owner of a slot where handles encode places", () => {
  const pool = remade(({ words, full }) => (words[full + SLOTS]! |= 2), { era: "linux-3.10" });
  expect(() => pool.check(2)).toThrow(/owner of slot 0, where handles encode places: 1, expected 0/);
});

test("finds a page that the machine has for the pool and the pool has not", () => {
  const pool = remade(() => {});
  pool.machine.allocPages(0, GFP_KERNEL, pool.ownerNumber);
  expect(() => pool.check(3)).toThrow(/pages of this owner: \d+, expected \d+$/);
});
