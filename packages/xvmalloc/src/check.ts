// The invariants of an xvmalloc pool, as equations.
//
//   level 1   mallocs - frees = objects >= 0, and slotBytes <= bytes of the pages
//   level 2   per page: the blocks cover it without gaps, the links go both ways, every block is found by its offset, and no
//             two neighbours are free. A free block of 32 bytes or more is on the list of its size, and nothing else is on
//             any; the bitmap agrees with the lists; sums of objects and block bytes over the pages = the counters
//   level 3   the machine's descriptor of every page names the pool as owner and the page's entry as private word

import type { Machine } from "@zlab/hw-sim";
import { type CheckLevel, type PoolStats, corrupt } from "@zlab/zpool";
import { type FreeLists, NO_BLOCK } from "./free-lists.ts";
import type { PageBlocks } from "./page-blocks.ts";
import { HEADER_BYTES, MIN_LISTED_BYTES, freeListOf } from "./sizes.ts";

/** What the invariants speak about. */
export interface XvmallocState {
  readonly name: string;
  readonly machine: Machine;
  readonly owner: number;
  readonly blocks: PageBlocks;
  readonly lists: FreeLists;
}

/** Throws ZLAB_CORRUPT at the first equation that does not hold. */
export function checkXvmallocPool(state: XvmallocState, stats: PoolStats, level: CheckLevel): void {
  checkTotals(state, stats);
  if (level >= 2) {
    forEachPage(state, (page) => checkTiling(state, page));
    checkSums(state, stats);
    checkLists(state);
  }
  if (level >= 3) checkMachine(state);
}

function expect(state: XvmallocState, holds: boolean, equation: string): void {
  if (!holds) throw corrupt(state.name, equation);
}

function checkTotals(state: XvmallocState, { mallocs, frees, objects, slotBytes, totalPages }: PoolStats): void {
  const counted = objects === mallocs - frees && objects >= 0;
  expect(state, counted, `objects ${objects} = mallocs ${mallocs} - frees ${frees}`);
  const ownedBytes = totalPages * state.machine.pageBytes;
  expect(state, slotBytes <= ownedBytes, `slotBytes ${slotBytes} <= bytes of the pages ${ownedBytes}`);
}

function checkTiling(state: XvmallocState, page: number): void {
  const { blocks } = state;
  let end = 0;
  let previous: number = NO_BLOCK;
  for (const block of blocks.blocksOf(page)) {
    const offset = blocks.offsetOf(block);
    const where = `page ${page}, block at ${offset}`;
    expect(state, offset === end, `${where}: begins where the one before ends, at ${end}`);
    expect(state, blocks.pageOf(block) === page, `${where}: is in the page`);
    expect(state, blocks.previousOf(block) === previous, `${where}: is linked both ways`);
    expect(state, blocks.blockAt(page, offset) === block, `${where}: is found by its offset`);
    const merged = previous === NO_BLOCK || !blocks.isFree(previous) || !blocks.isFree(block);
    expect(state, merged, `${where}: free neighbours are merged`);
    end = offset + HEADER_BYTES + blocks.payloadOf(block);
    previous = block;
  }
  expect(state, end === state.machine.pageBytes, `page ${page}: the blocks end with the page, not at ${end}`);
}

function checkSums(state: XvmallocState, stats: PoolStats): void {
  let objects = 0;
  let slotBytes = 0;
  let pages = 0;
  forEachPage(state, (page) => {
    pages++;
    for (const block of state.blocks.blocksOf(page)) {
      if (state.blocks.isFree(block)) continue;
      objects++;
      slotBytes += HEADER_BYTES + state.blocks.payloadOf(block);
    }
  });
  expect(state, pages === stats.totalPages, `pages in the table ${pages} = pages counted ${stats.totalPages}`);
  expect(state, objects === stats.objects, `used blocks ${objects} = objects ${stats.objects}`);
  expect(state, slotBytes === stats.slotBytes, `bytes of the used blocks ${slotBytes} = slotBytes ${stats.slotBytes}`);
}

function checkLists(state: XvmallocState): void {
  const { blocks, lists } = state;
  lists.checkLinks((what) => expect(state, false, what));
  const listOf = new Map<number, number>();
  for (let list = 0; list < lists.listCount; list++) {
    for (const block of lists.blocksOf(list)) listOf.set(block, list);
  }
  let listed = 0;
  forEachPage(state, (page) => {
    for (const block of blocks.blocksOf(page)) {
      const payloadBytes = blocks.payloadOf(block);
      if (!blocks.isFree(block) || payloadBytes < MIN_LISTED_BYTES) continue;
      listed++;
      const list = freeListOf(payloadBytes);
      expect(state, listOf.get(block) === list, `block ${block} of ${payloadBytes} free bytes is on list ${list}`);
    }
  });
  expect(state, listOf.size === listed, `listed blocks ${listOf.size} = free blocks to be listed ${listed}`);
}

function checkMachine(state: XvmallocState): void {
  const { pages: descriptors } = state.machine;
  forEachPage(state, (page) => {
    const pfn = state.blocks.pages.pfnOf(page);
    expect(state, descriptors.isAllocatedBlock(pfn, 0), `page frame ${pfn} is allocated as a single page`);
    expect(state, descriptors.ownerOf(pfn) === state.owner, `owner of page frame ${pfn} = this pool`);
    expect(state, descriptors.privateOf(pfn) === page, `private of page frame ${pfn} = page ${page}`);
  });
}

function forEachPage({ blocks: { pages } }: XvmallocState, visit: (page: number) => void): void {
  for (let page = 0; page < pages.endPage; page++) if (pages.isLive(page)) visit(page);
}
