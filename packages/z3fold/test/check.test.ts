// Each invariant is noticed when it does not hold.

import { GFP_KERNEL } from "@zlab/hw-sim";
import type { PoolStats } from "@zlab/zpool";
import { expect, test } from "vitest";
import { checkZ3foldPool } from "../src/check.ts";
import { Buddy } from "../src/chunks.ts";
import { PageStore } from "../src/page-store.ts";
import { machineOf } from "./helpers.ts";

const FIRST_CHUNKS = 10;
const LAST_CHUNKS = 20;

/** A sound state: page 0 with a first and a last object. */
function soundState(): { store: PageStore; stats: PoolStats; page: number } {
  const store = new PageStore(machineOf(), "test");
  const page = store.newPage(GFP_KERNEL);
  for (const chunks of [FIRST_CHUNKS, LAST_CHUNKS]) {
    const buddy = store.occupy(page, chunks);
    store.bindHandle(store.handleFor(page, buddy), page, buddy);
  }
  store.enlist(page, 0);
  const counts = { totalPages: 1, objects: 2, slotBytes: 30 * 64, mallocs: 5, frees: 3, failures: 0 };
  return { store, stats: { ...counts, spanningObjects: 0, pagesCompacted: 0, objectsMoved: 0 }, page };
}

/** Checks a state that `damage` has made unsound. */
function checkDamaged(damage: (store: PageStore, page: number) => void, changed: Partial<PoolStats> = {}): () => void {
  const { store, stats, page } = soundState();
  checkZ3foldPool("test", store, stats, 3);
  damage(store, page);
  return () => checkZ3foldPool("test", store, { ...stats, ...changed }, 3);
}

test("wrong counters", () => {
  const intact = (): void => undefined;
  expect(checkDamaged(intact, { frees: 2 })).toThrow(/mallocs 5 - frees 2/u);
  expect(checkDamaged(intact, { totalPages: 3 })).toThrow(/pages 3 <= objects 2/u);
  expect(checkDamaged(intact, { slotBytes: 64 })).toThrow(/slotBytes 64/u);
  expect(checkDamaged(intact, { objects: 1, frees: 4 })).toThrow(/buddies 2 = objects 1/u);
  expect(checkDamaged((store) => void store.slots.allocateBlock())).toThrow(/blocks of cells 2/u);
});

test("objects that overlap", () => {
  const damage = (store: PageStore, page: number): void => {
    store.pages.setChunks(page, Buddy.middle, 5);
    store.pages.setStartMiddle(page, 40);
  };
  const changed = { objects: 3, frees: 2, slotBytes: 35 * 64 };
  expect(checkDamaged(damage, changed)).toThrow(/buddy 3 at 2816 begins behind 2880/u);
});

test("a cell that names another place", () => {
  const damage = (store: PageStore, page: number): void => {
    store.slots.set(store.pages.handleOf(page, Buddy.last), page, Buddy.middle);
  };
  expect(checkDamaged(damage)).toThrow(/cell of buddy 3 names it/u);
  expect(checkDamaged((store, page) => store.pages.turnFirstNum(page))).toThrow(/cell of buddy 1 is 516/u);
});

test("an orphaned block, or a foreign object without one", () => {
  expect(checkDamaged((store, page) => store.slots.releaseBlock(store.pages.slotBlockOf(page)))).toThrow(/no orphan/u);
  expect(checkDamaged((store, page) => store.pages.setForeign(page, 1))).toThrow(/pages with header \+ foreign/u);
});

test("a page on the wrong list, or on none", () => {
  expect(checkDamaged((store, page) => store.delist(page))).toThrow(/is on a list unless/u);
  const relist = (store: PageStore, page: number): void => {
    store.delist(page);
    store.lists.insertAtHead(5, page);
    store.pages.setCpu(page, 0);
  };
  expect(checkDamaged(relist)).toThrow(/page 0 is on list 32/u);
});

test("a wrong page descriptor", () => {
  const damage = (store: PageStore, page: number): void => store.machine.pages.setOwner(store.pages.pfnOf(page), 0);
  expect(checkDamaged(damage)).toThrow(/owner of page frame/u);
});
