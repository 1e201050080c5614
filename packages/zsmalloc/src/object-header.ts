// The image of headers and free-list links in the pages, for `layout: "in-page"`. The engine works on the words of the zspage
// table; this writes the same facts where the kernel keeps them, in the first 8 bytes of a slot, so that the pages look as in
// a real kernel. (The engine gains nothing from it: it is for those who look at page images, and for `check`.)
//
//   linux-6.12, allocated   address of the handle's cell, bit 0 set (we take 8 * handle for the address)
//   linux-6.12, free        index of the next free slot << 1; the last: all bits set << 1
//   linux-3.10, free        the next free slot's location, PFN << 30 | (index in page + 1); the last: 0
//   linux-3.10, allocated   user data: there is no header
//   huge class              nothing: the handle is in the page descriptor

import type { Machine, Pfn } from "@zlab/hw-sim";
import { ZPoolError } from "@zlab/zpool";
import type { SizeClassPlan } from "./size-classes.ts";
import type { ClassId, SlotId, ZspageId } from "./table-layout.ts";
import type { ZspageTable } from "./zspage-table.ts";

const HEADER_BYTES = 8;
/** Bits of the index in a location of linux-3.10. */
const LOCATION_INDEX_BITS = 30;

export class ObjectHeaders {
  readonly #machine: Machine;
  readonly #plan: SizeClassPlan;
  readonly #zspages: ZspageTable;
  readonly #bytes: Uint8Array = new Uint8Array(HEADER_BYTES);
  readonly #value: BigUint64Array = new BigUint64Array(this.#bytes.buffer as ArrayBuffer);

  constructor(machine: Machine, plan: SizeClassPlan, zspages: ZspageTable) {
    if (!machine.memory.hasBytes) {
      throw new ZPoolError("ZLAB_POOL_OPTIONS", `layout "in-page" needs a machine with bytes; this one is size-only`);
    }
    this.#machine = machine;
    this.#plan = plan;
    this.#zspages = zspages;
  }

  /** Writes the header of a slot that was allocated to `handle`. */
  writeAllocated(slot: SlotId, handle: number): void {
    if (this.#hasHeader(slot)) this.#write(slot, BigInt(handle) * 8n + 1n);
  }

  /** Writes the link of a slot that was freed. */
  writeFree(slot: SlotId): void {
    if (this.#hasLink(slot)) this.#write(slot, this.#linkOf(slot));
  }

  /** Writes the links of all free slots of a new zspage. */
  writeFresh(z: ZspageId): void {
    const zspages = this.#zspages;
    for (let index = zspages.firstFreeSlot(z); index >= 0; index = zspages.nextFreeSlot(z, index)) {
      this.writeFree(zspages.slotAt(z, index));
    }
  }

  /** What is wrong with a slot's header, or undefined. `handle` is the slot's, 0 if it is free. */
  fault(slot: SlotId, handle: number): string | undefined {
    if (!(handle === 0 ? this.#hasLink(slot) : this.#hasHeader(slot))) return undefined;
    const expected = handle === 0 ? this.#linkOf(slot) : BigInt(handle) * 8n + 1n;
    const { pfn, offset, slotIndex } = this.#placeOf(slot);
    this.#machine.memory.copyOut(pfn, offset, this.#bytes, 0, HEADER_BYTES);
    const header = this.#value[0]!;
    if (header === expected) return undefined;
    return `slot ${slotIndex} has the header 0x${header.toString(16)} in its page, expected 0x${expected.toString(16)}`;
  }

  #hasHeader(slot: SlotId): boolean {
    return this.#plan.options.headerBytes > 0 && this.#hasLink(slot);
  }

  #hasLink(slot: SlotId): boolean {
    return !this.#plan.isHuge(this.#zspages.indexOf(this.#zspages.classOf(slot)));
  }

  #linkOf(slot: SlotId): bigint {
    const { z, slotIndex } = this.#placeOf(slot);
    const next = this.#zspages.nextFreeSlot(z, slotIndex);
    if (this.#plan.options.headerBytes > 0) return BigInt.asUintN(64, BigInt(next) << 1n);
    return next < 0 ? 0n : this.#locationOf(this.#zspages.slotAt(z, next));
  }

  #locationOf(slot: SlotId): bigint {
    const { pfn, slotIndex, sizeBytes } = this.#placeOf(slot);
    const firstSlot = Math.ceil((this.#machine.pages.indexOf(pfn) * this.#machine.pageBytes) / sizeBytes);
    return (BigInt(pfn) << BigInt(LOCATION_INDEX_BITS)) | BigInt(slotIndex - firstSlot + 1);
  }

  #write(slot: SlotId, value: bigint): void {
    const { pfn, offset } = this.#placeOf(slot);
    this.#value[0] = value;
    this.#machine.memory.copyIn(pfn, offset, this.#bytes, 0, HEADER_BYTES);
  }

  #placeOf(slot: SlotId): { z: ZspageId; slotIndex: number; sizeBytes: number; pfn: Pfn; offset: number } {
    const zspages = this.#zspages;
    const c: ClassId = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const slotIndex = zspages.slotIndexOf(slot, z);
    const sizeBytes = zspages.sizeBytesOf(c);
    const start = slotIndex * sizeBytes;
    const { pageShift, pageBytes } = this.#machine;
    return { z, slotIndex, sizeBytes, pfn: zspages.pfnOf(z, c, start >> pageShift), offset: start & (pageBytes - 1) };
  }
}
