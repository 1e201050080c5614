// The invariants of a zbud pool, as equations.
//
//   level 1   mallocs - frees = objects >= 0, and objects / 2 <= pages <= objects: a page holds one object or two
//   level 2   0 <= chunks of a buddy <= 62; first + last <= 63; sums of objects and chunks over the pages = the counters;
//             every page is on exactly one list: the buddied one if it has two objects, else that of its free chunks
//   level 3   the machine's descriptor of every page names the pool as owner and the page's entry as private word

import type { Machine } from "@zlab/hw-sim";
import { type CheckLevel, corrupt, type PageLists, type PoolStats } from "@zlab/zpool";
import { Buddy, MAX_OBJECT_CHUNKS, USABLE_CHUNKS, chunkBytesOf } from "./chunks.ts";
import type { ZbudPageTable } from "./page-table.ts";

/** What the invariants speak about. */
export interface ZbudState {
  readonly name: string;
  readonly machine: Machine;
  readonly owner: number;
  readonly pages: ZbudPageTable;
  readonly lists: PageLists;
}

/** Throws ZLAB_CORRUPT at the first equation that does not hold. */
export function checkZbudPool(state: ZbudState, stats: PoolStats, level: CheckLevel): void {
  checkTotals(state, stats);
  if (level >= 2) {
    checkPages(state, stats);
    checkLists(state);
  }
  if (level >= 3) checkMachine(state);
}

function expect(state: ZbudState, holds: boolean, equation: string): void {
  if (!holds) throw corrupt(state.name, equation);
}

function checkTotals(state: ZbudState, { mallocs, frees, objects, totalPages }: PoolStats): void {
  expect(
    state,
    objects === mallocs - frees && objects >= 0,
    `objects ${objects} = mallocs ${mallocs} - frees ${frees}`,
  );
  const fit = totalPages <= objects && objects <= 2 * totalPages;
  expect(state, fit, `pages ${totalPages} <= objects ${objects} <= 2 * pages`);
}

function checkPages(state: ZbudState, stats: PoolStats): void {
  let objects = 0;
  let chunks = 0;
  let pages = 0;
  forEachPage(state, (page, first, last) => {
    expect(
      state,
      first <= MAX_OBJECT_CHUNKS && last <= MAX_OBJECT_CHUNKS,
      `page ${page}: an object of up to 62 chunks`,
    );
    expect(state, first + last <= USABLE_CHUNKS, `page ${page}: first ${first} + last ${last} <= ${USABLE_CHUNKS}`);
    expect(state, first + last > 0, `page ${page} has an object`);
    objects += Number(first > 0) + Number(last > 0);
    chunks += first + last;
    pages++;
  });
  const slotBytes = chunks * chunkBytesOf(state.machine.pageBytes);
  expect(state, pages === stats.totalPages, `pages in the table ${pages} = pages counted ${stats.totalPages}`);
  expect(state, objects === stats.objects, `buddies ${objects} = objects ${stats.objects}`);
  expect(state, slotBytes === stats.slotBytes, `bytes of the chunks ${slotBytes} = slotBytes ${stats.slotBytes}`);
}

function checkLists(state: ZbudState): void {
  state.lists.checkLinks((node) => expect(state, false, `list node ${node} is linked both ways and found`));
  const listOf = new Map<number, number>();
  for (let list = 0; list < USABLE_CHUNKS; list++) {
    for (const page of state.lists.pagesOf(list)) listOf.set(page, list);
  }
  expect(state, listOf.size === state.pages.livePages, `listed pages ${listOf.size} = pages ${state.pages.livePages}`);
  forEachPage(state, (page, first, last) => {
    const list = first > 0 && last > 0 ? 0 : USABLE_CHUNKS - first - last;
    expect(state, listOf.get(page) === list, `page ${page} of ${first} + ${last} chunks is on list ${list}`);
  });
}

function checkMachine(state: ZbudState): void {
  const { pages: descriptors } = state.machine;
  forEachPage(state, (page) => {
    const pfn = state.pages.pfnOf(page);
    expect(state, descriptors.isAllocatedBlock(pfn, 0), `page frame ${pfn} is allocated as a single page`);
    expect(state, descriptors.ownerOf(pfn) === state.owner, `owner of page frame ${pfn} = this pool`);
    expect(state, descriptors.privateOf(pfn) === page, `private of page frame ${pfn} = page ${page}`);
  });
}

function forEachPage(state: ZbudState, visit: (page: number, firstChunks: number, lastChunks: number) => void): void {
  for (let page = 0; page < state.pages.endPage; page++) {
    if (!state.pages.isLive(page)) continue;
    visit(page, state.pages.chunksOf(page, Buddy.first), state.pages.chunksOf(page, Buddy.last));
  }
}
