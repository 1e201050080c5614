// SLUB of Linux 6.12 for the kmalloc caches of one pool. Each CPU allocates from a slab of its own; what it can't use at the moment
// waits on lists:
//
//   current slab of the CPU      its free objects are all taken over into the CPU's free list; frees by
//          │  exhausted: full    other CPUs gather in the slab's own list, which is used up last
//          ▼
//   full slab, on no list        the first free in it puts it on the list of the CPU that frees
//          │
//          ▼
//   partial slabs of the CPU     last in, first out; when it holds its target number, all of
//          │                     them move on before another one comes
//          ▼
//   partial slabs of the node    joined at the tail, taken from the head; empty slabs stay while there are
//                                fewer than minPartialSlabs, others are given back
//
// A new slab is made only when the CPU's free lists, the CPU's and the node's partial slabs have nothing.

import {
  type Errno,
  MAX_PAGE_ORDER,
  type Machine,
  Prng,
  __GFP_NORETRY,
  __GFP_NOWARN,
  __GFP_ZERO,
  isErrno,
} from "@zlab/hw-sim";
import { type CheckLevel, badHandle } from "@zlab/zpool";
import { CacheFinder, orderOf } from "./cache-sizes.ts";
import { checkSlub } from "./check.ts";
import { type KmallocEngine, ZERO_SIZE_PTR } from "./kmalloc-engine.ts";
import { SlabLists } from "./slab-lists.ts";
import { SlabMemory } from "./slab-memory.ts";
import { END_OF_FREELIST, NO_SLAB, SlabState, SlabTable } from "./slab-table.ts";
import { slubInfo } from "./slabinfo.ts";
import { type SlubCache, slubCaches } from "./slub-layout.ts";

export interface SlubOptions {
  /** CPUs that the slab orders are made for. Default: those of the machine. */
  readonly cpus?: number | undefined;
  /** Whether the objects of a fresh slab are linked in random order (CONFIG_SLAB_FREELIST_RANDOM). Default false. */
  readonly randomizeFreelist?: boolean | undefined;
  /** Seed of that order. Default 1. */
  readonly seed?: number | undefined;
  /** Whether a slab may be of the lowest order when there is no block of the preferred one, as in the kernel. False shows what
   * that saves. Default true. */
  readonly fallback?: boolean | undefined;
}

export class SlubPool implements KmallocEngine {
  readonly name: string;
  readonly caches: readonly SlubCache[];
  readonly table: SlabTable;
  readonly memory: SlabMemory;
  /** One list per cache. */
  readonly nodePartial: SlabLists;
  /** One list per CPU and cache: see `cpuCacheOf`. */
  readonly cpuPartial: SlabLists;
  readonly largestBytes: number;
  readonly #machine: Machine;
  readonly #finder: CacheFinder;
  readonly #largestCacheBytes: number;
  readonly #cacheCount: number;
  readonly #current: Int32Array; // slab per CPU and cache
  readonly #cpuFreelist: Uint16Array; // first free object of that slab
  readonly #sequences: readonly Uint16Array[]; // random order of a slab's objects, per cache
  readonly #prng: Prng;
  readonly #fallback: boolean;
  #objects = 0;
  #slotBytes = 0;

