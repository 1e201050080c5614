// SLAB of Linux 3.10 for the kmalloc caches of one pool. Each cache keeps its slabs on three lists:
//
//   partial   allocations take the head; a slab in which an object was freed goes to the tail, so that the others of
//             its objects have time to be freed too
//   free      slabs without an allocated object, taken when no slab is partial; one that would bring the
//             cache's free objects above the free limit is given back at once
//   full      slabs without a free object
//
// Simplified: the kernel has an array of free objects for each CPU in front of the lists, and shifts the objects of
// successive slabs by a cache line ("colouring"). Neither changes how many objects a page holds.

import { type Errno, type Machine, __GFP_ZERO, isErrno } from "@zlab/hw-sim";
import { type CheckLevel, badHandle } from "@zlab/zpool";
import { CacheFinder } from "./cache-sizes.ts";
import { checkSlab310 } from "./check.ts";
import { type KmallocEngine, ZERO_SIZE_PTR } from "./kmalloc-engine.ts";
import { type SlabCache, slabCaches } from "./slab-layout.ts";
import { SlabLists } from "./slab-lists.ts";
import { SlabMemory } from "./slab-memory.ts";
import { END_OF_FREELIST, NO_SLAB, SlabState, SlabTable } from "./slab-table.ts";
import { slab310Info } from "./slabinfo.ts";

export class Slab310Pool implements KmallocEngine {
  readonly name: string;
  readonly caches: readonly SlabCache[];
  readonly table: SlabTable;
  readonly memory: SlabMemory;
  /** One list per cache of each kind. */
  readonly partial: SlabLists;
  readonly free: SlabLists;
  readonly full: SlabLists;
  readonly largestBytes: number;
  readonly #finder: CacheFinder;
  readonly #slotBytesOf: Int32Array; // per cache
  readonly #freeObjects: Int32Array; // per cache
  #objects = 0;
  #slotBytes = 0;

  constructor(machine: Machine, name: string) {
    this.name = name;
    this.caches = slabCaches(machine.cpus.count, machine.pageBytes);
    this.#finder = new CacheFinder(this.caches.map((cache) => cache.objectBytes));
    this.largestBytes = this.#finder.largestBytes;
    this.table = new SlabTable(this.caches.length);
    this.memory = new SlabMemory(machine, this.table, name);
    this.partial = new SlabLists(this.table, this.caches.length);
    this.free = new SlabLists(this.table, this.caches.length);
    this.full = new SlabLists(this.table, this.caches.length);
    this.#slotBytesOf = Int32Array.from(this.caches, ({ slotBytes }) => slotBytes);
    this.#freeObjects = new Int32Array(this.caches.length);
  }

  get objects(): number {
    return this.#objects;
  }

  get slotBytes(): number {
    return this.#slotBytes;
  }

  get totalPages(): number {
    return this.memory.totalPages;
  }

  kmalloc(bytes: number, gfp: number): number | Errno {
    if (bytes === 0) return ZERO_SIZE_PTR;
    const cache = this.#finder.cacheOf(bytes);
    const address = this.#allocate(cache, gfp & ~__GFP_ZERO);
    if (isErrno(address)) return address;
    const slotBytes = this.#slotBytesOf[cache]!;
    if ((gfp & __GFP_ZERO) !== 0) this.memory.clear(address, slotBytes);
    this.#objects++;
    this.#slotBytes += slotBytes;
    return address;
  }

  kfree(address: number): void {
    const slab = this.memory.slabAt(address);
    const object = slab === NO_SLAB ? -1 : this.memory.objectAt(slab, address);
    if (object < 0) {
      this.#kfreeNothing(address);
      return;
    }
    this.#objects--;
    this.#slotBytes -= this.table.slotBytesOf(slab);
    this.#release(slab, object);
  }

  ksize(address: number): number {
    const slab = this.memory.slabAt(address);
    return slab !== NO_SLAB && this.memory.objectAt(slab, address) >= 0 ? this.table.slotBytesOf(slab) : 0;
  }

