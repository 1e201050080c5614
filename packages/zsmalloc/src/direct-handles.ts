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
  readonly #plan: SizeClassPlan;
  readonly #zspages: ZspageTable;
  readonly #radix: number; // handles per page frame

  /** `poolOwner` is the number by which the pool's pages are marked. */
  constructor(machine: Machine, poolOwner: number, plan: SizeClassPlan, zspages: ZspageTable) {
    this.#machine = machine;
    this.#poolOwner = poolOwner;
    this.#plan = plan;
    this.#zspages = zspages;
    this.#radix = (2 * machine.pageBytes) / MIN_SLOT_BYTES;
  }

  resolve(handle: number): boolean {
    const pfn = Math.floor(handle / this.#radix) as Pfn;
    if (!(pfn > 0 && pfn < this.#machine.endPfn) || this.#machine.pages.ownerOf(pfn) !== this.#poolOwner) return false;
    const z = this.#machine.pages.privateOf(pfn) as ZspageId;
    const classIndex = this.#zspages.classOf(z);
    const page = this.#machine.pages.indexOf(pfn);
    const slot = this.#firstSlotOf(classIndex, page) + (handle % this.#radix) - 1;
    const end = Math.min(this.#firstSlotOf(classIndex, page + 1), this.#plan.objectsPerZspageOf(classIndex));
    if (!Number.isInteger(slot) || slot < this.#firstSlotOf(classIndex, page) || slot >= end) return false;
    if (!this.#zspages.isAllocated(z, slot)) return false;
    this.zspage = z;
    this.slot = slot;
    return true;
  }

  issue(z: ZspageId, slot: number): number {
    const classIndex = this.#zspages.classOf(z);
    const page = Math.floor((slot * this.#plan.sizeBytesOf(classIndex)) / this.#machine.pageBytes);
    return this.#zspages.pfnOf(z, page) * this.#radix + slot - this.#firstSlotOf(classIndex, page) + 1;
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

  /** Index of the first slot that begins in a page of the zspage. */
  #firstSlotOf(classIndex: number, page: number): number {
    return Math.ceil((page * this.#machine.pageBytes) / this.#plan.sizeBytesOf(classIndex));
  }
}
