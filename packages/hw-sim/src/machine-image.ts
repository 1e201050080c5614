// The machine's part of an image: what its page allocator and its counters need to go on exactly as the original. The descriptors of the
// untouched middle of a zone (buddy.ts) are left out, and so is everything that says nothing: each field that no free or
// allocated block has a use for is written as 0. Left out too, and as new in a restored machine: fault injection, the kernel log, the
// random numbers, areas of CPUs, and the bytes of free pages. (The bytes of allocated pages are not in tables: they can be many.)
//
//   page.state    state and order       page.a   next of the free list, or the owner's word    of every touched page
//   page.owner    who holds the page    page.b   previous (of the list's head: -1), or the owner's second word
//   zone.lists    first block and number of blocks of each free list, zone by zone
//   zone.counts   first untouched page, free pages, wake-ups of the reclaimer, zone by zone
//   blocks        ever allocated, given back and refused, by order
//   cost          events and cycles

import { type MachineOptions } from "./machine-options.ts";
import { MAX_PAGE_ORDER, type Pfn } from "./geometry.ts";
import { Machine } from "./machine.ts";
import { PageState } from "./page-table.ts";
import { ImageError, StateReader, type StateTables, badState } from "./state-tables.ts";
import type { Zone } from "./zone.ts";

const NONE = -1;
const ORDERS = MAX_PAGE_ORDER + 1;
const LIST_FIELDS = 2 * ORDERS;
const ZONE_FIELDS = 3;
const COST_FIELDS = 9;

/** A machine, written down. */
export interface MachineImage {
  readonly options: MachineOptions;
  /** Names of the page owners, by number; 0 is nobody. */
  readonly ownerNames: readonly string[];
  readonly tables: StateTables;
}

/** Writes a machine down. Throws ZLAB_IMAGE_REFUSED while a page is mapped or preemption is off, and for a machine that has only a
 * region of its pages. */
export function machineImage(machine: Machine): MachineImage {
  assertAtRest(machine);
  const { zones } = machine;
  const length = zones.reduce((sum, zone) => sum + touchedPages(zone), 0);
  const pages: PageColumns = {
    state: new Uint8Array(length),
    owner: new Uint16Array(length),
    a: new Int32Array(length),
    b: new Int32Array(length),
  };
  let at = 0;
  for (const zone of zones) {
    at = writePages(machine, zone, zone.startPfn, zone.buddy.frontier, pages, at);
    at = writePages(machine, zone, zone.buddy.frontierEnd, zone.endPfn, pages, at);
  }
  return {
    options: machine.options,
    ownerNames: Array.from({ length: machine.ownerCount + 1 }, (_, owner) => machine.ownerName(owner)),
    tables: {
      "page.state": pages.state,
      "page.owner": pages.owner,
      "page.a": pages.a,
      "page.b": pages.b,
      "zone.lists": Int32Array.from(zones.flatMap((zone) => listFields(zone))),
      "zone.counts": Float64Array.from(zones.flatMap((zone) => zoneFields(zone))),
      blocks: machine.blockCounters(),
      cost: costFields(machine),
    },
  };
}

/** Makes the machine again. Throws ZLAB_IMAGE_STATE for what no machine can have, and what `new Machine` throws. That its equations hold
 * is for `Machine.check` to say: until then nothing in the tables was followed. */
export function restoreMachine({ options, ownerNames, tables }: MachineImage): Machine {
  const reader = new StateReader(tables);
  const machine = new Machine(options);
  for (const name of ownerNames.slice(1)) machine.registerOwner(name);
  restoreZones(machine, reader);
  restorePages(machine, reader);
  machine.loadBlockCounters(reader.counters("blocks", 3 * ORDERS));
  restoreCost(machine, reader.counters("cost", COST_FIELDS, true));
  return machine;
}

/** Calls `visit` for every allocated page, from low to high: of each block every page. */
export function forEachAllocatedPage(machine: Machine, visit: (pfn: Pfn) => void): void {
  for (const { buddy } of machine.zones) {
    buddy.forEachAllocated((head, order) => {
      for (let pfn: number = head; pfn < head + (1 << order); pfn++) visit(pfn as Pfn);
    });
  }
}

interface PageColumns {
  readonly state: Uint8Array;
  readonly owner: Uint16Array;
  readonly a: Int32Array;
  readonly b: Int32Array;
}

function assertAtRest({ cpus, kmap, options }: Machine): void {
  if ((options.region?.count ?? 1) > 1) {
    throw new ImageError(
      "ZLAB_IMAGE_REFUSED",
      "the machine is one of several over the same memory; an image has all of one",
    );
  }
  for (let cpu = 0; cpu < cpus.count; cpu++) {
    const isBusy = kmap.depthOf(cpu) > 0 || cpus.runOn(cpu, () => cpus.preemptCount() > 0);
    if (isBusy)
      throw new ImageError("ZLAB_IMAGE_REFUSED", `CPU ${cpu} has a page mapped or preemption off; end that first`);
  }
}

