// The bytes of slots. A zspage is one range of bytes, 0 to pages * pageBytes, whose pages are anywhere in memory, so a copy is cut
// at their borders: a slot lies on two pages at most. Each part is mapped for as long as it is copied.

import type { CostCounter, KmapTable, Machine, Pfn, PhysicalMemory } from "@zlab/hw-sim";
import { assertCopyRange } from "@zlab/zpool";
import type { ClassId, SlotId, ZspageId } from "./table-layout.ts";
import type { ZspageTable } from "./zspage-table.ts";

export class SlotMemory {
  readonly #memory: PhysicalMemory;
  readonly #kmap: KmapTable;
  readonly #cost: CostCounter;
  readonly #pageBytes: number;
  readonly #pageShift: number;
  readonly #zspages: ZspageTable;
  readonly #poolName: string;

  /** `poolName` is for messages. */
  constructor(machine: Machine, zspages: ZspageTable, poolName: string) {
    this.#memory = machine.memory;
    this.#kmap = machine.kmap;
    this.#cost = machine.cost;
    this.#pageBytes = machine.pageBytes;
    this.#pageShift = machine.pageShift;
    this.#zspages = zspages;
    this.#poolName = poolName;
  }

  /** Copies the first `length` bytes of the object in a slot to `target`. Throws ZLAB_RANGE. */
  read(slot: SlotId, target: Uint8Array, targetOffset: number, length: number): void {
    const zspages = this.#zspages;
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const start = this.#dataStart(slot, z, c, target, targetOffset, length);
    const page = start >> this.#pageShift;
    const offset = start & (this.#pageBytes - 1);
    const here = this.#pageBytes - offset;
    const pfn = zspages.pfnOf(z, c, page);
    if (length <= here) this.#readPage(pfn, offset, target, targetOffset, length);
    else this.#readPages(pfn, zspages.pfnOf(z, c, page + 1), offset, target, targetOffset, length);
    this.#cost.copy(length);
  }

  /** Copies `length` bytes of `source` to the start of the object in a slot. Throws ZLAB_RANGE. */
  write(slot: SlotId, source: Uint8Array, sourceOffset: number, length: number): void {
    const zspages = this.#zspages;
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const start = this.#dataStart(slot, z, c, source, sourceOffset, length);
    const page = start >> this.#pageShift;
    const offset = start & (this.#pageBytes - 1);
    const here = this.#pageBytes - offset;
    const pfn = zspages.pfnOf(z, c, page);
    if (length <= here) this.#writePage(pfn, offset, source, sourceOffset, length);
    else this.#writePages(pfn, zspages.pfnOf(z, c, page + 1), offset, source, sourceOffset, length);
    this.#cost.copy(length);
  }

  /** Copies a slot, header and all, to another of the same class; either may cross a page border. */
  copy(c: ClassId, from: ZspageId, fromSlot: SlotId, to: ZspageId, toSlot: SlotId): void {
    const zspages = this.#zspages;
    const pageBytes = this.#pageBytes;
    const pageShift = this.#pageShift;
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
    this.#cost.copy(sizeBytes);
  }

  /** Sets the first `length` bytes of a slot, header included; they lie on one page. */
  fill(slot: SlotId, z: ZspageId, c: ClassId, length: number, value: number): void {
    const start = this.#zspages.slotIndexOf(slot, z) * this.#zspages.sizeBytesOf(c);
    const pfn = this.#zspages.pfnOf(z, c, start >> this.#pageShift);
    this.#kmap.mapLocal(pfn);
    this.#memory.fill(pfn, start & (this.#pageBytes - 1), length, value);
    this.#kmap.unmapLocal(pfn);
  }

  /** Where in the zspage the object's data begin, if `length` of them fit the slot and the caller's buffer. */
  #dataStart(slot: SlotId, z: ZspageId, c: ClassId, buffer: Uint8Array, bufferOffset: number, length: number): number {
    const sizeBytes = this.#zspages.sizeBytesOf(c);
    const dataOffset = this.#zspages.dataOffsetOf(c);
    assertCopyRange(this.#poolName, sizeBytes - dataOffset, buffer, bufferOffset, length);
    return this.#zspages.slotIndexOf(slot, z) * sizeBytes + dataOffset;
  }

  /** Reads from the end of one page and the beginning of another. */
  #readPages(first: Pfn, second: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    const here = this.#pageBytes - offset;
    this.#readPage(first, offset, target, targetOffset, here);
    this.#readPage(second, 0, target, targetOffset + here, length - here);
  }

  #writePages(first: Pfn, second: Pfn, offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    const here = this.#pageBytes - offset;
    this.#writePage(first, offset, source, sourceOffset, here);
    this.#writePage(second, 0, source, sourceOffset + here, length - here);
  }

  #readPage(pfn: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    this.#kmap.mapLocal(pfn);
    this.#memory.copyOut(pfn, offset, target, targetOffset, length);
    this.#kmap.unmapLocal(pfn);
  }

  #writePage(pfn: Pfn, offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    this.#kmap.mapLocal(pfn);
    this.#memory.copyIn(pfn, offset, source, sourceOffset, length);
    this.#kmap.unmapLocal(pfn);
  }

  #copyPage(toPfn: Pfn, toOffset: number, fromPfn: Pfn, fromOffset: number, length: number): void {
    this.#kmap.mapLocal(fromPfn);
    this.#kmap.mapLocal(toPfn);
    this.#memory.copyWithin(toPfn, toOffset, fromPfn, fromOffset, length);
    this.#kmap.unmapLocal(toPfn);
    this.#kmap.unmapLocal(fromPfn);
  }
}