  slabinfo(): string {
    return slab310Info(this);
  }

  check(level: CheckLevel): void {
    checkSlab310(this, level);
  }

  destroy(): void {
    for (let slab = 0; slab < this.table.count; slab++) {
      if (this.table.stateOf(slab) !== SlabState.retired) this.memory.giveSlab(slab);
    }
  }

  /** Free objects of the cache's slabs. */
  freeObjectsOf(cache: number): number {
    return this.#freeObjects[cache]!;
  }

  /** kfree of what is no object: 0 and ZERO_SIZE_PTR are ignored. */
  #kfreeNothing(address: number): void {
    if (address !== 0 && address !== ZERO_SIZE_PTR) throw badHandle(this.name, "free", address);
  }

  /** Takes an object of the cache: address, or ENOMEM. */
  #allocate(cache: number, gfp: number): number | Errno {
    let slab: number = this.partial.headOf(cache);
    if (slab === NO_SLAB) {
      slab = this.free.takeHead(cache);
      if (slab === NO_SLAB) {
        slab = this.#newSlab(cache, gfp);
        if (isErrno(slab)) return slab;
      }
      this.partial.addHead(cache, slab);
      this.table.setState(slab, SlabState.partial);
    }
    const object = this.table.takeFirst(slab);
    this.#freeObjects[cache]!--;
    if (this.table.freelistOf(slab) === END_OF_FREELIST) {
      this.partial.remove(cache, slab);
      this.full.addHead(cache, slab);
      this.table.setState(slab, SlabState.full);
    }
    return this.memory.addressOf(slab, object);
  }

  /** Puts an object back in its slab, and the slab where it now belongs. */
  #release(slab: number, object: number): void {
    const cache = this.table.cacheOf(slab);
    const wasFull = this.table.freelistOf(slab) === END_OF_FREELIST;
    (wasFull ? this.full : this.partial).remove(cache, slab);
    this.#freeObjects[cache]!++;
    if (this.table.putFirst(slab, object) > 0) {
      this.partial.addTail(cache, slab);
      this.table.setState(slab, SlabState.partial);
    } else if (this.#freeObjects[cache]! > this.caches[cache]!.freeLimitObjects) {
      this.#giveSlab(slab, cache);
    } else {
      this.free.addHead(cache, slab);
      this.table.setState(slab, SlabState.free);
    }
  }

  /** Makes a slab with its descriptor, on no list yet. Returns it, or ENOMEM with nothing taken. */
  #newSlab(cache: number, gfp: number): number | Errno {
    const { slotBytes, order, objectsPerSlab, offSlab, descriptorBytes, firstObjectOffset } = this.caches[cache]!;
    const shape = { slotBytes, firstObjectOffset };
    const slab = this.memory.takeSlab(cache, order, gfp, objectsPerSlab, objectsPerSlab, shape);
    if (isErrno(slab)) return slab;
    if (offSlab) {
      const descriptor = this.#allocate(this.#finder.cacheOf(descriptorBytes), gfp);
      if (isErrno(descriptor)) {
        this.memory.giveSlab(slab);
        return descriptor;
      }
      const home = this.memory.slabAt(descriptor);
      this.table.takeForDescriptor(home, this.memory.positionAt(home, descriptor));
      this.table.setDescriptor(slab, descriptor);
    }
    this.#freeObjects[cache]! += objectsPerSlab;
    return slab;
  }

  /** Gives an empty slab, which is on no list, and its descriptor back. */
  #giveSlab(slab: number, cache: number): void {
    const descriptor = this.table.descriptorOf(slab);
    this.#freeObjects[cache]! -= this.table.objectsOf(slab);
    this.memory.giveSlab(slab);
    if (descriptor === 0) return;
    const home = this.memory.slabAt(descriptor);
    this.#release(home, this.memory.positionAt(home, descriptor));
  }
}
