// The invariants hold through any mix of operations, and each of them is noticed when it does not.

import { GFP_KERNEL, Machine, NO_WATERMARKS, type Pfn, Prng, isErrno } from "@zlab/hw-sim";
import { type CheckLevel, type Handle, PageLists, type PoolStats } from "@zlab/zpool";
import { expect, test } from "vitest";
import { type ZbudState, checkZbudPool } from "../src/check.ts";
import { Buddy } from "../src/chunks.ts";
import { ZbudPageTable } from "../src/page-table.ts";
import { ZbudPool } from "../src/zbud-pool.ts";

function smallMachine(): Machine {
  return new Machine({ pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 512, watermarks: NO_WATERMARKS }] });
}

test("2000 random operations keep every invariant", () => {
  const pool = new ZbudPool(smallMachine(), "churn");
  const prng = new Prng(Number(process.env["ZLAB_SEED"] ?? 1));
  const live: Handle[] = [];
  for (let step = 0; step < 2000; step++) {
    if (live.length > 0 && prng.below(100) < 48) {
      pool.free(live.splice(prng.below(live.length), 1)[0]!);
    } else {
      const handle = pool.malloc(1 + prng.below(3968), GFP_KERNEL);
      if (!isErrno(handle)) live.push(handle);
    }
    pool.check(3);
  }
  expect(pool.stats().objects).toBe(live.length);
  expect(new Set(live).size).toBe(live.length);
});

interface Soundness {
  state: ZbudState;
  stats: PoolStats;
  page: number;
  pfn: Pfn;
}

/** A sound state of one page with a first buddy and a last one of so many chunks, 0 for none. */
function soundState(firstChunks = 10, lastChunks = 20): Soundness {
  const machine = smallMachine();
  const owner = machine.registerOwner("zbud test");
  const pfn = machine.allocPages(0, GFP_KERNEL, owner);
  if (isErrno(pfn)) throw new Error("no page");
  const pages = new ZbudPageTable();
  const lists = new PageLists(63);
  const page = pages.add(pfn);
  machine.pages.setPrivate(pfn, page);
  lists.admit(page);
  lists.insertAtHead(firstChunks > 0 && lastChunks > 0 ? 0 : 63 - firstChunks - lastChunks, page);
  pages.setChunks(page, Buddy.first, firstChunks);
  pages.setChunks(page, Buddy.last, lastChunks);
  const objects = Number(firstChunks > 0) + Number(lastChunks > 0);
  const counts = { totalPages: 1, objects, slotBytes: (firstChunks + lastChunks) * 64, mallocs: 3 + objects, frees: 3 };
  const stats = { ...counts, failures: 0, spanningObjects: 0, pagesCompacted: 0, objectsMoved: 0 };
  return { state: { name: "test", machine, owner, pages, lists }, stats, page, pfn };
}

test.each([
  [10, 20],
  [10, 53],
  [62, 1],
  [1, 62],
  [62, 0],
  [0, 62],
  [1, 0],
])("a page of %d and %d chunks is sound", (firstChunks, lastChunks) => {
  const { state, stats } = soundState(firstChunks, lastChunks);
  checkZbudPool(state, stats, 3);
});

/** What is broken, from which level on that shows, and the equation that is named. */
const CORRUPTIONS: [level: 1 | 2 | 3, equation: string, corrupt: (sound: Soundness) => Partial<PoolStats> | void][] = [
  [1, "objects 2 = mallocs 5 - frees 2", () => ({ frees: 2 })],
  [1, "objects -1 = mallocs 3 - frees 4", () => ({ objects: -1, mallocs: 3, frees: 4, totalPages: -1 })],
  [1, "pages 3 <= objects 2 <= 2 * pages", () => ({ totalPages: 3 })],
  [1, "pages 0 <= objects 2 <= 2 * pages", () => ({ totalPages: 0 })],
  [2, "page 0: an object of up to 62 chunks", ({ state, page }) => state.pages.setChunks(page, Buddy.first, 63)],
  [2, "page 0: an object of up to 62 chunks", ({ state, page }) => state.pages.setChunks(page, Buddy.last, 63)],
  [2, "page 0: first 10 + last 54 <= 63", ({ state, page }) => state.pages.setChunks(page, Buddy.last, 54)],
  [2, "page 0 has an object", ({ state, page }) => [0, 1].forEach((buddy) => state.pages.setChunks(page, buddy, 0))],
  [2, "pages in the table 1 = pages counted 2", () => ({ totalPages: 2 })],
  [2, "buddies 2 = objects 1", () => ({ objects: 1, frees: 4 })],
  [2, "bytes of the chunks 1920 = slotBytes 64", () => ({ slotBytes: 64 })],
  [2, "list node 0 is linked both ways and found", ({ state, page }) => state.lists.insertAtHead(0, page)],
  [2, "listed pages 0 = pages 1", ({ state, page }) => state.lists.remove(page)],
  [2, "page 0 of 10 + 20 chunks is on list 0", (sound) => relist(sound, 33)],
  [2, "page 0 of 62 + 0 chunks is on list 1", (sound) => relist(Object.assign(sound, soundState(62, 0)), 0)],
  [2, "page 0 of 0 + 62 chunks is on list 1", (sound) => relist(Object.assign(sound, soundState(0, 62)), 62)],
  [3, "page frame PFN is allocated as a single page", ({ state, pfn }) => state.machine.freePages(pfn, 0)],
  [3, "owner of page frame PFN = this pool", ({ state, pfn }) => state.machine.pages.setOwner(pfn, 0)],
  [3, "private of page frame PFN = page 0", ({ state, pfn }) => state.machine.pages.setPrivate(pfn, 7)],
];

function relist({ state, page }: Soundness, list: number): void {
  state.lists.remove(page);
  state.lists.insertAtHead(list, page);
}

test.each(CORRUPTIONS)("level %d finds: %s", (level, equation, corrupt) => {
  const sound = soundState();
  const changed = corrupt(sound) ?? {};
  const stats = { ...sound.stats, ...changed };
  const refused = { code: "ZLAB_CORRUPT", message: `test: ${equation.replace("PFN", String(sound.pfn))}` };
  expect(() => checkZbudPool(sound.state, stats, level)).toThrow(expect.objectContaining(refused) as Error);
  if (level > 1) checkZbudPool(sound.state, stats, (level - 1) as CheckLevel);
});
