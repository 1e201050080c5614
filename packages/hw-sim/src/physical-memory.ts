// The bytes of the machine. Memory is kept in chunks that come into being when a page of them is first touched, and of a chunk
// the host keeps what was touched, so a machine of many GiB costs only what is used. "size-only" memory has no bytes at
// all: every copy is accepted and dropped, which lets pools far beyond the host's RAM be simulated.
//
// A chunk is a power of two of pages, at least a block of the highest order, and begins at a multiple of its size: a block of
// the buddy allocator never crosses from one chunk to the next. The last chunk ends with the machine. From 64 MiB on the
// chunks lie in WebAssembly memories where there are any, for the sake of their copies (memory-chunk.ts). Each of those takes
// about 10 GiB of the host's address space, so that machines are not cut into many of them, and small ones have none.

import { hasWebAssembly, newWasmMemory } from "./copy-module.ts";
import { MachineError } from "./errors.ts";
import { MAX_PAGE_ORDER, type PageBytes, type Pfn, pageShiftOf } from "./geometry.ts";
import { type ChunkStore, MemoryChunk, SCRATCH_BYTES, STAGING_BYTES, copyBytes } from "./memory-chunk.ts";

/** Where bytes live: in this thread's memory, in memory that threads share, or nowhere. */
export type MemoryBacking = "array-buffer" | "shared-array-buffer" | "size-only";

export const MEMORY_BACKINGS: readonly MemoryBacking[] = ["array-buffer", "shared-array-buffer", "size-only"];

/** Shared memory as it goes to another thread. */
export interface SharedMemory {
  readonly pageBytes: PageBytes;
  readonly endPfn: number;
  readonly threads: number;
  readonly chunkBytes: number;
  readonly chunks: readonly ChunkStore[];
}

/** How many threads have a staging area in the memory, and which of them this is; -1: one that has none. */
export interface MemoryThreads {
  readonly count: number;
  readonly index: number;
}

const MIB = 1024 * 1024;
const NO_BYTES = new Uint8Array(0);
const LARGEST_CHUNK_BYTES = 64 * MIB;
const LARGEST_WASM_CHUNK_BYTES = 1024 * MIB;
const WASM_CHUNK_LIMIT_BYTES = 2048 * MIB; // below it a machine is one chunk; arrays of that length are miscounted by V8 (Node 26.10)
const SMALLEST_WASM_MACHINE_BYTES = 64 * MIB;
const STAGING_ALIGNMENT = 64; // a cache line
const ONE_THREAD: MemoryThreads = { count: 1, index: 0 };

export class PhysicalMemory {
  readonly pageBytes: PageBytes;
  readonly backing: MemoryBacking;
  /** False for size-only memory: there is nothing to read or write. */
  readonly hasBytes: boolean;
  /** Bytes of every chunk but the last: 1 GiB in WebAssembly memory, 64 MiB otherwise; the whole machine
   * where that is less. */
  readonly chunkBytes: number;
  readonly #endPfn: number;
  readonly #threads: MemoryThreads;
  readonly #inWasm: boolean;
  readonly #pageShift: number;
  readonly #pagesPerChunkShift: number;
  readonly #pageInChunkMask: number;
  readonly #chunks: (MemoryChunk | undefined)[];
  #stagingNext = SCRATCH_BYTES; // of this thread's staging area