  constructor(machine: Machine, name: string, options: SlubOptions = {}) {
    this.name = name;
    this.#machine = machine;
    this.caches = slubCaches(options.cpus ?? machine.cpus.count, machine.pageBytes);
    this.#cacheCount = this.caches.length;
    this.#finder = new CacheFinder(this.caches.map((cache) => cache.slotBytes));
    this.#largestCacheBytes = this.#finder.largestBytes;
    this.largestBytes = largestBlockBytes(machine);
    this.table = new SlabTable(this.#cacheCount + 1); // the last one is for large objects
    this.memory = new SlabMemory(machine, this.table, name);
    this.nodePartial = new SlabLists(this.table, this.#cacheCount);
    this.cpuPartial = new SlabLists(this.table, machine.cpus.count * this.#cacheCount);
    this.#current = new Int32Array(machine.cpus.count * this.#cacheCount).fill(NO_SLAB);
    this.#cpuFreelist = new Uint16Array(this.#current.length).fill(END_OF_FREELIST);
    this.#prng = new Prng(options.seed ?? 1);
    this.#fallback = options.fallback ?? true;
    this.#sequences = options.randomizeFreelist
      ? this.caches.map((cache) => shuffled(cache.objectsPerSlab, this.#prng))
      : [];
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
    if (!(bytes > 0 && bytes <= this.#largestCacheBytes)) return this.#kmallocUnusual(bytes, gfp);
    const { table } = this;
    const cache = this.#finder.cacheOf(bytes);
    const cpuCache = this.#machine.cpus.current * this.#cacheCount + cache;
    let object = this.#cpuFreelist[cpuCache]!;
    if (object === END_OF_FREELIST) {
      const failure = this.#refill(cpuCache, cache, gfp);
      if (isErrno(failure)) return failure;
      object = this.#cpuFreelist[cpuCache]!;
    }
    const slab = this.#current[cpuCache]!;
    this.#cpuFreelist[cpuCache] = table.take(slab, object);
    const address = this.memory.addressOf(slab, object);
    const slotBytes = table.slotBytesOf(slab);
    if ((gfp & __GFP_ZERO) !== 0) this.memory.clear(address, slotBytes);
    this.#objects++;
    this.#slotBytes += slotBytes;
    return address;
  }

  kfree(address: number): void {
    const { table, memory } = this;
    const slab = memory.slabAt(address);
    const object = slab === NO_SLAB ? -1 : memory.objectAt(slab, address);
    if (object < 0) {
      this.#kfreeNothing(address);
      return;
    }
    this.#objects--;
    this.#slotBytes -= table.slotBytesOf(slab);
    const cache = table.cacheOf(slab);
    const cpuCache = this.#machine.cpus.current * this.#cacheCount + cache;
    if (cache < this.#cacheCount && this.#current[cpuCache] === slab) {
      table.putBack(slab, object, this.#cpuFreelist[cpuCache]!);
      this.#cpuFreelist[cpuCache] = object;
    } else {
      const inuse = table.putFirst(slab, object);
      const state = table.stateOf(slab);
      if (state !== SlabState.partial || inuse === 0) this.#afterSlowFree(slab, cache, cpuCache, state);
    }
  }

  ksize(address: number): number {
    const slab = this.memory.slabAt(address);
    return slab !== NO_SLAB && this.memory.objectAt(slab, address) >= 0 ? this.table.slotBytesOf(slab) : 0;
  }

  slabinfo(): string {
    return slubInfo(this);
  }

  check(level: CheckLevel): void {
    checkSlub(this, level);
  }

  destroy(): void {
    for (let slab = 0; slab < this.table.count; slab++) {
      if (this.table.stateOf(slab) !== SlabState.retired) this.memory.giveSlab(slab);
    }
  }

  /** Number of the CPU's share of a cache, for `cpuPartial`, `currentSlabOf` and `cpuFreelistOf`. */
  cpuCacheOf(cpu: number, cache: number): number {
    return cpu * this.#cacheCount + cache;
  }

  /** The slab that the CPU allocates from, or NO_SLAB. */
  currentSlabOf(cpuCache: number): number {
    return this.#current[cpuCache]!;
  }

  /** First free object that the CPU has taken over from its current slab, or END_OF_FREELIST. */
  cpuFreelistOf(cpuCache: number): number {
    return this.#cpuFreelist[cpuCache]!;
  }

  /** CPUs that have a share of each cache. */
  get cpuCount(): number {
    return this.#current.length / this.#cacheCount;
  }

  /** Gives the CPU free objects: from its current slab, its partial slabs, the node's, or a new slab. */
  #refill(cpuCache: number, cache: number, gfp: number): number | Errno {
    const exhausted = this.#current[cpuCache]!;
    if (exhausted !== NO_SLAB) {
      if (this.table.freelistOf(exhausted) !== END_OF_FREELIST) return this.#adopt(cpuCache, exhausted);
      this.table.setState(exhausted, SlabState.full);
      this.#current[cpuCache] = NO_SLAB;
    }
    let slab: number = this.cpuPartial.takeHead(cpuCache);
    if (slab === NO_SLAB) slab = this.#takeFromNode(cpuCache, cache);
    if (slab === NO_SLAB) {
      slab = this.#newSlab(cache, gfp);
      if (isErrno(slab)) return slab;
    }
    return this.#adopt(cpuCache, slab);
  }

  /** Makes the slab the CPU's current one and takes its free objects over. */
  #adopt(cpuCache: number, slab: number): number {
    this.#current[cpuCache] = slab;
    this.#cpuFreelist[cpuCache] = this.table.freelistOf(slab);
    this.table.setFreelist(slab, END_OF_FREELIST);
    this.table.setState(slab, SlabState.cpuCurrent);
    return slab;
  }

  /** The node's first partial slab, or NO_SLAB. So that the CPU need not come back soon it also gets the next ones on its own
   * list, until they are more than half of its target. */
  #takeFromNode(cpuCache: number, cache: number): number {
    const slab = this.nodePartial.takeHead(cache);
    if (slab === NO_SLAB) return NO_SLAB;
    const enough = Math.floor(this.caches[cache]!.cpuPartialSlabs / 2);
    while (this.cpuPartial.lengthOf(cpuCache) <= enough && this.nodePartial.lengthOf(cache) > 0) {
      this.#toCpuPartial(cpuCache, this.nodePartial.takeHead(cache));
    }
    return slab;
  }

  /** A fresh slab of the preferred order; if there are no such pages, one of the lowest order that holds an object, unless the
   * pool does without this fallback. */
  #newSlab(cache: number, gfp: number): number | Errno {
    const { slotBytes, order, minOrder, objectsPerSlab } = this.caches[cache]!;
    const shape = { slotBytes, firstObjectOffset: 0 };
    const pageGfp = gfp & ~__GFP_ZERO;
    const attempt = pageGfp | __GFP_NOWARN | __GFP_NORETRY;
    let slab = this.memory.takeSlab(cache, order, attempt, objectsPerSlab, objectsPerSlab, shape);
    if (isErrno(slab) && this.#fallback) {
      const objects = Math.floor((this.#machine.pageBytes * 2 ** minOrder) / slotBytes);
      slab = this.memory.takeSlab(cache, minOrder, pageGfp, objects, objectsPerSlab, shape);
    }
    const sequence = this.#sequences[cache];
    if (slab >= 0 && sequence) this.table.reorderFreelist(slab, sequence, this.#prng.below(sequence.length));
    return slab;
  }

  /** Finds the place of a slab, not current on this CPU, in which an object was freed; one that is partial is empty now. */
  #afterSlowFree(slab: number, cache: number, cpuCache: number, state: number): void {
    if (state === SlabState.full) {
      this.#drainFullCpuPartial(cpuCache, cache);
      this.#toCpuPartial(cpuCache, slab);
    } else if (state === SlabState.partial) {
      if (this.nodePartial.lengthOf(cache) < this.caches[cache]!.minPartialSlabs) return;
      this.nodePartial.remove(cache, slab);
      this.memory.giveSlab(slab);
    } else if (state === SlabState.large) {
      this.memory.giveSlab(slab);
    }
  }

  #toCpuPartial(cpuCache: number, slab: number): void {
    this.cpuPartial.addHead(cpuCache, slab);
    this.table.setState(slab, SlabState.cpuPartial);
  }

  /** When the CPU has its target of partial slabs, hands them all over to the node, or gives them back if they are empty and the node
   * has enough. */
  #drainFullCpuPartial(cpuCache: number, cache: number): void {
    const { cpuPartialSlabs, minPartialSlabs } = this.caches[cache]!;
    if (this.cpuPartial.lengthOf(cpuCache) < cpuPartialSlabs) return;
    for (let slab = this.cpuPartial.takeHead(cpuCache); slab !== NO_SLAB; slab = this.cpuPartial.takeHead(cpuCache)) {
      if (this.table.inuseOf(slab) === 0 && this.nodePartial.lengthOf(cache) >= minPartialSlabs) {
        this.memory.giveSlab(slab);
      } else {
        this.nodePartial.addTail(cache, slab);
        this.table.setState(slab, SlabState.partial);
      }
    }
  }

  #kmallocUnusual(bytes: number, gfp: number): number | Errno {
    return bytes === 0 ? ZERO_SIZE_PTR : this.#allocateLarge(bytes, gfp);
  }

  /** kfree of what is no object: 0 and ZERO_SIZE_PTR are ignored. */
  #kfreeNothing(address: number): void {
    if (address !== 0 && address !== ZERO_SIZE_PTR) throw badHandle(this.name, "free", address);
  }

  /** Requests above the largest cache: whole pages, straight from the page allocator. */
  #allocateLarge(bytes: number, gfp: number): number | Errno {
    const order = orderOf(bytes, this.#machine.pageBytes);
    const slotBytes = this.#machine.pageBytes * 2 ** order;
    const slab = this.memory.takeSlab(this.#cacheCount, order, gfp, 1, 1, { slotBytes, firstObjectOffset: 0 });
    if (isErrno(slab)) return slab;
    this.table.setState(slab, SlabState.large);
    this.table.takeFirst(slab);
    this.#objects++;
    this.#slotBytes += slotBytes;
    return this.memory.addressOf(slab, 0);
  }
}

/** Bytes of the largest block of pages that the machine hands out. */
function largestBlockBytes({ pageBytes }: Machine): number {
  return pageBytes * 2 ** MAX_PAGE_ORDER;
}

/** The numbers from 0 to `count` - 1 in random order. */
function shuffled(count: number, prng: Prng): Uint16Array {
  const sequence = Uint16Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    const other = sequence[j]!;
    sequence[j] = sequence[i]!;
    sequence[i] = other;
  }
  return sequence;
}
