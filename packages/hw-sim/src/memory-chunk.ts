// A chunk of the machine's memory and the copies from and to it. What is fastest depends on where the other side lies:
//
//   in the same WebAssembly memory (a staging buffer)   one memory.copy
//   anywhere else, up to a dozen bytes                  a loop
//   anywhere else, to the chunk                         `set` of a view of the source that is kept for the next time
//   anywhere else, from the chunk                       memory.copy to a scratch page, whose views are kept, then `set`
//
// No copy makes an object: a view of a part costs 20 ns and a collection every few hundred thousand copies, and there is one
// for each length here instead. Where there is no WebAssembly, `Buffer.copy` does without a view.
//
//     | pages of the chunk | scratch and staging buffers of thread 0 | of thread 1 | ...
//     0                    pagesEnd                                               WebAssembly memory only

import { type CopyFunctions, type WasmMemory, copyFunctionsOf } from "./copy-module.ts";

/** Where the bytes of a chunk are: what another thread needs to reach them. */
export type ChunkStore = WasmMemory | ArrayBuffer | SharedArrayBuffer;

/** Behind the pages, per thread: a scratch area, then staging buffers. */
export const SCRATCH_BYTES = 4096;
export const STAGING_BYTES: number = 256 * 1024;

/** Up to here a loop is faster than any call. */
const LOOP_BYTES = 12;

/** Node's copy, which needs no view; elsewhere (browsers) a view is made. */
const nodeCopy: ((this: Uint8Array, to: Uint8Array, toStart: number, start: number, end: number) => void) | undefined =
  (globalThis as { Buffer?: typeof Buffer }).Buffer?.prototype.copy;

export class MemoryChunk {
  /** The pages. */
  readonly bytes: Uint8Array;
  readonly store: ChunkStore;
  /** Whether this thread has a staging area in the chunk. */
  readonly hasStaging: boolean;
  readonly #buffer: ArrayBuffer | SharedArrayBuffer;
  readonly #wasm: CopyFunctions | undefined;
  readonly #stagingStart: number; // first byte that could be a staging buffer's; Infinity without WebAssembly
  readonly #scratchStart: number;
  readonly #scratchViews: (Uint8Array | undefined)[] = [undefined]; // by length
  #stagedSource: Uint8Array | undefined; // the staging buffer copied from last,
  #stagedTarget: Uint8Array | undefined; // and to: looking at a view's buffer costs more than the copy
  #lastSource: Uint8Array | undefined;
  #lastSourceUses = 0;
  #sourceViews: (Uint8Array | undefined)[] = [undefined]; // of the last source from its start, by length

