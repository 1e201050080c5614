// A pool of the zpool contract over either allocator. An object's handle is its physical address, and its memory is always
// mapped, so there is nothing to encode and nothing to map.

import { EINVAL, ENOSPC, type Errno, type Machine, type Pfn, isErrno } from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  type MapMode,
  type Mapping,
  type PoolStats,
  type ZpoolBackend,
  ZPoolError,
  assertCopyRange,
  badHandle,
} from "@zlab/zpool";
import { GFP_SLAB_BUG_MASK, type KmallocEngine, ZERO_SIZE_PTR } from "./kmalloc-engine.ts";

export class KmallocPool implements ZpoolBackend {
  readonly type: string;
  readonly name: string;
  readonly capabilities: Capabilities;
  /** The allocator: `SlubPool` for "kmalloc", `Slab310Pool` for "kmalloc-slab". */
  readonly engine: KmallocEngine;
  readonly #machine: Machine;
  readonly #mappings: CpuMappings;
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #mostBytes: number; // 0 once the pool is destroyed
  #destroyed = false;

  /** Use the drivers, or a registry. */
  constructor(type: string, name: string, machine: Machine, engine: KmallocEngine, capabilities: Capabilities) {
    this.type = type;
    this.name = name;
    this.capabilities = capabilities;
    this.engine = engine;
    this.#machine = machine;
    this.#mappings = new CpuMappings(machine, name);
    this.#mostBytes = capabilities.maxBytes;
  }

  /** Allocates `bytes` bytes, rounded up to the slot of a cache, or above the caches to 2^n pages. A size of 0 is EINVAL here, unlike in
   * `engine.kmalloc`; so are the flags __GFP_HIGHMEM and __GFP_DMA32. */
  malloc(bytes: number, gfp: number): Handle | Errno {
    const isSound = bytes > 0 && bytes <= this.#mostBytes && (gfp & GFP_SLAB_BUG_MASK) === 0;
    if (!isSound) return this.#refuse(bytes);
    const address = this.engine.kmalloc(bytes, gfp);
    if (isErrno(address)) this.#failures++;
    else this.#mallocs++;
    return address as Handle | Errno;
  }

  free(handle: Handle): void {
    if (this.#mappings.open > 0) this.#assertNotMapped(handle);
    if (handle <= ZERO_SIZE_PTR) throw badHandle(this.name, "free", handle);
    this.engine.kfree(handle);
    this.#frees++;
  }

  map(handle: Handle, mode: MapMode): Mapping {
    const mapping = this.#mappings.available();
    const slotBytes = this.#slotBytesOf(handle, "map");
    const pfn = this.#pfnOf(handle);
    mapping.bytes = this.#machine.memory.chunkOf(pfn);
    mapping.offset = this.#machine.memory.offsetOf(pfn) + this.#offsetInPage(handle);
    mapping.length = slotBytes;
    this.#mappings.begin(mapping, handle, mode);
    return mapping;
  }

  unmap(handle: Handle): void {
    this.#mappings.end(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    assertCopyRange(this.name, this.#slotBytesOf(handle, "read"), target, targetOffset, length);
    const pfn = this.#pfnOf(handle);
    this.#machine.memory.copyOut(pfn, this.#offsetInPage(handle), target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    assertCopyRange(this.name, this.#slotBytesOf(handle, "write"), source, sourceOffset, length);
    const pfn = this.#pfnOf(handle);
    this.#machine.memory.copyIn(pfn, this.#offsetInPage(handle), source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  totalPages(): number {
    return this.engine.totalPages;
  }

  /** Objects may lie across page borders, but within one block of pages, which is contiguous: they do not count as spanning. */
  stats(): PoolStats {
    return {
      totalPages: this.engine.totalPages,
      objects: this.engine.objects,
      slotBytes: this.engine.slotBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: 0,
      objectsMoved: 0,
    };
  }

  /** The text of /proc/slabinfo for the pool's caches. */
  slabinfo(): string {
    return this.engine.slabinfo();
  }

  check(level: CheckLevel): void {
    this.engine.check(level);
  }

  destroy(): number {
    if (this.#destroyed) throw this.#destroyedError();
    this.#mappings.assertNoneMapped("destroy");
    this.#destroyed = true;
    this.#mostBytes = 0;
    const leftovers = this.engine.objects;
    this.engine.destroy();
    return leftovers;
  }

  /** malloc of a size that can't be had, with flags that kmalloc has no memory for, or of a destroyed pool. */
  #refuse(bytes: number): Errno {
    if (this.#destroyed) throw this.#destroyedError();
    this.#failures++;
    return bytes > this.capabilities.maxBytes ? ENOSPC : EINVAL;
  }

  #assertNotMapped(handle: Handle): void {
    this.#slotBytesOf(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
  }

  #slotBytesOf(handle: Handle, operation: string): number {
    const slotBytes = this.engine.ksize(handle);
    if (slotBytes === 0) throw badHandle(this.name, operation, handle);
    return slotBytes;
  }

  #pfnOf(address: number): Pfn {
    return Math.floor(address / this.#machine.pageBytes) as Pfn;
  }

  #offsetInPage(address: number): number {
    return address % this.#machine.pageBytes;
  }

  #destroyedError(): ZPoolError {
    return new ZPoolError("ZLAB_DESTROYED", `pool "${this.name}" is destroyed; make a new one`);
  }
}
