// Handles that encode the place (3.10): page frame number, shifted, plus one more than the index of the slot among those that
// begin in that page; the one keeps handles above 0. The kernel shifts by 30 bits; ours by as many as a page's slots need, so
// that handles stay small numbers: at 4 KiB, pfn * 256 + index + 1. Objects can't move, as their handles would change.

import type { Machine, Pfn } from "@zlab/hw-sim";
import { MIN_SLOT_BYTES, type SizeClassPlan } from "./size-classes.ts";
import { type ClassId, NO_SLOT, type SlotId, type ZspageId } from "./table-layout.ts";
import { type ZspageTable } from "./zspage-table.ts";

export class DirectHandles {
  readonly #machine: Machine;
  readonly #poolOwner: number;
  readonly #zspages: ZspageTable;
  readonly #radix: number; // handles per page frame
  readonly #pagesPerHandle: number; // a power of two: a product with it is an exact quotient
  readonly #firstSlot: Int32Array; // by class index and page: index of the first slot that begins in the page
  readonly #stride: number; // entries of a class in it

  /** `poolOwner` is the number by which the pool's pages are marked. */
  constructor(machine: Machine, poolOwner: number, plan: SizeClassPlan, zspages: ZspageTable) {
    this.#machine = machine;
    this.#poolOwner = poolOwner;
    this.#zspages = zspages;
    this.#radix = (2 * machine.pageBytes) / MIN_SLOT_BYTES;
    this.#pagesPerHandle = 1 / this.#radix;
    this.#stride = plan.options.chainSize + 1;
    this.#firstSlot = firstSlotTable(plan, this.#stride);
  }

  /** Slot of the object, NO_SLOT if the handle isn't live, whatever number it is. */
  resolve(handle: number): SlotId {
    const pfn = ((handle * this.#pagesPerHandle) | 0) as Pfn; // whatever the number is: its rest is looked at exactly
    const { pages } = this.#machine;
    if (!(pfn > 0 && pfn < this.#machine.endPfn) || pages.ownerOf(pfn) !== this.#poolOwner) return NO_SLOT;
    const z = pages.privateOf(pfn) as ZspageId;
    const entry = this.#entryOf(this.#zspages.classOf(z), pages.indexOf(pfn));
    const first = this.#firstSlot[entry]!;
    const slotIndex = first + (handle - pfn * this.#radix) - 1;
    if (!(slotIndex >= first && slotIndex < this.#firstSlot[entry + 1]!)) return NO_SLOT;
    const slot = this.#zspages.slotAt(z, slotIndex);
    return (slot | 0) === slot && this.#zspages.isAllocated(slot) ? slot : NO_SLOT;
  }

  /** The handle of a slot. */
  handleAt(slot: SlotId): number {
    const c = this.#zspages.classOf(slot);
    return this.handleIn(slot, this.#zspages.zspageOf(slot, c), c);
  }

  /** The handle of a slot of this zspage and class. */
  handleIn(slot: SlotId, z: ZspageId, c: ClassId): number {
    const zspages = this.#zspages;
    const slotIndex = zspages.slotIndexOf(slot, z);
    const page = (slotIndex * zspages.sizeBytesOf(c)) >> this.#machine.pageShift;
    return zspages.pfnOf(z, c, page) * this.#radix + slotIndex - this.#firstSlot[this.#entryOf(c, page)]! + 1;
  }

  #entryOf(c: ClassId, page: number): number {
    return this.#zspages.indexOf(c) * this.#stride + page;
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
