// Each invariant is noticed when it does not hold.

import { GFP_KERNEL, type Pfn, isErrno } from "@zlab/hw-sim";
import { expect, test } from "vitest";
import { BlockLists } from "../src/block-lists.ts";
import { BlockTable } from "../src/block-table.ts";
import { checkZblockPool } from "../src/check.ts";
import { SlotTable } from "../src/slot-table.ts";
import { machineOf } from "./fixtures.ts";

const TYPE = 30; // 4 slots of 4080 bytes on 4 pages

/** A sound state of one block with two objects. */
function soundState() {
  const machine = machineOf();
  const owner = machine.registerOwner("zblock test");
  const pfn = machine.allocPages(2, GFP_KERNEL, owner);
  if (isErrno(pfn)) throw new Error("no block");
  const table = new SlotTable("v4", 4096);
  const blocks = new BlockTable();
  const lists = new BlockLists(table.typeCount);
  const block = blocks.add(pfn, TYPE, table.slotsOf(TYPE));
  machine.pages.setPrivate(pfn, block);
  blocks.takeLowestSlot(block);
  blocks.takeLowestSlot(block);
  lists.admit(block);
  lists.insertAtHead(lists.active(TYPE), block);
  const counts = { totalPages: 4, objects: 2, slotBytes: 8160, mallocs: 5, frees: 3, failures: 0 };
  const stats = { ...counts, spanningObjects: 0, pagesCompacted: 0, objectsMoved: 0 };
  return { state: { name: "test", machine, owner, table, blocks, lists }, stats, block, pfn: pfn as Pfn };
}

test("a sound state passes", () => {
  const { state, stats } = soundState();
  expect(() => checkZblockPool(state, stats, 3)).not.toThrow();
});

test("wrong counters are found", () => {
  const { state, stats } = soundState();
  expect(() => checkZblockPool(state, { ...stats, frees: 2 }, 1)).toThrow(/mallocs 5 - frees 2/u);
  expect(() => checkZblockPool(state, { ...stats, slotBytes: 16385 }, 1)).toThrow(/slotBytes 16385 <= /u);
  expect(() => checkZblockPool(state, { ...stats, totalPages: 5 }, 2)).toThrow(/pages counted 5/u);
  expect(() => checkZblockPool(state, { ...stats, objects: 1, frees: 4 }, 2)).toThrow(/used slots 2 = objects 1/u);
  expect(() => checkZblockPool(state, { ...stats, slotBytes: 64 }, 2)).toThrow(/slotBytes 64/u);
});

test("slots that do not add up are found", () => {
  const { state, stats, block } = soundState();
  state.blocks.releaseSlot(block, 3);
  expect(() => checkZblockPool(state, stats, 2)).toThrow(/used 2 \+ free 3 = slots 4/u);
  const empty = soundState();
  for (const slot of [0, 1]) empty.state.blocks.releaseSlot(empty.block, slot);
  expect(() => checkZblockPool(empty.state, empty.stats, 2)).toThrow(/has an object/u);
  const beyond = soundState();
  for (let i = 0; i < 3; i++) beyond.state.blocks.takeLowestSlot(beyond.block);
  beyond.state.blocks.releaseSlot(beyond.block, 0);
  expect(() => checkZblockPool(beyond.state, beyond.stats, 2)).toThrow(/slot 4 of 4 is not used/u);
});

test("a block on the wrong list, or on none, is found", () => {
  const { state, stats, block } = soundState();
  state.lists.remove(block);
  expect(() => checkZblockPool(state, stats, 2)).toThrow(/is on list/u);
  state.lists.insertAtHead(state.lists.full(TYPE), block);
  expect(() => checkZblockPool(state, stats, 2)).toThrow(/is on list/u);
  state.lists.insertAtHead(state.lists.active(TYPE), block);
  expect(() => checkZblockPool(state, stats, 2)).toThrow(/linked both ways/u);
});

test("a wrong page descriptor is found", () => {
  const { state, stats, pfn } = soundState();
  state.machine.pages.setPrivate(pfn, 7);
  expect(() => checkZblockPool(state, stats, 3)).toThrow(/private of page frame/u);
  state.machine.pages.setOwner(pfn, 0);
  expect(() => checkZblockPool(state, stats, 2)).not.toThrow();
  expect(() => checkZblockPool(state, stats, 3)).toThrow(/owner of page frame/u);
});
