// The machine: memory, page descriptors, zones, CPUs, mappings, faults and costs put together, and the page allocator
// over them. Everything that an allocator needs from the hardware and from the kernel's page layer is here.

import { checkMachine } from "./check.ts";
import { CostCounter } from "./cost.ts";
import { CpuSet } from "./cpu.ts";
import { type Errno, ENOMEM } from "./errno.ts";
import { MachineError } from "./errors.ts";
import { FaultInjector } from "./faults.ts";
import { MAX_PAGE_ORDER, type PageBytes, type Pfn, pageShiftOf, toPageBytes } from "./geometry.ts";
import { __GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM, __GFP_NOWARN, __GFP_ZERO, gfpNames } from "./gfp.ts";
import { KernelLog } from "./kernel-log.ts";
import { KmapTable } from "./kmap.ts";
import {
  FIRST_PFN,
  type MachineOptions,
  type Region,
  type ZoneOptions,
  checkMachineOptions,
} from "./machine-options.ts";
import { PageTable } from "./page-table.ts";
import { PhysicalMemory, type SharedMemory } from "./physical-memory.ts";
import { Prng } from "./prng.ts";
import { type SharedTable, TableSpace } from "./tables.ts";
import { type Watermarks, Zone, Zonelists, kernelWatermarks } from "./zone.ts";

/** A machine as it goes to another thread. */
export interface MachineShare {
  readonly options: MachineOptions;
  readonly memory: SharedMemory;
  /** For `OpenTables`. */
  readonly tables: readonly SharedTable[];
}

const WHOLE_MACHINE: Region = { index: 0, count: 1 };

/** Owners that 16 bits of a page descriptor can name, beside 0 for nobody. */
const MAX_OWNERS = 0xffff;

export class Machine {
  readonly pageBytes: PageBytes;
  readonly pageShift: number;
  readonly memory: PhysicalMemory;
  readonly pages: PageTable;
  /** Room for the tables of allocators. */
  readonly tables: TableSpace;
  readonly zones: readonly Zone[];
  readonly cpus: CpuSet;
  readonly kmap: KmapTable;
  readonly faults: FaultInjector;
  readonly cost: CostCounter;
  readonly log: KernelLog;
  readonly prng: Prng;
  /** One more than the highest page frame number. */
  readonly endPfn: number;
  /** Pages from here up are HIGHMEM. */
  readonly highmemStartPfn: number;
  /** What it was made of. */
  readonly options: MachineOptions;
  readonly #zonelists: Zonelists;
  readonly #ownerNames: string[] = ["nobody"];
  readonly #allocatedBlocks: Float64Array = new Float64Array(MAX_PAGE_ORDER + 1); // ever, per order
  readonly #freedBlocks: Float64Array = new Float64Array(MAX_PAGE_ORDER + 1); // ever, per order
  readonly #failedRequests: Float64Array = new Float64Array(MAX_PAGE_ORDER + 1); // ever, per order

  /** `memory` is what another thread shared, by `openMachine`. Throws ZLAB_PAGE_SIZE or ZLAB_MACHINE_OPTIONS. */
  constructor(options: MachineOptions, memory?: SharedMemory) {
    this.pageBytes = toPageBytes(options.pageBytes);
    this.pageShift = pageShiftOf(this.pageBytes);
    checkMachineOptions(options);
    const seed = options.seed ?? 1;
    this.endPfn = options.zones.reduce((end, zone) => end + zone.pages, FIRST_PFN);
    this.pages = new PageTable(this.endPfn);
    const backing = options.backing ?? "array-buffer";
    const region = options.region ?? WHOLE_MACHINE;
    this.options = options;
    this.memory = memory
      ? PhysicalMemory.open(memory, region.index)
      : new PhysicalMemory(this.pageBytes, this.endPfn, backing, region);
    this.tables = new TableSpace(backing === "shared-array-buffer");
    this.zones = layOutZones(options.zones, this.pages, this.pageBytes, region);
    this.#zonelists = new Zonelists(this.zones);
    const highmem = options.zones.at(-1)!;
    this.highmemStartPfn = highmem.kind === "HIGHMEM" ? this.endPfn - highmem.pages : this.endPfn;
    this.cost = new CostCounter(options.costModel);
    this.cpus = new CpuSet(options.cpus ?? 1, this.cost);
    this.kmap = new KmapTable(this.cpus, this.cost, this.highmemStartPfn, options.forceKmap ?? false);
    this.faults = new FaultInjector(seed);
    this.log = new KernelLog(options.panicOnWarn ?? false);
    this.prng = new Prng(seed);
  }

  /** A small number by which pages are marked as belonging to `name`. Throws ZLAB_OWNERS when there are no more. */
  registerOwner(name: string): number {
    if (this.#ownerNames.length > MAX_OWNERS) {
      throw new MachineError("ZLAB_OWNERS", `a machine can tell ${MAX_OWNERS} page owners apart; make a new machine`);
    }
    return this.#ownerNames.push(name) - 1;
  }

