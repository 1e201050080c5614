// How an object that begins on one page and ends on another is made to look contiguous. Both ways give a buffer of the CPU:
//
// copy         The CPU has one buffer of a page, shared by all pools of the machine. RW and RO: the whole slot is copied in, header
//              included. WO: nothing is; the buffer still holds what the mapping before left. At unmap RW and WO copy all but the
//              header back, RO nothing.
// page-table   The two pages are mapped side by side: no copy, changes stay in every mode, and a TLB flush at unmap. JavaScript has
//              no MMU, so a buffer stands for the window: at unmap the bytes that were changed through it go to the pages, and
//              only those, since others may have changed in the pages meanwhile. What the model charges is the flush.

import type { Machine, Pfn } from "@zlab/hw-sim";
import { MapMode } from "@zlab/zpool";
import type { MappingMethod } from "./eras.ts";

const AREA = Symbol.for("zlab.zsmalloc.map-area");
const PRISTINE = Symbol.for("zlab.zsmalloc.pristine-area");

export class SpanMapper {
  readonly #machine: Machine;
  readonly #method: MappingMethod;
  readonly #headerBytes: number;
  readonly #buffers: readonly Uint8Array[]; // by CPU
  readonly #pristine: readonly Uint8Array[]; // by CPU: what a page-table window showed when it was opened

  constructor(machine: Machine, method: MappingMethod, headerBytes: number) {
    this.#machine = machine;
    this.#method = method;
    this.#headerBytes = headerBytes;
    const bufferBytes = machine.memory.hasBytes ? machine.pageBytes : 0;
    this.#buffers = machine.cpus.perCpu(AREA, () => new Uint8Array(bufferBytes));
    this.#pristine = machine.cpus.perCpu(PRISTINE, () => new Uint8Array(bufferBytes));
  }

  /** Opens the window of the current CPU on the slot of `sizeBytes` that begins at `offset` of the page `first` and ends on the
   * page `second`, and returns it; the slot begins at its byte 0. */
  map(first: Pfn, second: Pfn, offset: number, sizeBytes: number, mode: MapMode): Uint8Array {
    const buffer = this.#buffers[this.#machine.cpus.current]!;
    if (this.#method === "page-table") {
      this.#machine.cost.kmap();
      this.#machine.cost.kmap();
      this.#show(first, second, offset, sizeBytes, buffer);
      this.#pristine[this.#machine.cpus.current]!.set(buffer);
    } else if (mode !== MapMode.WO) {
      this.#copyOut(first, second, offset, sizeBytes, buffer);
      this.#machine.cost.copy(sizeBytes);
    }
    return buffer;
  }

  /** Closes the window on that slot. */
  unmap(first: Pfn, second: Pfn, offset: number, sizeBytes: number, mode: MapMode): void {
    const buffer = this.#buffers[this.#machine.cpus.current]!;
    if (this.#method === "page-table") {
      this.#writeChanges(first, second, offset, sizeBytes, buffer);
      this.#machine.cost.tlbFlushLocal();
    } else if (mode !== MapMode.RO) {
      this.#copyIn(first, second, offset, sizeBytes, buffer);
      this.#machine.cost.copy(sizeBytes - this.#headerBytes);
    }
  }

  /** Makes the window show the slot. Nothing is charged: on hardware nothing is copied. */
  #show(first: Pfn, second: Pfn, offset: number, sizeBytes: number, buffer: Uint8Array): void {
    const { memory, pageBytes } = this.#machine;
    memory.copyOut(first, offset, buffer, 0, pageBytes - offset);
    memory.copyOut(second, 0, buffer, pageBytes - offset, sizeBytes - (pageBytes - offset));
  }

  /** Writes the bytes that differ from what the window showed at first. */
  #writeChanges(first: Pfn, second: Pfn, offset: number, sizeBytes: number, buffer: Uint8Array): void {
    const { memory, pageBytes } = this.#machine;
    const pristine = this.#pristine[this.#machine.cpus.current]!;
    for (let i = this.#headerBytes; i < Math.min(sizeBytes, buffer.length); i++) {
      if (buffer[i] === pristine[i]) continue;
      const onFirst = offset + i < pageBytes;
      memory.copyIn(onFirst ? first : second, (offset + i) % pageBytes, buffer, i, 1);
    }
  }

  /** Copies the slot from the pages to the buffer. */
  #copyOut(first: Pfn, second: Pfn, offset: number, sizeBytes: number, buffer: Uint8Array): void {
    const { memory, kmap, pageBytes } = this.#machine;
    const split = pageBytes - offset; // bytes of the slot on the first page
    kmap.mapLocal(first);
    memory.copyOut(first, offset, buffer, 0, split);
    kmap.unmapLocal(first);
    kmap.mapLocal(second);
    memory.copyOut(second, 0, buffer, split, sizeBytes - split);
    kmap.unmapLocal(second);
  }

  /** Copies the slot from the buffer to the pages, all but the header. */
  #copyIn(first: Pfn, second: Pfn, offset: number, sizeBytes: number, buffer: Uint8Array): void {
    const { memory, kmap, pageBytes } = this.#machine;
    const from = this.#headerBytes;
    const split = pageBytes - offset; // bytes of the slot on the first page
    kmap.mapLocal(first);
    memory.copyIn(first, offset + from, buffer, from, split - from);
    kmap.unmapLocal(first);
    kmap.mapLocal(second);
    memory.copyIn(second, 0, buffer, split, sizeBytes - split);
    kmap.unmapLocal(second);
  }
}
