// The machine's invariants, written as equations. Every zone is walked block by block and list by list, so a check costs
// as much as the zone has touched pages; the untouched middle of a zone (buddy.ts) is not read.

import { MachineError } from "./errors.ts";
import { MAX_PAGE_ORDER } from "./geometry.ts";
import type { Machine } from "./machine.ts";
import { PageState, type PageTable } from "./page-table.ts";
import type { Zone } from "./zone.ts";

const NONE = -1;

/** What a walk over the blocks of a zone finds, per order. */
interface BlockCounts {
  readonly free: number[];
  readonly allocated: number[];
}

/** Verifies all zones, the counters of the page allocator and the open temporary mappings. Throws `MachineError`
 * ZLAB_CORRUPT with the first equation that does not hold, and where. */
export function checkMachine(machine: Machine): void {
  const allocated = noBlocks();
  for (const zone of machine.zones) {
    const counts = checkTiling(machine, zone);
    checkLists(machine.pages, zone, counts.free);
    checkFreePages(zone, counts.free);
    counts.allocated.forEach((count, order) => (allocated[order]! += count));
  }
  checkCounters(machine, allocated);
  checkKmaps(machine);
}

/** Allocated and free blocks tile the zone outside of its untouched middle. */
function checkTiling(machine: Machine, zone: Zone): BlockCounts {
  const { frontier, frontierEnd } = zone.buddy;
  expect(zone.startPfn <= frontier && frontier <= frontierEnd && frontierEnd <= zone.endPfn, zone, () => {
    return `start <= frontier <= frontierEnd <= end, but ${frontier}, ${frontierEnd}`;
  });
  const counts = { free: noBlocks(), allocated: noBlocks() };
  checkBlocks(machine, zone, zone.startPfn, frontier, counts);
  checkBlocks(machine, zone, frontierEnd, zone.endPfn, counts);
  return counts;
}

function checkBlocks(machine: Machine, zone: Zone, startPfn: number, endPfn: number, counts: BlockCounts): void {
  const { pages } = machine;
  for (let pfn = startPfn; pfn < endPfn;) {
    const state = pages.stateOf(pfn);
    const order = pages.orderOf(pfn);
    const head = pfn;
    expect(state === PageState.freeHead || state === PageState.allocatedHead, zone, () => {
      return `page ${head} follows a block, so it must head one, but its state is ${state}`;
    });
    expect(order <= MAX_PAGE_ORDER, zone, () => `order of block ${head} <= ${MAX_PAGE_ORDER}, but it is ${order}`);
    expect(pfn % (1 << order) === 0, zone, () => `block ${head} mod 2^${order} = 0`);
    expect(pfn + (1 << order) <= endPfn, zone, () => `block ${head} + 2^${order} <= ${endPfn}`);
    checkTail(pages, zone, pfn, order);
    if (state === PageState.freeHead) checkFreeBlock(pages, zone, pfn, order);
    else checkAllocatedBlock(machine, zone, pfn);
    (state === PageState.freeHead ? counts.free : counts.allocated)[order]!++;
    pfn += 1 << order;
  }
}

function checkTail(pages: PageTable, zone: Zone, head: number, order: number): void {
  for (let pfn = head + 1; pfn < head + (1 << order); pfn++) {
    expect(pages.stateOf(pfn) === PageState.none, zone, () => `page ${pfn} inside block ${head} heads no block`);
  }
}

function checkFreeBlock(pages: PageTable, zone: Zone, pfn: number, order: number): void {
  expect(pages.ownerOf(pfn) === 0, zone, () => `owner of free block ${pfn} = 0, but it is ${pages.ownerOf(pfn)}`);
  if (order === MAX_PAGE_ORDER) return;
  const buddy = pfn ^ (1 << order);
  if (buddy < zone.startPfn || buddy >= zone.endPfn) return;
  expect(!pages.isFreeBlock(buddy, order), zone, () => {
    return `blocks ${pfn} and ${buddy} of order ${order} are buddies, so they are not both free`;
  });
}

