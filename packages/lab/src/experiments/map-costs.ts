// What mapping objects of zsmalloc costs on a machine with given prices.

import { type CostModel, GFP_KERNEL, type MachineOptions, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import type { BackendVariant } from "../compose.ts";
import { ExperimentFailure } from "./experiment.ts";
import { withPool } from "./with-pool.ts";

const MODES = { read: MapMode.RO, write: MapMode.WO, update: MapMode.RW } as const;

/** Cycles of one map and unmap, the mean over all objects, those that lie on one page included: they cost nothing. */
export interface MapCosts {
  readonly objects: number;
  readonly spanningObjects: number;
  readonly slotBytes: number;
  /** RO. */
  readonly read: number;
  /** WO. */
  readonly write: number;
  /** RW. */
  readonly update: number;
  /** The longest time with preemption off, over all modes. */
  readonly longestPreemptOffCycles: number;
}

/** Costs for objects of one size, which fill one zspage: in the next one everything repeats. */
export function mapCostsOfSize(variant: BackendVariant, bytes: number, prices: Partial<CostModel>): MapCosts {
  return measure(variant, 1024, prices, (pool) => {
    const handles = [store(pool, bytes)];
    const pages = pool.totalPages();
    for (;;) {
      const handle = store(pool, bytes);
      if (pool.totalPages() === pages) {
        handles.push(handle);
        continue;
      }
      pool.free(handle);
      return handles;
    }
  });
}

/** Costs for objects of many sizes. */
export function mapCostsOfSizes(
  variant: BackendVariant,
  sizes: readonly number[],
  prices: Partial<CostModel>,
): MapCosts {
  const pages = sizes.length + 8192; // a page each, and the unused rest of each class
  return measure(variant, pages, prices, (pool) => sizes.map((bytes) => store(pool, bytes)));
}

function store(pool: ZpoolBackend, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle))
    throw new ExperimentFailure(`${pool.type} refused ${bytes} bytes on a machine with room for them`);
  return handle;
}

function measure(
  variant: BackendVariant,
  pages: number,
  costModel: Partial<CostModel>,
  fill: (pool: ZpoolBackend) => Handle[],
): MapCosts {
  const machineOptions: MachineOptions = {
    pageBytes: 4096,
    zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
    backing: "size-only",
    costModel,
  };
  return withPool(variant, machineOptions, (pool, { cost, cpus }) => {
    const handles = fill(pool);
    const cyclesPerObject = (mode: MapMode): number => {
      const before = cost.cycles;
      for (const handle of handles) {
        pool.map(handle, mode);
        pool.unmap(handle);
      }
      return (cost.cycles - before) / handles.length;
    };
    const { objects, spanningObjects, slotBytes } = pool.stats();
    return {
      objects,
      spanningObjects,
      slotBytes: slotBytes / objects,
      read: cyclesPerObject(MODES.read),
      write: cyclesPerObject(MODES.write),
      update: cyclesPerObject(MODES.update),
      longestPreemptOffCycles: cpus.longestPreemptOffCycles,
    };
  });
}