  /** `store` holds `length` bytes of pages; a WebAssembly memory also the staging areas of all threads. `thread` is the number of
   * this one; -1 for one that has no area. */
  constructor(store: ChunkStore, length: number, thread: number) {
    this.store = store;
    const isMemory = "buffer" in store;
    this.#buffer = isMemory ? store.buffer : store;
    this.bytes = new Uint8Array(this.#buffer, 0, length);
    this.#wasm = isMemory ? copyFunctionsOf(store, this.#buffer instanceof SharedArrayBuffer) : undefined;
    this.hasStaging = isMemory && thread >= 0;
    this.#stagingStart = isMemory ? length : Infinity;
    this.#scratchStart = this.hasStaging ? length + thread * STAGING_BYTES : -1;
  }

  /** `bytes` bytes of this thread's staging area from byte `offset` of it. */
  stagingBuffer(offset: number, bytes: number): Uint8Array {
    return new Uint8Array(this.#buffer, this.#scratchStart + offset, bytes);
  }

  /** Copies `length` bytes of `source` to byte `start` of the chunk. The caller has checked all ranges, as for all copies here. */
  copyIn(start: number, source: Uint8Array, sourceOffset: number, length: number): void {
    if (source === this.#stagedSource || this.#isStaged(source)) {
      this.#stagedSource = source;
      this.#wasm!.copy(start, source.byteOffset + sourceOffset, length);
    } else if (length <= LOOP_BYTES) {
      for (let i = 0; i < length; i++) this.bytes[start + i] = source[sourceOffset + i]!;
    } else if (length === source.length) {
      this.bytes.set(source, start);
    } else {
      this.#copyPartIn(start, source, sourceOffset, length);
    }
  }

  /** Copies `length` bytes from byte `start` of the chunk to `target`. */
  copyOut(start: number, target: Uint8Array, targetOffset: number, length: number): void {
    if (target === this.#stagedTarget || this.#isStaged(target)) {
      this.#stagedTarget = target;
      this.#wasm!.copy(target.byteOffset + targetOffset, start, length);
    } else if (length <= LOOP_BYTES) {
      for (let i = 0; i < length; i++) target[targetOffset + i] = this.bytes[start + i]!;
    } else if (this.#scratchStart >= 0 && length <= SCRATCH_BYTES) {
      this.#wasm!.copy(this.#scratchStart, start, length);
      target.set(this.#scratchViews[length] ?? this.#makeScratchView(length), targetOffset);
    } else {
      copyBytes(this.bytes, start, target, targetOffset, length);
    }
  }

  /** Copies within the chunk; the ranges may overlap. */
  copyWithin(toStart: number, fromStart: number, length: number): void {
    if (this.#wasm !== undefined) this.#wasm.copy(toStart, fromStart, length);
    else this.bytes.copyWithin(toStart, fromStart, fromStart + length);
  }

  fill(start: number, length: number, value: number): void {
    if (this.#wasm !== undefined) this.#wasm.fill(start, value, length);
    else this.bytes.fill(value, start, start + length);
  }

  /** Whether a caller's buffer lies in the chunk's staging area. Looking at its place first spares most the costly question. */
  #isStaged(buffer: Uint8Array): boolean {
    return buffer.byteOffset >= this.#stagingStart && buffer.buffer === this.#buffer;
  }

  /** Copies a part of a source. One that comes again and again gets views that are kept: of its first bytes, or, if the part is
   * further on, by way of the scratch area. */
  #copyPartIn(start: number, source: Uint8Array, sourceOffset: number, length: number): void {
    const end = sourceOffset + length;
    if (source !== this.#lastSource) this.#meetSource(source);
    const isKnown = ++this.#lastSourceUses > 8 && end <= SCRATCH_BYTES;
    if (isKnown && sourceOffset === 0) {
      this.bytes.set(this.#sourceViews[end] ?? this.#makeSourceView(source, end), start);
    } else if (isKnown && this.#scratchStart >= 0) {
      const scratch = this.#scratchViews[SCRATCH_BYTES] ?? this.#makeScratchView(SCRATCH_BYTES);
      scratch.set(this.#sourceViews[end] ?? this.#makeSourceView(source, end));
      this.#wasm!.copy(start, this.#scratchStart + sourceOffset, length);
    } else {
      copyBytes(source, sourceOffset, this.bytes, start, length);
    }
  }

  #meetSource(source: Uint8Array): void {
    this.#lastSource = source;
    this.#lastSourceUses = 0;
    if (this.#sourceViews.length > 1) this.#sourceViews = [undefined];
  }

  #makeSourceView(source: Uint8Array, length: number): Uint8Array {
    if (this.#sourceViews.length === 1) this.#sourceViews = noViews();
    return (this.#sourceViews[length] = source.subarray(0, length));
  }

  #makeScratchView(length: number): Uint8Array {
    if (this.#scratchViews.length === 1) this.#scratchViews.push(...noViews().slice(1));
    return (this.#scratchViews[length] = new Uint8Array(this.#buffer, this.#scratchStart, length));
  }
}

/** Copies between any two arrays. */
export function copyBytes(from: Uint8Array, start: number, to: Uint8Array, toStart: number, length: number): void {
  if (nodeCopy === undefined) to.set(from.subarray(start, start + length), toStart);
  else if (length > 0) nodeCopy.call(from, to, toStart, start, start + length);
}

function noViews(): (Uint8Array | undefined)[] {
  return Array.from({ length: SCRATCH_BYTES + 1 }, () => undefined);
}