function checkAllocatedBlock(machine: Machine, zone: Zone, pfn: number): void {
  const owner = machine.pages.ownerOf(pfn);
  expect(owner <= machine.ownerCount, zone, () => {
    return `owner of block ${pfn} <= ${machine.ownerCount} registered owners, but it is ${owner}`;
  });
}

/** Every list holds exactly the free blocks of its order, and its links agree in both directions. */
function checkLists(pages: PageTable, zone: Zone, freeBlocks: readonly number[]): void {
  freeBlocks.forEach((expected, order) => {
    const counted = zone.buddy.listedBlocks(order);
    expect(counted === expected, zone, () => {
      return `length of list ${order} = free blocks of that order, but ${counted} and ${expected}`;
    });
    const walked = walkList(pages, zone, order, expected);
    expect(walked === expected, zone, () => {
      return `blocks linked in list ${order} = free blocks of that order, but ${walked} and ${expected}`;
    });
  });
}

/** Blocks linked in a list; stops one after `limit`, so that a list that runs in a circle ends. */
function walkList(pages: PageTable, zone: Zone, order: number, limit: number): number {
  let previous = NONE;
  let count = 0;
  for (let pfn = zone.buddy.firstFree(order); pfn !== NONE && count <= limit; pfn = pages.nextFree(pfn)) {
    const before = previous;
    const here = pfn;
    expect(pfn >= zone.startPfn && pfn < zone.endPfn, zone, () => `block ${here} of list ${order} is in the zone`);
    expect(pages.isFreeBlock(pfn, order), zone, () => `block ${here} of list ${order} is free with that order`);
    expect(before === NONE || pages.previousFree(pfn) === before, zone, () => {
      return `previous of block ${here} = ${before}, but it is ${pages.previousFree(here)}`;
    });
    previous = pfn;
    count++;
  }
  return count;
}

function checkFreePages(zone: Zone, freeBlocks: readonly number[]): void {
  const { frontier, frontierEnd } = zone.buddy;
  const listed = freeBlocks.reduce((sum, count, order) => sum + count * 2 ** order, 0);
  expect(zone.freePages === listed + frontierEnd - frontier, zone, () => {
    return `free pages = listed + untouched pages, but ${zone.freePages} and ${listed} + ${frontierEnd - frontier}`;
  });
}

function checkCounters(machine: Machine, allocated: readonly number[]): void {
  const ever = machine.allocatedBlocksByOrder();
  const freed = machine.freedBlocksByOrder();
  allocated.forEach((now, order) => {
    const live = ever[order]! - freed[order]!;
    if (live === now) return;
    throw corrupt(`allocated - freed blocks of order ${order} = ${now}, but ${ever[order]} - ${freed[order]}`);
  });
}

function checkKmaps({ kmap, cpus, pages }: Machine): void {
  for (let cpu = 0; cpu < cpus.count; cpu++) {
    for (let slot = 0; slot < kmap.depthOf(cpu); slot++) {
      const pfn = kmap.pageAt(cpu, slot);
      const head = pages.headOf(pfn);
      if (head >= 0 && pages.stateOf(head) === PageState.allocatedHead) continue;
      throw corrupt(`page ${pfn} in mapping slot ${slot} of CPU ${cpu} is allocated`);
    }
  }
}

function noBlocks(): number[] {
  return Array.from({ length: MAX_PAGE_ORDER + 1 }, () => 0);
}

function expect(holds: boolean, zone: Zone, equation: () => string): void {
  if (!holds) throw corrupt(`zone ${zone.kind} (pages ${zone.startPfn} to ${zone.endPfn - 1}): ${equation()}`);
}

function corrupt(equation: string): MachineError {
  return new MachineError("ZLAB_CORRUPT", `does not hold: ${equation}`);
}