  /** Owners registered so far: their numbers are 1 to this. */
  get ownerCount(): number {
    return this.#ownerNames.length - 1;
  }

  /** Name of an owner; "nobody" for 0. */
  ownerName(owner: number): string {
    return this.#ownerNames[owner] ?? `owner ${owner}`;
  }

  /** Allocates 2^order contiguous pages for `owner`, from the zones that `gfp` allows (zone.ts). Returns the first page, or
   * ENOMEM: no zone has a block that leaves its watermark, a fault was injected, or the order is above MAX_PAGE_ORDER.
   * Throws ZLAB_ORDER for an order that isn't a whole number from 0, and ZLAB_GFP. */
  allocPages(order: number, gfp: number, owner: number): Pfn | Errno {
    if ((gfp & __GFP_DIRECT_RECLAIM) !== 0 && this.cpus.preemptCount() > 0) this.#reportSleepInAtomic(owner);
    if ((order | 0) !== order || order < 0 || order > MAX_PAGE_ORDER) return this.#refuseOrder(order, gfp);
    if (this.faults.armed && this.faults.shouldFail(order, gfp)) return this.#allocationFailed(order, gfp, owner);
    const zones = this.#zonelists.for(gfp);
    for (let i = 0; i < zones.length; i++) {
      const zone = zones[i]!;
      if (!zone.staysAboveLow(order)) continue;
      const pfn = zone.buddy.allocate(order, owner);
      if (pfn >= 0) return this.#handOut(pfn as Pfn, order, gfp);
    }
    return this.#allocBelowLow(zones, order, gfp, owner);
  }

  /** Gives a block back. Throws ZLAB_BAD_PAGE_FREE if it isn't an allocated block of this order. */
  freePages(pfn: Pfn, order: number): void {
    if (!this.pages.isAllocatedBlock(pfn, order)) {
      throw new MachineError(
        "ZLAB_BAD_PAGE_FREE",
        `page ${pfn} is not the head of an allocated block of order ${order}`,
      );
    }
    this.#freedBlocks[order]!++;
    this.cost.pageFree();
    this.#zoneOfKnown(pfn).buddy.release(pfn, order);
  }

  /** The zone that holds a page. Throws ZLAB_NO_SUCH_PAGE. */
  zoneOf(pfn: Pfn): Zone {
    const zone = pfn >= this.zones[0]!.startPfn ? this.#zoneOfKnown(pfn) : undefined;
    if (zone !== undefined && pfn < zone.endPfn) return zone;
    throw new MachineError("ZLAB_NO_SUCH_PAGE", `the machine has no page ${pfn}`);
  }

  isHighmem(pfn: Pfn): boolean {
    return pfn >= this.highmemStartPfn;
  }

  /** Free pages over all zones. */
  freePageCount(): number {
    let sum = 0;
    for (let i = 0; i < this.zones.length; i++) sum += this.zones[i]!.freePages;
    return sum;
  }

  /** Pages over all zones, free or not. */
  totalPageCount(): number {
    return this.zones.reduce((sum, zone) => sum + zone.totalPages, 0);
  }

  /** What `openMachine` in another thread needs: the memory, and the tables that exist by now. It can be posted there. Throws
   * ZLAB_SHARE on a machine whose backing is not "shared-array-buffer". */
  share(): MachineShare {
    return { options: this.options, memory: this.memory.share(), tables: this.tables.share() };
  }

