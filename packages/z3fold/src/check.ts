// The invariants of a z3fold pool, as equations.
//
//   level 1   mallocs - frees = objects >= 0, and objects / 3 <= pages <= objects: a page holds one object to three
//   level 2   the objects of a page follow each other without overlap; sums of objects and chunks over the pages = the
//             counters; a page is on one list of one CPU, that of its free chunks, unless it has three objects or is headless: then
//             on none; every object's handle names a cell whose value names that place; the foreign objects of a page are those
//             whose cell is elsewhere; blocks of cells in use = pages with header + foreign objects (each is its block's last)
//   level 3   the machine's descriptor of every page names the pool as owner and the page's entry as private word

import { type CheckLevel, type PoolStats, corrupt } from "@zlab/zpool";
import { Buddy } from "./chunks.ts";
import type { PageStore } from "./page-store.ts";
import { NO_CPU } from "./page-table.ts";

const BUDDIES_IN_ORDER = [Buddy.first, Buddy.middle, Buddy.last] as const;

type Expect = (holds: boolean, equation: string) => void;

/** Throws ZLAB_CORRUPT at the first equation that does not hold. */
export function checkZ3foldPool(name: string, store: PageStore, stats: PoolStats, level: CheckLevel): void {
  const expect: Expect = (holds, equation) => {
    if (!holds) throw corrupt(name, equation);
  };
  checkTotals(expect, stats);
  if (level >= 2) {
    checkSums(expect, store, stats);
    forEachPage(store, (page) => checkLayout(expect, store, page));
    forEachPage(store, (page) => checkHandles(expect, store, page));
    checkLists(expect, store);
  }
  if (level >= 3) forEachPage(store, (page) => checkDescriptor(expect, store, page));
}

function checkTotals(expect: Expect, { mallocs, frees, objects, totalPages }: PoolStats): void {
  expect(objects === mallocs - frees && objects >= 0, `objects ${objects} = mallocs ${mallocs} - frees ${frees}`);
  const fit = totalPages <= objects && objects <= 3 * totalPages;
  expect(fit, `pages ${totalPages} <= objects ${objects} <= 3 * pages`);
}

function checkSums(expect: Expect, store: PageStore, stats: PoolStats): void {
  let [pages, objects, chunks, blocks] = [0, 0, 0, 0];
  forEachPage(store, (page) => {
    const headless = store.pages.isHeadless(page);
    pages++;
    objects += headless ? 1 : store.objectCountOf(page);
    blocks += headless ? 0 : 1 + store.pages.foreignOf(page);
    for (let buddy = Buddy.headless; buddy <= Buddy.last; buddy++) chunks += store.pages.chunksOf(page, buddy);
  });
  const slotBytes = chunks * store.geometry.chunkBytes;
  const { liveBlocks } = store.slots;
  expect(pages === stats.totalPages, `pages in the table ${pages} = pages counted ${stats.totalPages}`);
  expect(objects === stats.objects, `buddies ${objects} = objects ${stats.objects}`);
  expect(slotBytes === stats.slotBytes, `bytes of the chunks ${slotBytes} = slotBytes ${stats.slotBytes}`);
  expect(blocks === liveBlocks, `pages with header + foreign objects ${blocks} = blocks of cells ${liveBlocks}`);
}

function checkLayout(expect: Expect, store: PageStore, page: number): void {
  if (store.pages.isHeadless(page)) {
    expect(store.objectCountOf(page) === 0, `headless page ${page} has no buddies`);
    return;
  }
  expect(store.objectCountOf(page) > 0, `page ${page} has an object`);
  let freeFrom = store.geometry.headerChunks * store.geometry.chunkBytes;
  for (const buddy of BUDDIES_IN_ORDER) {
    const chunks = store.pages.chunksOf(page, buddy);
    if (chunks === 0) continue;
    const offset = store.offsetOf(page, buddy);
    expect(offset >= freeFrom, `page ${page}: buddy ${buddy} at ${offset} begins behind ${freeFrom}`);
    freeFrom = offset + chunks * store.geometry.chunkBytes;
  }
  expect(freeFrom <= store.geometry.pageBytes, `page ${page}: objects end at ${freeFrom}, within the page`);
}

function checkHandles(expect: Expect, store: PageStore, page: number): void {
  const { pages, slots } = store;
  if (pages.isHeadless(page)) return;
  const ownBlock = pages.slotBlockOf(page);
  expect(!slots.isOrphan(ownBlock), `page ${page}: its block of cells is no orphan`);
  let foreign = 0;
  for (const buddy of BUDDIES_IN_ORDER) {
    const chunks = pages.chunksOf(page, buddy);
    if (chunks === 0) continue;
    const handle = pages.handleOf(page, buddy);
    expect(slots.objectAt(handle) === page * 4 + buddy, `page ${page}: the cell of buddy ${buddy} names it`);
    const block = slots.blockOf(handle);
    const turned = store.handleFor(page, buddy);
    expect(block !== ownBlock || handle === turned, `page ${page}: the cell of buddy ${buddy} is ${turned}`);
    if (block === ownBlock) continue;
    foreign++;
    expect(slots.isOrphan(block), `page ${page}: the block of foreign buddy ${buddy} is an orphan`);
  }
  expect(foreign === pages.foreignOf(page), `page ${page}: foreign objects ${foreign} = ${pages.foreignOf(page)}`);
}

function checkLists(expect: Expect, store: PageStore): void {
  const { lists, pages, geometry, machine } = store;
  lists.checkLinks((node) => expect(false, `list node ${node} is linked both ways and found`));
  const listOf = new Map<number, number>();
  for (let list = 0; list < machine.cpus.count * geometry.usableChunks; list++) {
    for (const page of lists.pagesOf(list)) listOf.set(page, list);
  }
  forEachPage(store, (page) => {
    const cpu = pages.cpuOf(page);
    const unlisted = pages.isHeadless(page) || store.objectCountOf(page) === 3;
    expect(unlisted === (cpu === NO_CPU), `page ${page} is on a list unless it is headless or has three objects`);
    const list = unlisted ? undefined : cpu * geometry.usableChunks + store.freeChunksOf(page);
    expect(listOf.get(page) === list, `page ${page} is on list ${list}`);
    listOf.delete(page);
  });
  expect(listOf.size === 0, "only pages of the pool are on its lists");
}

function checkDescriptor(expect: Expect, { machine, pages, owner }: PageStore, page: number): void {
  const pfn = pages.pfnOf(page);
  expect(machine.pages.isAllocatedBlock(pfn, 0), `page frame ${pfn} is allocated as a single page`);
  expect(machine.pages.ownerOf(pfn) === owner, `owner of page frame ${pfn} = this pool`);
  expect(machine.pages.privateOf(pfn) === page, `private of page frame ${pfn} = page ${page}`);
}

function forEachPage(store: PageStore, visit: (page: number) => void): void {
  for (let page = 0; page < store.pages.endPage; page++) if (store.pages.isLive(page)) visit(page);
}
