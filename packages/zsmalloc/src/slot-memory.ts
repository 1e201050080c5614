// The bytes of a zspage as one range, 0 to pages * pageBytes: its pages are anywhere in memory, so a copy is cut at their borders.
// Each part is mapped for as long as it is copied.

import type { Machine } from "@zlab/hw-sim";
import type { ZspageId, ZspageTable } from "./zspage-table.ts";

export class SlotMemory {
  readonly #machine: Machine;
  readonly #zspages: ZspageTable;

  constructor(machine: Machine, zspages: ZspageTable) {
    this.#machine = machine;
    this.#zspages = zspages;
  }

  /** Copies `length` bytes from byte `start` of the zspage on to `target`; they lie on two pages at most. */
  read(z: ZspageId, start: number, target: Uint8Array, targetOffset: number, length: number): void {
    const { memory, kmap, pageBytes, pageShift } = this.#machine;
    const offset = start & (pageBytes - 1);
    const pfn = this.#zspages.pfnOf(z, start >> pageShift);
    const here = Math.min(length, pageBytes - offset);
    kmap.mapLocal(pfn);
    memory.copyOut(pfn, offset, target, targetOffset, here);
    kmap.unmapLocal(pfn);
    if (here < length) {
      const second = this.#zspages.pfnOf(z, (start >> pageShift) + 1);
      kmap.mapLocal(second);
      memory.copyOut(second, 0, target, targetOffset + here, length - here);
      kmap.unmapLocal(second);
    }
    this.#machine.cost.copy(length);
  }

  /** Copies `length` bytes of `source` to byte `start` of the zspage and on; they lie on two pages at most. */
  write(z: ZspageId, start: number, source: Uint8Array, sourceOffset: number, length: number): void {
    const { memory, kmap, pageBytes, pageShift } = this.#machine;
    const offset = start & (pageBytes - 1);
    const pfn = this.#zspages.pfnOf(z, start >> pageShift);
    const here = Math.min(length, pageBytes - offset);
    kmap.mapLocal(pfn);
    memory.copyIn(pfn, offset, source, sourceOffset, here);
    kmap.unmapLocal(pfn);
    if (here < length) {
      const second = this.#zspages.pfnOf(z, (start >> pageShift) + 1);
      kmap.mapLocal(second);
      memory.copyIn(second, 0, source, sourceOffset + here, length - here);
      kmap.unmapLocal(second);
    }
    this.#machine.cost.copy(length);
  }

  /** Copies `length` bytes between zspages; either range may cross a page border. */
  copy(from: ZspageId, fromStart: number, to: ZspageId, toStart: number, length: number): void {
    const { memory, kmap, pageBytes, pageShift } = this.#machine;
    for (let done = 0; done < length;) {
      const fromOffset = (fromStart + done) & (pageBytes - 1);
      const toOffset = (toStart + done) & (pageBytes - 1);
      const part = Math.min(length - done, pageBytes - fromOffset, pageBytes - toOffset);
      const fromPfn = this.#zspages.pfnOf(from, (fromStart + done) >> pageShift);
      const toPfn = this.#zspages.pfnOf(to, (toStart + done) >> pageShift);
      kmap.mapLocal(fromPfn);
      kmap.mapLocal(toPfn);
      memory.copyWithin(toPfn, toOffset, fromPfn, fromOffset, part);
      kmap.unmapLocal(toPfn);
      kmap.unmapLocal(fromPfn);
      done += part;
    }
    this.#machine.cost.copy(length);
  }

  /** Sets `length` bytes from byte `start` of the zspage on; they lie on one page. */
  fill(z: ZspageId, start: number, length: number, value: number): void {
    const { memory, kmap, pageBytes, pageShift } = this.#machine;
    const pfn = this.#zspages.pfnOf(z, start >> pageShift);
    kmap.mapLocal(pfn);
    memory.fill(pfn, start & (pageBytes - 1), length, value);
    kmap.unmapLocal(pfn);
  }
}