  /** Blocks ever allocated, per order. */
  allocatedBlocksByOrder(): number[] {
    return Array.from(this.#allocatedBlocks);
  }

  /** Blocks ever given back, per order. */
  freedBlocksByOrder(): number[] {
    return Array.from(this.#freedBlocks);
  }

  /** Requests ever refused, per order. */
  failedRequestsByOrder(): number[] {
    return Array.from(this.#failedRequests);
  }

  /** Blocks ever allocated, given back and refused, per order: for images. */
  blockCounters(): Float64Array {
    return Float64Array.of(...this.#allocatedBlocks, ...this.#freedBlocks, ...this.#failedRequests);
  }

  /** Takes over what `blockCounters` gave. */
  loadBlockCounters(counters: Float64Array): void {
    const orders = MAX_PAGE_ORDER + 1;
    this.#allocatedBlocks.set(counters.subarray(0, orders));
    this.#freedBlocks.set(counters.subarray(orders, 2 * orders));
    this.#failedRequests.set(counters.subarray(2 * orders, 3 * orders));
  }

  /** Verifies the machine's invariants. Throws ZLAB_CORRUPT with the equation that does not hold. */
  check(): void {
    checkMachine(this);
  }

  /** The second try: wakes the background reclaimer and goes down to what `gfp` may use of the minimum watermarks. */
  #allocBelowLow(zones: readonly Zone[], order: number, gfp: number, owner: number): Pfn | Errno {
    if ((gfp & __GFP_KSWAPD_RECLAIM) !== 0) for (const zone of zones) zone.kswapdWakeups++;
    for (const zone of zones) {
      if (!zone.mayAllocate(order, gfp)) continue;
      const pfn = zone.buddy.allocate(order, owner);
      if (pfn >= 0) return this.#handOut(pfn as Pfn, order, gfp);
    }
    return this.#allocationFailed(order, gfp, owner);
  }

  #handOut(pfn: Pfn, order: number, gfp: number): Pfn {
    this.#allocatedBlocks[order]!++;
    this.cost.pageAlloc();
    if ((gfp & __GFP_ZERO) !== 0) this.memory.fill(pfn, 0, this.pageBytes << order, 0);
    return pfn;
  }

  /** The kernel's warn_alloc: a line in the log, but no warning that `panicOnWarn` would act on. */
  #allocationFailed(order: number, gfp: number, owner: number): Errno {
    this.#failedRequests[order]!++;
    if ((gfp & __GFP_NOWARN) === 0) {
      this.log.print(`${this.ownerName(owner)}: page allocation failure: order:${order}, mode:${gfpNames(gfp)}`);
    }
    return ENOMEM;
  }

  /** A block larger than there can be: the kernel warns and returns nothing. */
  #refuseOrder(order: number, gfp: number): Errno {
    if (!Number.isInteger(order) || order < 0) {
      throw new MachineError(
        "ZLAB_ORDER",
        `the order of a block is a whole number from 0 to ${MAX_PAGE_ORDER}, not ${order}`,
      );
    }
    if ((gfp & __GFP_NOWARN) === 0) {
      this.log.report(`WARNING: page allocation of order ${order} is above MAX_PAGE_ORDER ${MAX_PAGE_ORDER}`);
    }
    return ENOMEM;
  }

  #reportSleepInAtomic(owner: number): void {
    this.log.report(
      "BUG: sleeping function called from invalid context at page_alloc",
      `in_atomic(): 1, irqs_disabled(): 0, non_block: 0, cpu: ${this.cpus.current}, name: ${this.ownerName(owner)}`,
      `preempt_count: ${this.cpus.preemptCount()}, expected: 0`,
    );
  }

  /** The zone of a page that is known to exist: the highest that begins at or below it. */
  #zoneOfKnown(pfn: Pfn): Zone {
    let i = this.zones.length - 1;
    while (pfn < this.zones[i]!.startPfn) i--;
    return this.zones[i]!;
  }
}

/** A thread's own machine over the memory of a machine that another thread shared. It hands out the pages of region `index` of
 * the count in that machine's options, by itself: nothing is locked, so no two threads may open the same region. Reads
 * and writes reach all pages. Its page descriptors, counters and faults are its own. Throws ZLAB_MACHINE_OPTIONS. */
export function openMachine(share: MachineShare, index: number): Machine {
  const count = share.options.region?.count ?? 1;
  return new Machine({ ...share.options, region: { index, count } }, share.memory);
}

/** Zones of the machine, cut to the region; a zone without a page in it is left out. */
function layOutZones(options: readonly ZoneOptions[], pages: PageTable, pageBytes: PageBytes, region: Region): Zone[] {
  const lowmemPages = options.reduce((sum, zone) => sum + (zone.kind === "HIGHMEM" ? 0 : zone.pages), 0);
  let zoneStartPfn = FIRST_PFN;
  const zones: Zone[] = [];
  for (const { kind, pages: zonePages, watermarks } of options) {
    const zoneEndPfn = zoneStartPfn + zonePages;
    const startPfn = borderPfn(zoneStartPfn, zoneEndPfn, region.index, region.count);
    const endPfn = borderPfn(zoneStartPfn, zoneEndPfn, region.index + 1, region.count);
    const marks = watermarks ?? kernelWatermarks(kind, zonePages, pageBytes, lowmemPages);
    if (endPfn > startPfn) zones.push(new Zone(kind, pages, startPfn, endPfn, shareOf(marks, region.count)));
    zoneStartPfn = zoneEndPfn;
  }
  if (zones.length > 0) return zones;
  throw new MachineError(
    "ZLAB_MACHINE_OPTIONS",
    `region ${region.index} of ${region.count} has no page: use fewer regions`,
  );
}

/** Where part `index` of a zone begins: at a block of the highest order, so that no two regions hold buddies. */
function borderPfn(startPfn: number, endPfn: number, index: number, count: number): number {
  if (index === 0) return startPfn;
  if (index === count) return endPfn;
  const pfn = startPfn + Math.floor(((endPfn - startPfn) * index) / count);
  return Math.max(startPfn, pfn - (pfn % 2 ** MAX_PAGE_ORDER));
}

/** The watermarks of one of `count` equal parts of a zone. */
function shareOf({ minPages, lowPages, highPages }: Watermarks, count: number): Watermarks {
  return {
    minPages: Math.floor(minPages / count),
    lowPages: Math.floor(lowPages / count),
    highPages: Math.floor(highPages / count),
  };
}
