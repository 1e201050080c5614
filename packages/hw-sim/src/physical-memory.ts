// The bytes of the machine. Memory is kept in chunks that come into being when a page of them is first touched, so a
// machine of many GiB costs only what is used. "size-only" memory has no bytes at all: every copy is accepted and
// dropped, which lets pools far beyond the host's RAM be simulated.

import { type PageBytes, type Pfn, pageShiftOf } from "./geometry.ts";

/** Where bytes live: in ArrayBuffers, in SharedArrayBuffers (several threads), or nowhere. */
export type MemoryBacking = "array-buffer" | "shared-array-buffer" | "size-only";

const NO_BYTES = new Uint8Array(0);
const LARGEST_CHUNK_BYTES = 64 * 1024 * 1024;

export class PhysicalMemory {
  readonly pageBytes: PageBytes;
  readonly backing: MemoryBacking;
  /** False for size-only memory: there is nothing to read or write. */
  readonly hasBytes: boolean;
  readonly chunkBytes: number;
  readonly #pageShift: number;
  readonly #pagesPerChunkShift: number;
  readonly #pageInChunkMask: number;
  readonly #chunks: (Uint8Array | undefined)[];

  /** `endPfn` is one more than the highest page frame number. */
  constructor(pageBytes: PageBytes, endPfn: number, backing: MemoryBacking) {
    this.pageBytes = pageBytes;
    this.backing = backing;
    this.hasBytes = backing !== "size-only";
    this.#pageShift = pageShiftOf(pageBytes);
    this.chunkBytes = LARGEST_CHUNK_BYTES;
    this.#pagesPerChunkShift = 31 - Math.clz32(this.chunkBytes >> this.#pageShift);
    this.#pageInChunkMask = (1 << this.#pagesPerChunkShift) - 1;
    this.#chunks = Array.from(
      { length: this.hasBytes ? (endPfn >> this.#pagesPerChunkShift) + 1 : 0 },
      () => undefined,
    );
  }

  /** The chunk that holds the page; an empty array for size-only memory. */
  chunkOf(pfn: Pfn): Uint8Array {
    return this.#chunks[pfn >> this.#pagesPerChunkShift] ?? this.#populate(pfn);
  }

  /** Where in its chunk the page begins, in bytes. */
  offsetOf(pfn: Pfn): number {
    return (pfn & this.#pageInChunkMask) << this.#pageShift;
  }

  /** Copies `length` bytes of `source` to byte `offset` of the page (they may run into the following page frame only within one higher-order block). */
  copyIn(pfn: Pfn, offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const exact = sourceOffset === 0 && length === source.length;
    this.chunkOf(pfn).set(
      exact ? source : source.subarray(sourceOffset, sourceOffset + length),
      this.offsetOf(pfn) + offset,
    );
  }

  /** Copies `length` bytes from byte `offset` of the page to `target`. */
  copyOut(pfn: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const start = this.offsetOf(pfn) + offset;
    target.set(this.chunkOf(pfn).subarray(start, start + length), targetOffset);
  }

  /** Copies within physical memory, from one page to another. */
  copyWithin(toPfn: Pfn, toOffset: number, fromPfn: Pfn, fromOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const start = this.offsetOf(fromPfn) + fromOffset;
    this.chunkOf(toPfn).set(this.chunkOf(fromPfn).subarray(start, start + length), this.offsetOf(toPfn) + toOffset);
  }

  /** Sets `length` bytes from byte `offset` of the page to `value`. */
  fill(pfn: Pfn, offset: number, length: number, value: number): void {
    if (!this.hasBytes) return;
    const start = this.offsetOf(pfn) + offset;
    this.chunkOf(pfn).fill(value, start, start + length);
  }

  /** Bytes of the chunks that exist so far. */
  residentBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.length ?? 0), 0);
  }

  #populate(pfn: Pfn): Uint8Array {
    if (!this.hasBytes) return NO_BYTES;
    const buffer =
      this.backing === "shared-array-buffer"
        ? new SharedArrayBuffer(this.chunkBytes)
        : new ArrayBuffer(this.chunkBytes);
    const chunk = new Uint8Array(buffer);
    this.#chunks[pfn >> this.#pagesPerChunkShift] = chunk;
    return chunk;
  }
}
