// What a machine is made of, and the checks that the description makes sense.

import type { CostModel } from "./cost.ts";
import { MachineError } from "./errors.ts";
import { MAX_PAGE_ORDER } from "./geometry.ts";
import { MEMORY_BACKINGS, type MemoryBacking } from "./physical-memory.ts";
import { ZONE_KINDS, type Watermarks, type ZoneKind } from "./zone.ts";

/** Size of one zone in pages, and its watermarks (default: the kernel's formula, `kernelWatermarks`). */
export interface ZoneOptions {
  readonly kind: ZoneKind;
  readonly pages: number;
  readonly watermarks?: Watermarks;
}

/** Part `index`, from 0, of `count` parts. */
export interface Region {
  readonly index: number;
  readonly count: number;
}

export interface MachineOptions {
  /** 4096, 16384 or 65536. */
  readonly pageBytes: number;
  /** Zones from low to high. */
  readonly zones: readonly ZoneOptions[];
  /** CPUs, 1 to 4096; default 1. */
  readonly cpus?: number;
  /** Default "array-buffer". */
  readonly backing?: MemoryBacking;
  /** Temporary mappings for low memory too, so that their nesting is checked. Default false. */
  readonly forceKmap?: boolean;
  /** Kernel reports throw ZLAB_KERNEL_PANIC after being logged. Default false. */
  readonly panicOnWarn?: boolean;
  /** Prices that differ from `DEFAULT_COST_MODEL`. */
  readonly costModel?: Partial<CostModel>;
  /** The part of the machine's pages that this object hands out, of as many equal parts as there are threads; default: all. The
   * other parts belong to other threads, each with a `Machine` of its own over the same bytes (`openMachine`). */
  readonly region?: Region;
  /** Seed of the machine's random numbers (freelist order, fault injection), a whole number. Default 1. */
  readonly seed?: number;
}

/** The first block of page frames is the firmware's, so that no page has number 0. */
export const FIRST_PFN: number = 2 ** MAX_PAGE_ORDER;

/** Pages of the largest machine: page frame numbers stay below 2^30 (4 TiB of 4 KiB pages). */
export const MAX_MACHINE_PAGES: number = 2 ** 30 - FIRST_PFN;

/** Threads that can share a machine. */
const MAX_REGIONS = 256;

/** Throws ZLAB_MACHINE_OPTIONS, saying which option is wrong and what it may be. The page size and the number of CPUs are
 * checked where they are used. */
export function checkMachineOptions(options: MachineOptions): void {
  checkZones(options.zones);
  for (const zone of options.zones) if (zone.watermarks !== undefined) checkWatermarks(zone.kind, zone.watermarks);
  const { backing, region, seed } = options;
  if (backing !== undefined && !MEMORY_BACKINGS.includes(backing)) {
    throw wrong(`backing must be one of ${MEMORY_BACKINGS.join(", ")}, not ${backing}`);
  }
  if (region !== undefined) checkRegion(region);
  if (seed !== undefined && !Number.isInteger(seed)) throw wrong(`seed must be a whole number, not ${seed}`);
}

function checkZones(zones: readonly ZoneOptions[]): void {
  const ranks = zones.map((zone) => ZONE_KINDS.indexOf(zone.kind));
  const ascending = ranks.every((rank, i) => rank >= 0 && (i === 0 || rank > ranks[i - 1]!));
  if (zones.length === 0 || !ascending) throw wrong(`zones must be some of ${ZONE_KINDS.join(", ")}, in this order`);
  for (const { kind, pages } of zones) {
    if (!Number.isInteger(pages) || pages < 1) throw wrong(`zone ${kind} must have 1 page or more, not ${pages}`);
  }
  const total = zones.reduce((sum, zone) => sum + zone.pages, 0);
  if (total > MAX_MACHINE_PAGES) throw wrong(`a machine has at most ${MAX_MACHINE_PAGES} pages, not ${total}`);
}

function checkWatermarks(kind: ZoneKind, { minPages, lowPages, highPages }: Watermarks): void {
  const whole = [minPages, lowPages, highPages].every((pages) => Number.isInteger(pages) && pages >= 0);
  if (whole && minPages <= lowPages && lowPages <= highPages) return;
  throw wrong(
    `watermarks of zone ${kind} must be page counts with min <= low <= high, not ${minPages}, ${lowPages}, ${highPages}`,
  );
}

function checkRegion({ index, count }: Region): void {
  const whole = Number.isInteger(index) && Number.isInteger(count);
  if (whole && index >= 0 && index < count && count <= MAX_REGIONS) return;
  throw wrong(`region must be one of 1 to ${MAX_REGIONS}, counted from 0, not ${index} of ${count}`);
}

function wrong(what: string): MachineError {
  return new MachineError("ZLAB_MACHINE_OPTIONS", what);
}
