// Each invariant is noticed when it does not hold.

import { GFP_KERNEL, type Pfn, isErrno } from "@zlab/hw-sim";
import { expect, test } from "vitest";
import { checkXvmallocPool } from "../src/check.ts";
import { FreeLists } from "../src/free-lists.ts";
import { PageBlocks } from "../src/page-blocks.ts";
import { freeListOf } from "../src/sizes.ts";
import { machineOf } from "./fixtures.ts";

/** A sound state of one page: a used block of 100 bytes, and the rest free and listed. */
function soundState() {
  const machine = machineOf();
  const owner = machine.registerOwner("xvmalloc test");
  const pfn = machine.allocPages(0, GFP_KERNEL, owner);
  if (isErrno(pfn)) throw new Error("no page");
  const blocks = new PageBlocks(4096);
  const lists = new FreeLists(508);
  const used = blocks.addPage(pfn);
  const free = blocks.split(used, 100);
  blocks.setUsed(used, 99);
  lists.push(freeListOf(3988), free);
  machine.pages.setPrivate(pfn, blocks.pageOf(used));
  const counts = { totalPages: 1, objects: 1, slotBytes: 104, mallocs: 4, frees: 3, failures: 0 };
  const stats = { ...counts, spanningObjects: 0, pagesCompacted: 0, objectsMoved: 0 };
  return { state: { name: "test", machine, owner, blocks, lists }, stats, used, free, pfn: pfn as Pfn };
}

test("a sound state passes", () => {
  const { state, stats } = soundState();
  expect(() => checkXvmallocPool(state, stats, 3)).not.toThrow();
});

test("wrong counters are found", () => {
  const { state, stats } = soundState();
  expect(() => checkXvmallocPool(state, { ...stats, frees: 2 }, 1)).toThrow(/mallocs 4 - frees 2/u);
  expect(() => checkXvmallocPool(state, { ...stats, slotBytes: 4097 }, 1)).toThrow(/slotBytes 4097 <= /u);
  expect(() => checkXvmallocPool(state, { ...stats, totalPages: 2 }, 2)).toThrow(/pages counted 2/u);
  expect(() => checkXvmallocPool(state, { ...stats, objects: 2, frees: 2 }, 2)).toThrow(/used blocks 1 = objects 2/u);
  expect(() => checkXvmallocPool(state, { ...stats, slotBytes: 100 }, 2)).toThrow(/slotBytes 100/u);
});

test("blocks that overlap, leave gaps or end elsewhere are found", () => {
  const { state, stats, used, free } = soundState();
  state.blocks.setUsed(used, 101);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/block at 104: begins where the one before ends, at 108/u);
  state.blocks.setUsed(used, 99);
  state.blocks.setFree(free, 3984);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/end with the page, not at 4092/u);
});

test("free neighbours that have not merged are found", () => {
  const { state, stats, used } = soundState();
  state.blocks.setFree(used, 100);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/free neighbours are merged/u);
});

test("a block that its offset does not lead to is found", () => {
  const { state, stats, free } = soundState();
  state.blocks.pages.setFirstBlockNear(0, 0, free);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/begins where|is found by its offset/u);
  const lost = soundState();
  const third = lost.state.blocks.split(lost.free, 400);
  lost.state.blocks.setUsed(lost.free, 400);
  lost.state.blocks.pages.setFirstBlockNear(0, lost.state.blocks.offsetOf(third), -1);
  expect(() => checkXvmallocPool(lost.state, lost.stats, 2)).toThrow(/block at 508: is found by its offset/u);
});

test("a free block on the wrong list, or on none, is found", () => {
  const { state, stats, used, free } = soundState();
  state.lists.remove(freeListOf(3988), free);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/is on list 494/u);
  state.lists.push(3, free);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/is on list 494/u);
  state.lists.remove(3, free);
  state.lists.push(494, free);
  state.lists.push(3, used);
  expect(() => checkXvmallocPool(state, stats, 2)).toThrow(/listed blocks 2 = free blocks to be listed 1/u);
});

test("a wrong page descriptor is found", () => {
  const { state, stats, pfn } = soundState();
  state.machine.pages.setPrivate(pfn, 7);
  expect(() => checkXvmallocPool(state, stats, 3)).toThrow(/private of page frame/u);
  state.machine.pages.setOwner(pfn, 0);
  expect(() => checkXvmallocPool(state, stats, 2)).not.toThrow();
  expect(() => checkXvmallocPool(state, stats, 3)).toThrow(/owner of page frame/u);
});
