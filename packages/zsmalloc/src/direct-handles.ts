// Handles that encode the place (3.10): page frame number, shifted, plus one more than the index of the slot among those that
// begin in that page; the one keeps handles above 0. The kernel shifts by 30 bits; ours by as many as a page's slots need, so
// that handles stay small numbers: at 4 KiB, pfn * 256 + index + 1. Objects can't move, as their handles would change.

import type { Machine, Pfn } from "@zlab/hw-sim";
import type { HandleScheme } from "./handle-scheme.ts";
import { MIN_SLOT_BYTES, type SizeClassPlan } from "./size-classes.ts";
import { NO_ZSPAGE, type ZspageId, type ZspageTable } from "./zspage-table.ts";

export class DirectHandles implements HandleScheme {
  zspage: ZspageId = NO_ZSPAGE;
  slot = 0;
  readonly #machine: Machine;
  readonly #poolOwner: number;
  readonly #zspages: ZspageTable;
  readonly #radix: number; // handles per page frame
  readonly #firstSlot: Int32Array; // by class and page: first slot that begins in the page
  readonly #stride: number; // entries of a class in it
  readonly #sizeBytes: Int32Array; // by class

  /** `poolOwner` is the number by which the pool's pages are marked. */
  constructor(machine: Machine, poolOwner: number, plan: SizeClassPlan, zspages: ZspageTable) {
    this.#machine = machine;
    this.#poolOwner = poolOwner;
    this.#zspages = zspages;
    this.#radix = (2 * machine.pageBytes) / MIN_SLOT_BYTES;
    this.#stride = plan.options.chainSize + 1;
    this.#sizeBytes = Int32Array.from({ length: plan.indexCount }, (_, classIndex) => plan.sizeBytesOf(classIndex));
    this.#firstSlot = firstSlotTable(plan, this.#stride);
  }

  resolve(handle: number): boolean {
    const pfn = Math.floor(handle / this.#radix) as Pfn;
    if (!(pfn > 0 && pfn < this.#machine.endPfn) || this.#machine.pages.ownerOf(pfn) !== this.#poolOwner) return false;
    const z = this.#machine.pages.privateOf(pfn) as ZspageId;
    const classIndex = this.#zspages.classOf(z);
    const page = this.#machine.pages.indexOf(pfn);
    const entry = classIndex * this.#stride + page;
    const first = this.#firstSlot[entry]!;
    const slot = first + (handle - pfn * this.#radix) - 1;
    if (!Number.isInteger(slot) || slot < first || slot >= this.#firstSlot[entry + 1]!) return false;
    if (!this.#zspages.isAllocated(z, slot)) return false;
    this.zspage = z;
    this.slot = slot;
    return true;
  }

  issue(z: ZspageId, slot: number): number {
    const classIndex = this.#zspages.classOf(z);
    const page = (slot * this.#sizeBytes[classIndex]!) >> this.#machine.pageShift;
    return this.#zspages.pfnOf(z, page) * this.#radix + slot - this.#firstSlot[classIndex * this.#stride + page]! + 1;
  }

  release(_handle: number): void {}

  ownerWord(_handle: number): number {
    return 0;
  }

  moved(): never {
    throw new Error("a handle that encodes its object's place cannot follow it");
  }

  handleAt(z: ZspageId, slot: number): number {
    return this.issue(z, slot);
  }
}

/** For each class and page of its zspages the first slot that begins there, and after the last page the number of slots. */
function firstSlotTable(plan: SizeClassPlan, stride: number): Int32Array {
  const table = new Int32Array(plan.indexCount * stride);
  for (const classIndex of plan.owners) {
    const pages = plan.pagesPerZspageOf(classIndex);
    for (let page = 0; page < pages; page++) {
      const slot = Math.ceil((page * plan.options.pageBytes) / plan.sizeBytesOf(classIndex));
      table[classIndex * stride + page] = slot;
    }
    table[classIndex * stride + pages] = plan.objectsPerZspageOf(classIndex);
  }
  return table;
}
