// The machine: memory, page descriptors, zones, CPUs, mappings, faults and costs put together, and the page allocator
// over them. Everything that an allocator needs from the hardware and from the kernel's page layer is here.

import { type CostModel, CostCounter } from "./cost.ts";
import { CpuSet } from "./cpu.ts";
import { type Errno, ENOMEM } from "./errno.ts";
import { MachineError } from "./errors.ts";
import { FaultInjector } from "./faults.ts";
import { MAX_PAGE_ORDER, type PageBytes, type Pfn, pageShiftOf, toPageBytes } from "./geometry.ts";
import { __GFP_DIRECT_RECLAIM, __GFP_KSWAPD_RECLAIM, __GFP_NOWARN, __GFP_ZERO, gfpNames } from "./gfp.ts";
import { KernelLog } from "./kernel-log.ts";
import { KmapTable } from "./kmap.ts";
import { PageTable } from "./page-table.ts";
import { type MemoryBacking, PhysicalMemory } from "./physical-memory.ts";
import { Prng } from "./prng.ts";
import { ZONE_KINDS, type Watermarks, Zone, type ZoneKind, zonesFor } from "./zone.ts";

/** Size of one zone in pages, and its watermarks (default: the kernel's formula, `kernelWatermarks`). */
export interface ZoneOptions {
  readonly kind: ZoneKind;
  readonly pages: number;
  readonly watermarks?: Watermarks;
}

export interface MachineOptions {
  /** 4096, 16384 or 65536. */
  readonly pageBytes: number;
  /** Zones from low to high. */
  readonly zones: readonly ZoneOptions[];
  /** CPUs; default 1. */
  readonly cpus?: number;
  /** Default "array-buffer". */
  readonly backing?: MemoryBacking;
  /** Temporary mappings for low memory too, so that their nesting is checked. Default false. */
  readonly forceKmap?: boolean;
  /** Kernel reports throw instead of being logged. Default false. */
  readonly panicOnWarn?: boolean;
  readonly costModel?: Partial<CostModel>;
  /** Seed of the machine's random numbers (freelist order, fault injection). Default 1. */
  readonly seed?: number;
}

/** The first block of page frames is the firmware's, so that no page has number 0. */
const FIRST_PFN = 2 ** MAX_PAGE_ORDER;

/** No watermarks: allocations go down to the last page. */
export const NO_WATERMARKS: Watermarks = { minPages: 0, lowPages: 0, highPages: 0 };

/** The kernel's watermarks for a zone: min_free_kbytes = 4 * sqrt(KiB of memory), at least 128 KiB and at most 256 MiB; low and high
 * lie a quarter and a half above. HIGHMEM keeps a 1024th, 32 to 128 pages. */
export function kernelWatermarks(kind: ZoneKind, pages: number, pageBytes: number): Watermarks {
  const kib = (pages * pageBytes) / 1024;
  const minKib = Math.min(262144, Math.max(128, Math.floor(4 * Math.sqrt(kib))));
  const minPages =
    kind === "HIGHMEM"
      ? Math.min(128, Math.max(32, Math.floor(pages / 1024)))
      : Math.floor((minKib * 1024) / pageBytes);
  return { minPages, lowPages: minPages + (minPages >> 2), highPages: minPages + (minPages >> 1) };
}

export class Machine {
  readonly pageBytes: PageBytes;
  readonly pageShift: number;
  readonly memory: PhysicalMemory;
  readonly pages: PageTable;
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
  readonly #zonelists = new Map<number, Zone[]>();
  readonly #ownerNames: string[] = ["free"];
  readonly #allocatedBlocks: Float64Array = new Float64Array(MAX_PAGE_ORDER + 1);
  readonly #failedRequests: Float64Array = new Float64Array(MAX_PAGE_ORDER + 1);

  constructor(options: MachineOptions) {
    this.pageBytes = toPageBytes(options.pageBytes);
    this.pageShift = pageShiftOf(this.pageBytes);
    checkZones(options.zones);
    this.endPfn = options.zones.reduce((end, zone) => end + zone.pages, FIRST_PFN);
    this.pages = new PageTable(this.endPfn);
    this.memory = new PhysicalMemory(this.pageBytes, this.endPfn, options.backing ?? "array-buffer");
    this.zones = this.#layOut(options.zones);
    this.highmemStartPfn = this.zones.find((zone) => zone.kind === "HIGHMEM")?.startPfn ?? this.endPfn;
    this.cost = new CostCounter(options.costModel);
    this.cpus = new CpuSet(options.cpus ?? 1, this.cost);
    this.kmap = new KmapTable(this.cpus, this.cost, this.highmemStartPfn, options.forceKmap ?? false);
    this.faults = new FaultInjector();
    this.log = new KernelLog(options.panicOnWarn ?? false);
    this.prng = new Prng(options.seed ?? 1);
  }

  /** A small number by which pages are marked as belonging to `name`. */
  registerOwner(name: string): number {
    if (this.#ownerNames.length > 0xffff) {
      throw new MachineError("ZLAB_OWNERS", "a machine can tell 65,535 page owners apart; make a new machine");
    }
    return this.#ownerNames.push(name) - 1;
  }