  /** `endPfn` is one more than the highest page frame number. */
  constructor(pageBytes: PageBytes, endPfn: number, backing: MemoryBacking, threads: MemoryThreads = ONE_THREAD) {
    this.pageBytes = pageBytes;
    this.backing = backing;
    this.hasBytes = backing !== "size-only";
    this.#endPfn = endPfn;
    this.#threads = threads;
    this.#pageShift = pageShiftOf(pageBytes);
    this.#inWasm = this.hasBytes && endPfn * pageBytes >= SMALLEST_WASM_MACHINE_BYTES && hasWebAssembly();
    this.#pagesPerChunkShift = pagesPerChunkShiftFor(pageBytes, endPfn, this.#inWasm);
    this.chunkBytes = 2 ** (this.#pagesPerChunkShift + this.#pageShift);
    this.#pageInChunkMask = (1 << this.#pagesPerChunkShift) - 1;
    const chunkCount = Math.ceil(endPfn / 2 ** this.#pagesPerChunkShift);
    this.#chunks = Array.from({ length: this.hasBytes ? chunkCount : 0 }, () => undefined);
  }

  /** Another thread's memory: the same bytes. `thread` is the number of this one's staging area, -1 if it has none. */
  static open(shared: SharedMemory, thread: number = -1): PhysicalMemory {
    const threads = { count: shared.threads, index: thread };
    const memory = new PhysicalMemory(shared.pageBytes, shared.endPfn, "shared-array-buffer", threads);
    if (memory.chunkBytes !== shared.chunkBytes) {
      throw new MachineError(
        "ZLAB_SHARE",
        "memory can be shared only between threads that all have WebAssembly, or all not",
      );
    }
    shared.chunks.forEach((store, index) => (memory.#chunks[index] = memory.#newChunk(index, store)));
    return memory;
  }

  /** What `open` in another thread needs; it can be posted there. All chunks come into being. Throws ZLAB_SHARE for memory whose
   * backing is not "shared-array-buffer". */
  share(): SharedMemory {
    if (this.backing !== "shared-array-buffer") {
      throw new MachineError(
        "ZLAB_SHARE",
        `memory with backing "${this.backing}" can't be shared: use "shared-array-buffer"`,
      );
    }
    const chunks = this.#chunks.map((chunk, index) => (chunk ?? this.#addChunk(index)).store);
    const { pageBytes, chunkBytes } = this;
    return { pageBytes, endPfn: this.#endPfn, threads: this.#threads.count, chunkBytes, chunks };
  }

  /** A buffer of the caller's own from which, and to which, copies are fastest: in WebAssembly memory it lies beside the pages of the
   * first chunk, and so near the pages of every machine of up to 2 GiB. Otherwise, and when the 252 KiB of a thread are
   * given out, it is an ordinary array: faster or slower, all copies do the same. Buffers are never taken back. */
  buffer(bytes: number): Uint8Array {
    const start = this.#stagingNext;
    const chunk = this.#inWasm && this.#threads.index >= 0 ? (this.#chunks[0] ?? this.#addChunk(0)) : undefined;
    if (chunk === undefined || !chunk.hasStaging || start + bytes > STAGING_BYTES) return new Uint8Array(bytes);
    this.#stagingNext = (start + bytes + STAGING_ALIGNMENT - 1) & -STAGING_ALIGNMENT;
    return chunk.stagingBuffer(start, bytes);
  }

  /** The chunk that holds the page; an empty array for size-only memory. Throws ZLAB_NO_SUCH_PAGE. */
  chunkOf(pfn: Pfn): Uint8Array {
    const chunk = this.#chunks[pfn >> this.#pagesPerChunkShift];
    if (chunk !== undefined) return chunk.bytes;
    return this.hasBytes || !this.#exists(pfn) ? this.#populate(pfn).bytes : NO_BYTES;
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
    const chunk = this.#chunks[pfn >> this.#pagesPerChunkShift] ?? this.#populate(pfn);
    const start = ((pfn & this.#pageInChunkMask) << this.#pageShift) + offset;
    if (!(offset >= 0 && length >= 0 && start + length <= chunk.bytes.length)) throw outOfMemory(pfn, offset, length);
    if (!(sourceOffset >= 0 && sourceOffset + length <= source.length)) throw outOfBuffer(source, sourceOffset, length);
    chunk.copyIn(start, source, sourceOffset, length);
  }

  /** Copies `length` bytes from byte `offset` of the page to `target`. Throws ZLAB_MEMORY_RANGE. */
  copyOut(pfn: Pfn, offset: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const chunk = this.#chunks[pfn >> this.#pagesPerChunkShift] ?? this.#populate(pfn);
    const start = ((pfn & this.#pageInChunkMask) << this.#pageShift) + offset;
    if (!(offset >= 0 && length >= 0 && start + length <= chunk.bytes.length)) throw outOfMemory(pfn, offset, length);
    if (!(targetOffset >= 0 && targetOffset + length <= target.length)) throw outOfBuffer(target, targetOffset, length);
    chunk.copyOut(start, target, targetOffset, length);
  }

  /** Copies within physical memory, from one page to another; the two ranges may overlap. Throws ZLAB_MEMORY_RANGE. */
  copyWithin(toPfn: Pfn, toOffset: number, fromPfn: Pfn, fromOffset: number, length: number): void {
    if (!this.hasBytes) return;
    const to = this.#chunks[toPfn >> this.#pagesPerChunkShift] ?? this.#populate(toPfn);
    const from = this.#chunks[fromPfn >> this.#pagesPerChunkShift] ?? this.#populate(fromPfn);
    const toStart = this.offsetOf(toPfn) + toOffset;
    const fromStart = this.offsetOf(fromPfn) + fromOffset;
    if (!(toOffset >= 0 && length >= 0 && toStart + length <= to.bytes.length))
      throw outOfMemory(toPfn, toOffset, length);
    if (!(fromOffset >= 0 && fromStart + length <= from.bytes.length)) throw outOfMemory(fromPfn, fromOffset, length);
    if (to === from) to.copyWithin(toStart, fromStart, length);
    else copyBytes(from.bytes, fromStart, to.bytes, toStart, length);
  }

  /** Sets `length` bytes from byte `offset` of the page to `value`, 0 to 255. Zeros don't bring a chunk into being.
   * Throws ZLAB_MEMORY_RANGE. */
  fill(pfn: Pfn, offset: number, length: number, value: number): void {
    if (!this.hasBytes) return;
    if (value === 0 && this.#chunks[pfn >> this.#pagesPerChunkShift] === undefined) return;
    const chunk = this.#chunks[pfn >> this.#pagesPerChunkShift] ?? this.#populate(pfn);
    const start = ((pfn & this.#pageInChunkMask) << this.#pageShift) + offset;
    if (!(offset >= 0 && length >= 0 && start + length <= chunk.bytes.length)) throw outOfMemory(pfn, offset, length);
    chunk.fill(start, length, value);
  }

  /** Bytes of the chunks that exist so far. The host's memory holds what was touched of them. */
  residentBytes(): number {
    return this.#chunks.reduce((sum, chunk) => sum + (chunk?.bytes.length ?? 0), 0);
  }

  #exists(pfn: number): boolean {
    return pfn >= 0 && pfn < this.#endPfn;
  }

  #populate(pfn: Pfn): MemoryChunk {
    if (!this.#exists(pfn)) throw new MachineError("ZLAB_NO_SUCH_PAGE", `the machine has no page ${pfn}`);
    return this.#addChunk(pfn >> this.#pagesPerChunkShift);
  }

  #addChunk(index: number): MemoryChunk {
    const bytes = this.#bytesOfChunk(index);
    const shared = this.backing === "shared-array-buffer";
    const memory = this.#inWasm ? newWasmMemory(bytes + this.#threads.count * STAGING_BYTES, shared) : undefined;
    const store = memory ?? (shared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
    const chunk = this.#newChunk(index, store);
    this.#chunks[index] = chunk;
    return chunk;
  }

  #newChunk(index: number, store: ChunkStore): MemoryChunk {
    return new MemoryChunk(store, this.#bytesOfChunk(index), this.#threads.index);
  }

  #bytesOfChunk(index: number): number {
    return Math.min(this.chunkBytes, (this.#endPfn - index * 2 ** this.#pagesPerChunkShift) * this.pageBytes);
  }
}

/** log2 of the pages of a chunk: the whole machine, or at least a half, if that isn't too much. */
function pagesPerChunkShiftFor(pageBytes: PageBytes, endPfn: number, inWasm: boolean): number {
  const machineShift = Math.ceil(Math.log2(endPfn));
  if (inWasm && endPfn * pageBytes < WASM_CHUNK_LIMIT_BYTES) return Math.max(MAX_PAGE_ORDER, machineShift);
  const largestBytes = inWasm ? LARGEST_WASM_CHUNK_BYTES : LARGEST_CHUNK_BYTES;
  return Math.max(MAX_PAGE_ORDER, Math.min(Math.log2(largestBytes) - pageShiftOf(pageBytes), machineShift - 1));
}

function outOfMemory(pfn: Pfn, offset: number, length: number): MachineError {
  return new MachineError("ZLAB_MEMORY_RANGE", `${length} bytes from byte ${offset} of page ${pfn} leave the memory`);
}

function outOfBuffer(buffer: Uint8Array, offset: number, length: number): MachineError {
  return new MachineError(
    "ZLAB_MEMORY_RANGE",
    `${length} bytes at ${offset} of a buffer of ${buffer.length} bytes leave the buffer`,
  );
}
