// The bytes of the machine. Memory is kept in chunks that come into being when a page of them is first touched, so a
// machine of many GiB costs only what is used. "size-only" memory has no bytes at all: every copy is accepted and
// dropped, which lets pools far beyond the host's RAM be simulated.
//
// A chunk is a power of two of pages, at least a block of the highest order, and begins at a multiple of its size: a
// block of the buddy allocator never crosses from one chunk to the next. The last chunk ends with the machine.

import { MachineError } from "./errors.ts";
import { MAX_PAGE_ORDER, type PageBytes, type Pfn, pageShiftOf } from "./geometry.ts";

/** Where bytes live: in ArrayBuffers, in SharedArrayBuffers (several threads), or nowhere. */
export type MemoryBacking = "array-buffer" | "shared-array-buffer" | "size-only";

export const MEMORY_BACKINGS: readonly MemoryBacking[] = ["array-buffer", "shared-array-buffer", "size-only"];

const NO_BYTES = new Uint8Array(0);
const LARGEST_CHUNK_BYTES = 64 * 1024 * 1024;

export class PhysicalMemory {
  readonly pageBytes: PageBytes;
  readonly backing: MemoryBacking;
  /** False for size-only memory: there is nothing to read or write. */
  readonly hasBytes: boolean;
  /** Bytes of every chunk but the last: 64 MiB, or less on a small machine. */
  readonly chunkBytes: number;
  readonly #endPfn: number;
  readonly #pageShift: number;
  readonly #pagesPerChunkShift: number;
  readonly #pageInChunkMask: number;
  readonly #chunks: (Uint8Array | undefined)[];

  /** `endPfn` is one more than the highest page frame number. */
  constructor(pageBytes: PageBytes, endPfn: number, backing: MemoryBacking) {
    this.pageBytes = pageBytes;
    this.backing = backing;
    this.hasBytes = backing !== "size-only";
    this.#endPfn = endPfn;
    this.#pageShift = pageShiftOf(pageBytes);
    const largestShift = Math.log2(LARGEST_CHUNK_BYTES) - this.#pageShift;
    const machineShift = Math.ceil(Math.log2(endPfn)) - 1; // at least half of the page frames: two chunks
    this.#pagesPerChunkShift = Math.max(MAX_PAGE_ORDER, Math.min(largestShift, machineShift));
    this.chunkBytes = 2 ** (this.#pagesPerChunkShift + this.#pageShift);
    this.#pageInChunkMask = (1 << this.#pagesPerChunkShift) - 1;
    const chunkCount = Math.ceil(endPfn / 2 ** this.#pagesPerChunkShift);
    this.#chunks = Array.from({ length: this.hasBytes ? chunkCount : 0 }, () => undefined);
  }

  /** The chunk that holds the page; an empty array for size-only memory. Throws ZLAB_NO_SUCH_PAGE. */
  chunkOf(pfn: Pfn): Uint8Array {
    return this.#chunks[pfn >> this.#pagesPerChunkShift] ?? this.#populate(pfn);
  }

  /** Where in its chunk the page begins, in bytes. */
  offsetOf(pfn: Pfn): number {
    return (pfn & this.#pageInChunkMask) << this.#pageShift;
  }

  /** Copies `length` bytes of `source` to byte `offset` of the page. They may run into the page frames that follow, for the
   * use of one higher-order block. Like all copies here it is not counted: that is `CostCounter.copy`.
   * Throws ZLAB_MEMORY_RANGE for a range that leaves the chunk or the source. */
  copyIn(pfn: Pfn, offset: number, source: Uint8Array, sourceOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const chunk = this.chunkOf(pfn);
    const start = this.offsetOf(pfn) + offset;
    assertRange(pfn, offset, length, start + length <= chunk.length);
    assertBuffer(source, sourceOffset, length);
    const exact = sourceOffset === 0 && length === source.length;
    chunk.set(exact ? source : source.subarray(sourceOffset, sourceOffset + length), start);
  }

  /** Copies `length` bytes from byte `offset` of the page to `target`. Throws ZLAB_MEMORY_RANGE. */
  copyOut(pfn: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const chunk = this.chunkOf(pfn);
    const start = this.offsetOf(pfn) + offset;
    assertRange(pfn, offset, length, start + length <= chunk.length);
    assertBuffer(target, targetOffset, length);
    target.set(chunk.subarray(start, start + length), targetOffset);
  }

  /** Copies within physical memory, from one page to another; the two ranges may overlap. Throws ZLAB_MEMORY_RANGE. */
  copyWithin(toPfn: Pfn, toOffset: number, fromPfn: Pfn, fromOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const to = this.chunkOf(toPfn);
    const from = this.chunkOf(fromPfn);
    const toStart = this.offsetOf(toPfn) + toOffset;
    const fromStart = this.offsetOf(fromPfn) + fromOffset;
    assertRange(toPfn, toOffset, length, toStart + length <= to.length);
    assertRange(fromPfn, fromOffset, length, fromStart + length <= from.length);
    if (to === from) to.copyWithin(toStart, fromStart, fromStart + length);
    else to.set(from.subarray(fromStart, fromStart + length), toStart);
  }

  /** Sets `length` bytes from byte `offset` of the page to `value`, 0 to 255. Zeros don't bring a chunk into being.
   * Throws ZLAB_MEMORY_RANGE. */
  fill(pfn: Pfn, offset: number, length: number, value: number): void {
    if (!this.hasBytes) return;
    if (value === 0 && this.#chunks[pfn >> this.#pagesPerChunkShift] === undefined) return;
    const chunk = this.chunkOf(pfn);
    const start = this.offsetOf(pfn) + offset;
    assertRange(pfn, offset, length, start + length <= chunk.length);
    chunk.fill(value, start, start + length);
  }

  /** Bytes of the chunks that exist so far. */
  residentBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.length ?? 0), 0);
  }

  #populate(pfn: Pfn): Uint8Array {
    if (!(pfn >= 0 && pfn < this.#endPfn)) {
      throw new MachineError("ZLAB_NO_SUCH_PAGE", `the machine has no page ${pfn}`);
    }
    if (!this.hasBytes) return NO_BYTES;
    const index = pfn >> this.#pagesPerChunkShift;
    const toEndOfMachine = (this.#endPfn - (index << this.#pagesPerChunkShift)) * this.pageBytes;
    const bytes = Math.min(this.chunkBytes, toEndOfMachine);
    const shared = this.backing === "shared-array-buffer";
    const chunk = new Uint8Array(shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
    this.#chunks[index] = chunk;
    return chunk;
  }
}

function assertRange(pfn: Pfn, offset: number, length: number, endsInChunk: boolean): void {
  if (offset >= 0 && length >= 0 && endsInChunk) return;
  throw new MachineError("ZLAB_MEMORY_RANGE", `${length} bytes from byte ${offset} of page ${pfn} leave the memory`);
}

function assertBuffer(buffer: Uint8Array, offset: number, length: number): void {
  if (offset >= 0 && offset + length <= buffer.length) return;
  throw new MachineError(
    "ZLAB_MEMORY_RANGE",
    `${length} bytes at ${offset} of a buffer of ${buffer.length} bytes leave the buffer`,
  );
}
