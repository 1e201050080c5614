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
import type { ZspageId, ZspageTable } from "./zspage-table.ts";

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
  writeAllocated(z: ZspageId, slot: number, handle: number): void {
    if (this.#hasHeader(z)) this.#write(z, slot, BigInt(handle) * 8n + 1n);
  }

  /** Writes the link of a slot that was freed. */
  writeFree(z: ZspageId, slot: number): void {
    if (!this.#plan.isHuge(this.#zspages.classOf(z))) this.#write(z, slot, this.#linkOf(z, slot));
  }

  /** Writes the links of all free slots of a new zspage. */
  writeFresh(z: ZspageId): void {
    const slots = this.#zspages;
    for (let slot = slots.firstFreeSlot(z); slot >= 0; slot = slots.nextFreeSlot(z, slot)) this.writeFree(z, slot);
  }

  /** What is wrong with a slot's header, or undefined. `handle` is the slot's, 0 if it is free. */
  fault(z: ZspageId, slot: number, handle: number): string | undefined {
    const header = handle === 0 ? !this.#plan.isHuge(this.#zspages.classOf(z)) : this.#hasHeader(z);
    if (!header) return undefined;
    const expected = handle === 0 ? this.#linkOf(z, slot) : BigInt(handle) * 8n + 1n;
    this.#machine.memory.copyOut(this.#pfnOf(z, slot), this.#offsetOf(z, slot), this.#bytes, 0, HEADER_BYTES);
    if (this.#value[0] === expected) return undefined;
    return `slot ${slot} has the header 0x${this.#value[0]!.toString(16)} in its page, expected 0x${expected.toString(16)}`;
  }

  #hasHeader(z: ZspageId): boolean {
    return this.#plan.options.headerBytes > 0 && !this.#plan.isHuge(this.#zspages.classOf(z));
  }

  #linkOf(z: ZspageId, slot: number): bigint {
    const next = this.#zspages.nextFreeSlot(z, slot);
    if (this.#plan.options.headerBytes === 0) return next < 0 ? 0n : this.#locationOf(z, next);
    return BigInt.asUintN(64, BigInt(next) << 1n);
  }

  #locationOf(z: ZspageId, slot: number): bigint {
    const pfn = this.#pfnOf(z, slot);
    const page = this.#machine.pages.indexOf(pfn);
    const firstSlot = Math.ceil((page * this.#machine.pageBytes) / this.#sizeOf(z));
    return (BigInt(pfn) << BigInt(LOCATION_INDEX_BITS)) | BigInt(slot - firstSlot + 1);
  }

  #write(z: ZspageId, slot: number, value: bigint): void {
    this.#value[0] = value;
    this.#machine.memory.copyIn(this.#pfnOf(z, slot), this.#offsetOf(z, slot), this.#bytes, 0, HEADER_BYTES);
  }

  #sizeOf(z: ZspageId): number {
    return this.#plan.sizeBytesOf(this.#zspages.classOf(z));
  }

  #pfnOf(z: ZspageId, slot: number): Pfn {
    return this.#zspages.pfnOf(z, Math.floor((slot * this.#sizeOf(z)) / this.#machine.pageBytes));
  }

  #offsetOf(z: ZspageId, slot: number): number {
    return (slot * this.#sizeOf(z)) % this.#machine.pageBytes;
  }
}