function touchedPages({ startPfn, endPfn, buddy: { frontier, frontierEnd } }: Zone): number {
  return frontier - startPfn + (endPfn - frontierEnd);
}

/** Writes the descriptors of a range of blocks from entry `at` on; returns the entry behind them. */
function writePages(
  { pages }: Machine,
  { buddy }: Zone,
  startPfn: number,
  endPfn: number,
  columns: PageColumns,
  at: number,
): number {
  for (let pfn = startPfn; pfn < endPfn;) {
    const entry = at + pfn - startPfn;
    const order = pages.orderOf(pfn);
    columns.state[entry] = pages.stateByteOf(pfn);
    columns.owner[entry] = pages.ownerOf(pfn);
    if (pages.stateOf(pfn) === PageState.freeHead) {
      columns.a[entry] = pages.nextFree(pfn);
      columns.b[entry] = buddy.firstFree(order) === pfn ? NONE : pages.previousFree(pfn);
    } else {
      for (let i = 0; i < 1 << order; i++) {
        columns.a[entry + i] = pages.privateOf((pfn + i) as Pfn);
        columns.b[entry + i] = pages.indexOf((pfn + i) as Pfn);
      }
    }
    pfn += 1 << order;
  }
  return at + endPfn - startPfn;
}

function listFields({ buddy }: Zone): number[] {
  return Array.from({ length: ORDERS }, (_, order) => [buddy.firstFree(order), buddy.listedBlocks(order)]).flat();
}

function zoneFields({ buddy, kswapdWakeups }: Zone): number[] {
  return [buddy.frontier, buddy.freePages, kswapdWakeups];
}

function costFields({ cost, cpus }: Machine): Float64Array {
  return Float64Array.of(
    cost.copiedBytes,
    cost.kmaps,
    cost.tlbFlushesLocal,
    cost.tlbFlushesBroadcast,
    cost.pageAllocs,
    cost.pageFrees,
    cost.spentCycles,
    cpus.preemptOffCycles,
    cpus.longestPreemptOffCycles,
  );
}

function restoreZones({ zones }: Machine, reader: StateReader): void {
  const lists = reader.int32("zone.lists", zones.length * LIST_FIELDS);
  const counts = reader.counters("zone.counts", zones.length * ZONE_FIELDS);
  for (const [i, zone] of zones.entries()) {
    const [frontier = 0, freePages = 0, kswapdWakeups = 0] = counts.subarray(i * ZONE_FIELDS);
    const { buddy } = zone;
    const isBlock = (frontier - buddy.frontier) % (1 << MAX_PAGE_ORDER) === 0;
    if (!isBlock || frontier < buddy.frontier || frontier > buddy.frontierEnd) {
      throw badState(
        "zone.counts",
        i * ZONE_FIELDS,
        `the untouched pages of zone ${zone.kind} can't begin at ${frontier}`,
      );
    }
    buddy.load(frontier, freePages, lists.subarray(i * LIST_FIELDS, (i + 1) * LIST_FIELDS));
    zone.kswapdWakeups = kswapdWakeups;
  }
}

function restorePages({ zones, pages }: Machine, reader: StateReader): void {
  const length = zones.reduce((sum, zone) => sum + touchedPages(zone), 0);
  const state = reader.uint8("page.state", length);
  const owner = reader.uint16("page.owner", length);
  const a = reader.int32("page.a", length);
  const b = reader.int32("page.b", length);
  let at = 0;
  for (const { startPfn, endPfn, buddy } of zones) {
    for (let pfn = startPfn; pfn < endPfn; pfn++) {
      if (pfn === buddy.frontier) pfn = buddy.frontierEnd;
      if (pfn === endPfn) break;
      pages.load(pfn, state[at]!, owner[at]!, a[at]!, b[at]!);
      at++;
    }
  }
}

function restoreCost({ cost, cpus }: Machine, fields: Float64Array): void {
  const [copiedBytes = 0, kmaps = 0, local = 0, broadcast = 0, allocs = 0, frees = 0, spent = 0] = fields;
  cost.copiedBytes = copiedBytes;
  cost.kmaps = kmaps;
  cost.tlbFlushesLocal = local;
  cost.tlbFlushesBroadcast = broadcast;
  cost.pageAllocs = allocs;
  cost.pageFrees = frees;
  cost.spend(spent);
  const [preemptOff = 0, longestPreemptOff = 0] = fields.subarray(7);
  cpus.preemptOffCycles = preemptOff;
  cpus.longestPreemptOffCycles = longestPreemptOff;
}
