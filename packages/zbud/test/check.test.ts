// The invariants hold through any mix of operations, and each of them is noticed when it does not.

import { GFP_KERNEL, Machine, NO_WATERMARKS, Prng, isErrno } from "@zlab/hw-sim";
import { type Handle, PageLists } from "@zlab/zpool";
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

/** A sound state of one page with a first buddy of 10 chunks and a last one of 20. */
function soundState(): { state: ZbudState; stats: ReturnType<ZbudPool["stats"]>; page: number } {
  const machine = smallMachine();
  const owner = machine.registerOwner("zbud test");
  const pfn = machine.allocPages(0, GFP_KERNEL, owner);
  if (isErrno(pfn)) throw new Error("no page");
  const pages = new ZbudPageTable();
  const lists = new PageLists(63);
  const page = pages.add(pfn);
  machine.pages.setPrivate(pfn, page);
  lists.admit(page);
  lists.insertAtHead(0, page);
  pages.setChunks(page, Buddy.first, 10);
  pages.setChunks(page, Buddy.last, 20);
  const counts = { totalPages: 1, objects: 2, slotBytes: 30 * 64, mallocs: 5, frees: 3, failures: 0 };
  const stats = { ...counts, spanningObjects: 0, pagesCompacted: 0, objectsMoved: 0 };
  return { state: { name: "test", machine, owner, pages, lists }, stats, page };
}

test("a sound state passes", () => {
  const { state, stats } = soundState();
  expect(() => checkZbudPool(state, stats, 3)).not.toThrow();
});

test("wrong counters are found", () => {
  const { state, stats } = soundState();
  expect(() => checkZbudPool(state, { ...stats, frees: 2 }, 1)).toThrow(/mallocs 5 - frees 2/u);
  expect(() => checkZbudPool(state, { ...stats, totalPages: 3 }, 1)).toThrow(/pages 3 <= objects 2/u);
  expect(() => checkZbudPool(state, { ...stats, slotBytes: 64 }, 2)).toThrow(/slotBytes 64/u);
  expect(() => checkZbudPool(state, { ...stats, objects: 1, frees: 4 }, 2)).toThrow(/buddies 2 = objects 1/u);
});

test("objects that overlap or are too long are found", () => {
  const { state, stats, page } = soundState();
  state.pages.setChunks(page, Buddy.last, 54);
  expect(() => checkZbudPool(state, stats, 2)).toThrow(/first 10 \+ last 54 <= 63/u);
  state.pages.setChunks(page, Buddy.last, 63);
  expect(() => checkZbudPool(state, stats, 2)).toThrow(/up to 62 chunks/u);
});

test("a page on the wrong list, or on none, is found", () => {
  const { state, stats, page } = soundState();
  state.lists.remove(page);
  expect(() => checkZbudPool(state, stats, 2)).toThrow(/listed pages 0 = pages 1/u);
  state.lists.insertAtHead(33, page);
  expect(() => checkZbudPool(state, stats, 2)).toThrow(/is on list 0/u);
});

test("a wrong page descriptor is found", () => {
  const { state, stats, page } = soundState();
  state.machine.pages.setPrivate(state.pages.pfnOf(page), 7);
  expect(() => checkZbudPool(state, stats, 3)).toThrow(/private of page frame/u);
});
