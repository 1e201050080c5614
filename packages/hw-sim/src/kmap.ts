// Temporary mappings. Pages of low memory are always mapped, so mapping one is free; a HIGHMEM page takes one of the
// CPU's few slots and costs a TLB flush when it is given back. Slots are a stack: mappings end in reverse order.

import type { CostCounter } from "./cost.ts";
import type { CpuSet } from "./cpu.ts";
import { MachineError } from "./errors.ts";
import type { Pfn } from "./geometry.ts";

/** Slots of one CPU, as in the kernel. */
export const KMAP_SLOTS = 16;

export class KmapTable {
  readonly #cpus: CpuSet;
  readonly #cost: CostCounter;
  readonly #firstMappedPfn: number; // pages from here up take a slot
  readonly #slots: Int32Array; // pfn per CPU and slot
  readonly #depth: Int32Array; // slots in use per CPU

  /** Pages from `highmemStartPfn` up need a slot. With `forceMap` all do, which checks the nesting everywhere
   * (the kernel's CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP). */
  constructor(cpus: CpuSet, cost: CostCounter, highmemStartPfn: number, forceMap: boolean) {
    this.#cpus = cpus;
    this.#cost = cost;
    this.#firstMappedPfn = forceMap ? 0 : highmemStartPfn;
    this.#slots = new Int32Array(cpus.count * KMAP_SLOTS);
    this.#depth = new Int32Array(cpus.count);
  }

  /** Maps a page on the current CPU. Throws ZLAB_KMAP_SLOTS when the CPU has no slot left. */
  mapLocal(pfn: Pfn): void {
    if (pfn < this.#firstMappedPfn) return;
    const cpu = this.#cpus.current;
    const depth = this.#depth[cpu]!;
    if (depth === KMAP_SLOTS) {
      throw new MachineError(
        "ZLAB_KMAP_SLOTS",
        `CPU ${cpu} has all ${KMAP_SLOTS} temporary mappings in use; unmap one first`,
      );
    }
    this.#slots[cpu * KMAP_SLOTS + depth] = pfn;
    this.#depth[cpu] = depth + 1;
    this.#cost.kmap();
  }

  /** Ends the mapping that the current CPU made last. Throws ZLAB_KMAP_ORDER if that is another page's. */
  unmapLocal(pfn: Pfn): void {
    if (pfn < this.#firstMappedPfn) return;
    const cpu = this.#cpus.current;
    const depth = this.#depth[cpu]!;
    if (depth === 0 || this.#slots[cpu * KMAP_SLOTS + depth - 1] !== pfn) {
      throw new MachineError("ZLAB_KMAP_ORDER", `CPU ${cpu} unmaps page ${pfn}, which is not the one it mapped last`);
    }
    this.#depth[cpu] = depth - 1;
    this.#cost.tlbFlushLocal();
  }

  /** Slots in use on a CPU. */
  depthOf(cpu: number): number {
    return this.#depth[cpu]!;
  }

  /** The page in a slot of a CPU, from 0 to `depthOf(cpu)` - 1: the order in which they were mapped. */
  pageAt(cpu: number, slot: number): Pfn {
    return this.#slots[cpu * KMAP_SLOTS + slot]! as Pfn;
  }
}
