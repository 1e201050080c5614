// The bytes of slots. A zspage is one range of bytes, 0 to pages * pageBytes, whose pages are anywhere in memory, so a copy is cut
// at their borders: a slot lies on two pages at most. Each part is mapped for as long as it is copied.

import type { Machine, Pfn } from "@zlab/hw-sim";
import { assertCopyRange } from "@zlab/zpool";
import type { ClassId, SlotId, ZspageId } from "./table-layout.ts";
import type { ZspageTable } from "./zspage-table.ts";

export class SlotMemory {
  readonly #machine: Machine;
  readonly #zspages: ZspageTable;
  readonly #poolName: string;

  /** `poolName` is for messages. */
  constructor(machine: Machine, zspages: ZspageTable, poolName: string) {
    this.#machine = machine;
    this.#zspages = zspages;
    this.#poolName = poolName;
  }

  /** Copies the first `length` bytes of the object in a slot to `target`. Throws ZLAB_RANGE. */
  read(slot: SlotId, target: Uint8Array, targetOffset: number, length: number): void {
    const { pageBytes, pageShift } = this.#machine;
    const zspages = this.#zspages;
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const start = this.#dataStart(slot, z, c, target, targetOffset, length);
    const page = start >> pageShift;
    const offset = start & (pageBytes - 1);
    const here = pageBytes - offset;
    if (length <= here) {
      this.#readPage(zspages.pfnOf(z, c, page), offset, target, targetOffset, length);
    } else {
      this.#readPage(zspages.pfnOf(z, c, page), offset, target, targetOffset, here);
      this.#readPage(zspages.pfnOf(z, c, page + 1), 0, target, targetOffset + here, length - here);
    }
    this.#machine.cost.copy(length);
  }

  /** Copies `length` bytes of `source` to the start of the object in a slot. Throws ZLAB_RANGE. */
  write(slot: SlotId, source: Uint8Array, sourceOffset: number, length: number): void {
    const { pageBytes, pageShift } = this.#machine;
    const zspages = this.#zspages;
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const start = this.#dataStart(slot, z, c, source, sourceOffset, length);
    const page = start >> pageShift;
    const offset = start & (pageBytes - 1);
    const here = pageBytes - offset;
    if (length <= here) {
      this.#writePage(zspages.pfnOf(z, c, page), offset, source, sourceOffset, length);
    } else {
      this.#writePage(zspages.pfnOf(z, c, page), offset, source, sourceOffset, here);
      this.#writePage(zspages.pfnOf(z, c, page + 1), 0, source, sourceOffset + here, length - here);
    }
    this.#machine.cost.copy(length);
  }

  /** Copies a slot, header and all, to another of the same class; either may cross a page border. */
  copy(c: ClassId, from: ZspageId, fromSlot: SlotId, to: ZspageId, toSlot: SlotId): void {
    const { pageBytes, pageShift } = this.#machine;
    const zspages = this.#zspages;
    const sizeBytes = zspages.sizeBytesOf(c);
    let fromStart = zspages.slotIndexOf(fromSlot, from) * sizeBytes;
    let toStart = zspages.slotIndexOf(toSlot, to) * sizeBytes;
    for (let left = sizeBytes; left > 0;) {
      const fromOffset = fromStart & (pageBytes - 1);
      const toOffset = toStart & (pageBytes - 1);
      const part = Math.min(left, pageBytes - fromOffset, pageBytes - toOffset);
      const fromPfn = zspages.pfnOf(from, c, fromStart >> pageShift);
      this.#copyPage(zspages.pfnOf(to, c, toStart >> pageShift), toOffset, fromPfn, fromOffset, part);
      fromStart += part;
      toStart += part;
      left -= part;
    }
    this.#machine.cost.copy(sizeBytes);
  }

  /** Sets the first `length` bytes of a slot, header included; they lie on one page. */
  fill(slot: SlotId, length: number, value: number): void {
    const { memory, kmap, pageBytes, pageShift } = this.#machine;
    const c = this.#zspages.classOf(slot);
    const z = this.#zspages.zspageOf(slot, c);
    const start = this.#zspages.slotIndexOf(slot, z) * this.#zspages.sizeBytesOf(c);
    const pfn = this.#zspages.pfnOf(z, c, start >> pageShift);
    kmap.mapLocal(pfn);
    memory.fill(pfn, start & (pageBytes - 1), length, value);
    kmap.unmapLocal(pfn);
  }

  /** Where in the zspage the object's data begin, if `length` of them fit the slot and the caller's buffer. */
  #dataStart(slot: SlotId, z: ZspageId, c: ClassId, buffer: Uint8Array, bufferOffset: number, length: number): number {
    const sizeBytes = this.#zspages.sizeBytesOf(c);
    const dataOffset = this.#zspages.dataOffsetOf(c);
    assertCopyRange(this.#poolName, sizeBytes - dataOffset, buffer, bufferOffset, length);
    return this.#zspages.slotIndexOf(slot, z) * sizeBytes + dataOffset;
  }

  #readPage(pfn: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    const { memory, kmap } = this.#machine;
    kmap.mapLocal(pfn);
    memory.copyOut(pfn, offset, target, targetOffset, length);
    kmap.unmapLocal(pfn);
  }

  #writePage(pfn: Pfn, offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    const { memory, kmap } = this.#machine;
    kmap.mapLocal(pfn);
    memory.copyIn(pfn, offset, source, sourceOffset, length);
    kmap.unmapLocal(pfn);
  }

  #copyPage(toPfn: Pfn, toOffset: number, fromPfn: Pfn, fromOffset: number, length: number): void {
    const { memory, kmap } = this.#machine;
    kmap.mapLocal(fromPfn);
    kmap.mapLocal(toPfn);
    memory.copyWithin(toPfn, toOffset, fromPfn, fromOffset, length);
    kmap.unmapLocal(toPfn);
    kmap.unmapLocal(fromPfn);
  }
}