  /** Allocates 2^order contiguous pages for `owner`. Returns the first page, or ENOMEM. */
  allocPages(order: number, gfp: number, owner: number): Pfn | Errno {
    if ((gfp & __GFP_DIRECT_RECLAIM) !== 0 && this.cpus.preemptCount() > 0) this.#reportSleepInAtomic();
    if (this.faults.shouldFail(order, gfp)) return this.#allocationFailed(order, gfp);
    const zones = this.#zonelists.get(gfp) ?? this.#zonelistOf(gfp);
    for (const zone of zones) {
      if (!zone.mayAllocate(order, gfp)) continue;
      const pfn = zone.buddy.allocate(order);
      if (pfn < 0) continue;
      if ((gfp & __GFP_KSWAPD_RECLAIM) !== 0 && zone.freePages < zone.watermarks.lowPages) zone.kswapdWakeups++;
      return this.#handOut(pfn as Pfn, order, gfp, owner);
    }
    return this.#allocationFailed(order, gfp);
  }

  /** Gives a block back. Throws ZLAB_BAD_PAGE_FREE if it isn't an allocated block of this order. */
  freePages(pfn: Pfn, order: number): void {
    if (!this.pages.isAllocatedBlock(pfn, order)) {
      throw new MachineError(
        "ZLAB_BAD_PAGE_FREE",
        `page ${pfn} is not the head of an allocated block of order ${order}`,
      );
    }
    this.pages.setOwner(pfn, 0);
    this.cost.pageFree();
    this.zoneOf(pfn).buddy.release(pfn, order);
  }

  /** The zone that holds a page. */
  zoneOf(pfn: Pfn): Zone {
    for (const zone of this.zones) if (pfn < zone.endPfn && pfn >= zone.startPfn) return zone;
    throw new MachineError("ZLAB_NO_SUCH_PAGE", `the machine has no page ${pfn}`);
  }

  isHighmem(pfn: Pfn): boolean {
    return pfn >= this.highmemStartPfn;
  }

  /** Free pages over all zones. */
  freePageCount(): number {
    return this.zones.reduce((sum, zone) => sum + zone.freePages, 0);
  }

  totalPageCount(): number {
    return this.zones.reduce((sum, zone) => sum + zone.totalPages, 0);
  }

  ownerName(owner: number): string {
    return this.#ownerNames[owner] ?? `owner ${owner}`;
  }

  /** Blocks ever allocated, per order. */
  allocatedBlocksByOrder(): number[] {
    return Array.from(this.#allocatedBlocks);
  }

  /** Requests ever refused, per order. */
  failedRequestsByOrder(): number[] {
    return Array.from(this.#failedRequests);
  }

  #handOut(pfn: Pfn, order: number, gfp: number, owner: number): Pfn {
    this.pages.setOwner(pfn, owner);
    this.#allocatedBlocks[order]!++;
    this.cost.pageAlloc();
    if ((gfp & __GFP_ZERO) !== 0) {
      for (let page = 0; page < 2 ** order; page++) this.memory.fill((pfn + page) as Pfn, 0, this.pageBytes, 0);
    }
    return pfn;
  }

  #allocationFailed(order: number, gfp: number): Errno {
    this.#failedRequests[order]!++;
    if ((gfp & __GFP_NOWARN) === 0 && order > 0) {
      this.log.report(`page allocation failure: order:${order}, mode:${gfpNames(gfp)}`);
    }
    return ENOMEM;
  }

  #reportSleepInAtomic(): void {
    this.log.report(
      `BUG: sleeping function called from invalid context: in_atomic(): 1, preempt_count: ${this.cpus.preemptCount()}, cpu: ${this.cpus.current}`,
    );
  }

  #zonelistOf(gfp: number): Zone[] {
    const zones = zonesFor(this.zones, gfp);
    this.#zonelists.set(gfp, zones);
    return zones;
  }

  #layOut(zones: readonly ZoneOptions[]): Zone[] {
    let startPfn = FIRST_PFN;
    return zones.map(({ kind, pages, watermarks }) => {
      const marks = watermarks ?? kernelWatermarks(kind, pages, this.pageBytes);
      const zone = new Zone(kind, this.pages, startPfn, startPfn + pages, marks);
      startPfn += pages;
      return zone;
    });
  }
}

function checkZones(zones: readonly ZoneOptions[]): void {
  const ranks = zones.map((zone) => ZONE_KINDS.indexOf(zone.kind));
  const ascending = ranks.every((rank, i) => rank >= 0 && (i === 0 || rank > ranks[i - 1]!));
  if (zones.length === 0 || !ascending) {
    throw new MachineError("ZLAB_MACHINE_OPTIONS", `zones must be some of ${ZONE_KINDS.join(", ")}, in this order`);
  }
  for (const { kind, pages } of zones) {
    if (!Number.isInteger(pages) || pages < 1 || pages > 2 ** 30) {
      throw new MachineError("ZLAB_MACHINE_OPTIONS", `zone ${kind} must have 1 to 2^30 pages, not ${pages}`);
    }
  }
}
