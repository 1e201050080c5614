// The invariants of a zblock pool, as equations.
//
//   level 1   mallocs - frees = objects >= 0, and slotBytes <= bytes of the pages
//   level 2   per block: used slots + free slots = slots of its type, and at least one is used; no slot beyond the last is.
//             A block with a free slot is on its type's active list, one without on the full list, and none on another;
//             sums of pages, objects and slot bytes over the blocks = the counters
//   level 3   the machine's descriptor of every block's first page names the pool as owner and the block as private word

import type { Machine } from "@zlab/hw-sim";
import { type CheckLevel, type PoolStats, corrupt } from "@zlab/zpool";
import type { BlockLists } from "./block-lists.ts";
import type { BlockTable } from "./block-table.ts";
import type { SlotTable } from "./slot-table.ts";

/** What the invariants speak about. */
export interface ZblockState {
  readonly name: string;
  readonly machine: Machine;
  readonly owner: number;
  readonly table: SlotTable;
  readonly blocks: BlockTable;
  readonly lists: BlockLists;
}

const SLOT_BITS_OF_A_BLOCK = 64;

/** Throws ZLAB_CORRUPT at the first equation that does not hold. */
export function checkZblockPool(state: ZblockState, stats: PoolStats, level: CheckLevel): void {
  checkTotals(state, stats);
  if (level >= 2) {
    checkBlocks(state, stats);
    checkLists(state);
  }
  if (level >= 3) checkMachine(state);
}

function expect(state: ZblockState, holds: boolean, equation: string): void {
  if (!holds) throw corrupt(state.name, equation);
}

function checkTotals(state: ZblockState, { mallocs, frees, objects, slotBytes, totalPages }: PoolStats): void {
  const counted = objects === mallocs - frees && objects >= 0;
  expect(state, counted, `objects ${objects} = mallocs ${mallocs} - frees ${frees}`);
  const ownedBytes = totalPages * state.machine.pageBytes;
  expect(state, slotBytes <= ownedBytes, `slotBytes ${slotBytes} <= bytes of the pages ${ownedBytes}`);
}

function checkBlocks(state: ZblockState, stats: PoolStats): void {
  const { blocks, table } = state;
  let pages = 0;
  let objects = 0;
  let slotBytes = 0;
  forEachBlock(state, (block, type) => {
    const slots = table.slotsOf(type);
    const freeSlots = blocks.freeSlotsOf(block);
    const used = countUsed(state, block);
    expect(state, used + freeSlots === slots, `block ${block}: used ${used} + free ${freeSlots} = slots ${slots}`);
    expect(state, used > 0, `block ${block} has an object`);
    for (let slot = slots; slot < SLOT_BITS_OF_A_BLOCK; slot++) {
      expect(state, !blocks.isUsed(block, slot), `block ${block}: slot ${slot} of ${slots} is not used`);
    }
    pages += 1 << table.orderOf(type);
    objects += used;
    slotBytes += used * table.slotBytesOf(type);
  });
  expect(state, pages === stats.totalPages, `pages of the blocks ${pages} = pages counted ${stats.totalPages}`);
  expect(state, objects === stats.objects, `used slots ${objects} = objects ${stats.objects}`);
  expect(state, slotBytes === stats.slotBytes, `bytes of the used slots ${slotBytes} = slotBytes ${stats.slotBytes}`);
}

function countUsed({ blocks }: ZblockState, block: number): number {
  let used = 0;
  for (let slot = 0; slot < SLOT_BITS_OF_A_BLOCK; slot++) used += Number(blocks.isUsed(block, slot));
  return used;
}

function checkLists(state: ZblockState): void {
  const { lists, blocks, table } = state;
  lists.checkLinks((node) => expect(state, false, `list node ${node} is linked both ways`));
  const listOf = new Map<number, number>();
  for (let type = 0; type < table.typeCount; type++) {
    for (const list of [lists.active(type), lists.full(type)]) {
      for (const block of lists.blocksOf(list)) listOf.set(block, list);
    }
  }
  let live = 0;
  forEachBlock(state, (block, type) => {
    live++;
    const list = blocks.freeSlotsOf(block) > 0 ? lists.active(type) : lists.full(type);
    expect(state, listOf.get(block) === list, `block ${block} of type ${type} is on list ${list}`);
  });
  expect(state, listOf.size === live, `listed blocks ${listOf.size} = blocks ${live}`);
}

function checkMachine(state: ZblockState): void {
  const { pages } = state.machine;
  forEachBlock(state, (block, type) => {
    const pfn = state.blocks.pfnOf(block);
    const order = state.table.orderOf(type);
    expect(state, pages.isAllocatedBlock(pfn, order), `page frame ${pfn} heads an allocated block of order ${order}`);
    expect(state, pages.ownerOf(pfn) === state.owner, `owner of page frame ${pfn} = this pool`);
    expect(state, pages.privateOf(pfn) === block, `private of page frame ${pfn} = block ${block}`);
  });
}

function forEachBlock({ blocks }: ZblockState, visit: (block: number, type: number) => void): void {
  for (let block = 0; block < blocks.endBlock; block++) if (blocks.isLive(block)) visit(block, blocks.typeOf(block));
}
