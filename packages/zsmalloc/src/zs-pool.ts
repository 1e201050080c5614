// zsmalloc: the heart. A pool cuts *zspages*, chains of single pages, into equal slots, one slot size per class; since a slot may run
// over the end of a page, a zspage wastes little, and since no page block is ever needed, an allocation succeeds as long as
// there are single pages. What an object's life looks like:
//
//   malloc   class by size → fullest zspage with room, or a new one → its first free slot → a handle for the place
//   map      handle → place → the page itself, or the CPU's window if the slot spans two pages
//   free     handle → place → slot to the head of the free list → zspage to the list of its new group, or its pages back
//
// The rules are those of Linux (README, "Exactly"), and the placement of every object is the kernel's. The words that the kernel
// keeps in slots and page descriptors are in the zspage table, so that nothing here touches a page but to move payload.

import { EINVAL, ENOMEM, ENOSPC, type Errno, type Machine, type Pfn, isErrno } from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  type MapMode,
  type Mapping,
  type PoolStats,
  ZPoolError,
  type ZpoolBackend,
  assertCopyRange,
  badHandle,
} from "@zlab/zpool";
import { checkPool } from "./check.ts";
import { compactPool } from "./compact.ts";
import { DirectHandles } from "./direct-handles.ts";
import { POISON_BYTE, type ZsmallocConfig } from "./eras.ts";
import { FullnessLists } from "./fullness-lists.ts";
import type { HandleScheme } from "./handle-scheme.ts";
import { HandleTable } from "./handle-table.ts";
import { ObjectHeaders } from "./object-header.ts";
import type { SizeClassPlan } from "./size-classes.ts";
import { SlotMemory } from "./slot-memory.ts";
import { type Span, SpanMapper } from "./span-mapping.ts";
import { type ClassRow, classRows, poolStatistics } from "./stats.ts";
import { NO_ZSPAGE, type ZspageId, type ZspageTable } from "./zspage-table.ts";

/** Where an object is. */
export interface Placement {
  readonly classIndex: number;
  /** Number of the zspage in order of creation in the pool, from 0. */
  readonly zspageSeq: number;
  /** Slot, counted over the whole zspage. */
  readonly objectIndex: number;
  /** Page of the zspage in which the slot begins. */
  readonly pageIndex: number;
  /** Slot, counted among those that begin in that page. */
  readonly objectIndexInPage: number;
  readonly pfn: Pfn;
  /** Byte of the page at which the slot begins. */
  readonly offset: number;
}

export class ZsPool implements ZpoolBackend {
  readonly type = "zsmalloc";
  readonly name: string;
  readonly machine: Machine;
  readonly config: ZsmallocConfig;
  readonly plan: SizeClassPlan;
  readonly capabilities: Capabilities;
  readonly lists: FullnessLists;
  readonly zspages: ZspageTable;
  readonly handles: HandleScheme;
  readonly headers: ObjectHeaders | undefined;
  readonly mappings: CpuMappings;
  /** Number by which the machine knows the pool's pages. */
  readonly ownerNumber: number;
  readonly #slots: SlotMemory;
  readonly #spans: SpanMapper;
  readonly #classBySixteenths: Uint16Array; // class of a slot of at most 16 * i bytes
  readonly #sizeBytes: Int32Array; // by class, as the next four
  readonly #pages: Int32Array;
  readonly #objects: Int32Array;
  readonly #dataOffset: Uint8Array; // where in a slot user data begin
  readonly #inuse: Float64Array; // live objects
  readonly #zspagesOf: Float64Array; // zspages, also while one is on no list
  readonly #headerBytes: number;
  readonly #poisonBytes: number;
  readonly #moves: boolean;
  #totalPages = 0;
  #zspagesCreated = 0;
  #compacting = false;
  #destroyed = false;
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #pagesCompacted = 0;
  #objectsMoved = 0;

  /** Use the driver, or `ZpoolRegistry.create`. */
  constructor(machine: Machine, name: string, config: ZsmallocConfig, capabilities: Capabilities) {
    const { plan, era, bands } = config;
    this.machine = machine;
    this.name = name;
    this.config = config;
    this.plan = plan;
    this.capabilities = capabilities;
    this.ownerNumber = machine.registerOwner(`zsmalloc ${name}`);
    this.lists = new FullnessLists(plan, bands);
    this.zspages = this.lists.zspages;
    this.#moves = era.handles === "indirect";
    this.handles = this.#moves
      ? new HandleTable(this.ownerNumber)
      : new DirectHandles(machine, this.ownerNumber, plan, this.zspages);
    this.headers = config.layout === "in-page" ? new ObjectHeaders(machine, plan, this.zspages) : undefined;
    this.mappings = new CpuMappings(machine, name);
    this.#headerBytes = era.headerBytes;
    this.#poisonBytes = era.poisonBytes;
    this.#slots = new SlotMemory(machine, this.zspages);
    this.#spans = new SpanMapper(machine, config.mapping, era.headerBytes);
    this.#classBySixteenths = classBySixteenths(plan);
    this.#sizeBytes = byClass(plan, (index) => plan.sizeBytesOf(index));
    this.#pages = byClass(plan, (index) => plan.pagesPerZspageOf(index));
    this.#objects = byClass(plan, (index) => plan.objectsPerZspageOf(index));
    this.#dataOffset = Uint8Array.from(byClass(plan, (index) => (plan.isHuge(index) ? 0 : era.headerBytes)));
    this.#inuse = new Float64Array(plan.indexCount);
    this.#zspagesOf = new Float64Array(plan.indexCount);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (bytes > this.machine.pageBytes) return this.#refuse(ENOSPC);
    if (!(bytes > 0) || (bytes | 0) !== bytes) return this.#refuse(EINVAL);
    const classIndex = this.#classBySixteenths[(bytes + this.#headerBytes + 15) >> 4]!;
    let z = this.lists.fullest(classIndex);
    if (z === NO_ZSPAGE) {
      z = this.#createZspage(classIndex, gfp);
      if (z === NO_ZSPAGE) return this.#refuse(ENOMEM);
    }
    const slot = this.zspages.takeSlot(z);
    const handle = this.handles.issue(z, slot);
    this.zspages.setOwner(z, slot, this.handles.ownerWord(handle));
    this.lists.refile(z);
    this.#inuse[classIndex]!++;
    this.#mallocs++;
    if (this.headers !== undefined) this.headers.writeAllocated(z, slot, handle);
    if (this.#poisonBytes > 0) this.#slots.fill(z, slot * this.#sizeBytes[classIndex]!, this.#poisonBytes, POISON_BYTE);
    return handle as Handle;
  }

  free(handle: Handle): void {
    const { handles, zspages } = this;
    if (!handles.resolve(handle)) throw badHandle(this.name, "free", handle);
    this.mappings.assertNotMapped(handle, "free");
    const z = handles.zspage;
    const { slot } = handles;
    handles.release(handle);
    this.#inuse[zspages.classOf(z)]!--;
    this.#frees++;
    this.#vacate(z, slot);
    if (this.lists.refile(z) === 0) this.releaseZspage(z);
  }

  map(handle: Handle, mode: MapMode): Mapping {
    const record = this.mappings.available();
    if (!this.handles.resolve(handle)) throw badHandle(this.name, "map", handle);
    const { zspage: z, slot } = this.handles;
    const classIndex = this.zspages.classOf(z);
    const sizeBytes = this.#sizeBytes[classIndex]!;
    const dataOffset = this.#dataOffset[classIndex]!;
    const page = (slot * sizeBytes) >> this.machine.pageShift;
    const offset = (slot * sizeBytes) & (this.machine.pageBytes - 1);
    this.machine.cpus.preemptDisable();
    this.zspages.addPins(z, 1);
    if (offset + sizeBytes <= this.machine.pageBytes) {
      const pfn = this.zspages.pfnOf(z, page);
      this.machine.kmap.mapLocal(pfn);
      record.bytes = this.machine.memory.chunkOf(pfn);
      record.offset = this.machine.memory.offsetOf(pfn) + offset + dataOffset;
    } else {
      record.bytes = this.#spans.map(this.#spanOf(z, page, offset, sizeBytes), mode);
      record.offset = dataOffset;
    }
    record.length = sizeBytes - dataOffset;
    this.mappings.begin(record, handle, mode);
    return record;
  }

  unmap(handle: Handle): void {
    const record = this.mappings.end(handle);
    this.handles.resolve(handle);
    const { zspage: z, slot } = this.handles;
    const sizeBytes = this.#sizeBytes[this.zspages.classOf(z)]!;
    const page = (slot * sizeBytes) >> this.machine.pageShift;
    const offset = (slot * sizeBytes) & (this.machine.pageBytes - 1);
    if (offset + sizeBytes <= this.machine.pageBytes) this.machine.kmap.unmapLocal(this.zspages.pfnOf(z, page));
    else this.#spans.unmap(this.#spanOf(z, page, offset, sizeBytes), record.mode);
    this.zspages.addPins(z, -1);
    this.machine.cpus.preemptEnable();
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const start = this.#dataStart(handle, "read", target, targetOffset, length);
    this.#slots.read(this.handles.zspage, start, target, targetOffset, length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const start = this.#dataStart(handle, "write", source, sourceOffset, length);
    this.#slots.write(this.handles.zspage, start, source, sourceOffset, length);
  }

  totalPages(): number {
    return this.#totalPages;
  }

  /** Compacts every class from the largest down. `onMoved` is told each object that got another place. Returns the pages freed;
   * 0 where objects can't move, or from within `onMoved`. */
  compact(onMoved?: (handle: Handle) => void): number {
    if (this.#compacting || !this.#moves) return 0;
    this.#compacting = true;
    try {
      const pagesFreed = compactPool(this, onMoved);
      this.#pagesCompacted += pagesFreed;
      return pagesFreed;
    } finally {
      this.#compacting = false;
    }
  }

  stats(): PoolStats {
    return poolStatistics(this, {
      totalPages: this.#totalPages,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: this.#pagesCompacted,
      objectsMoved: this.#objectsMoved,
    });
  }

  check(level: CheckLevel): void {
    checkPool(this, level);
  }

  destroy(): number {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `pool "${this.name}" is destroyed already`);
    this.mappings.assertNoneMapped("destroy");
    this.#destroyed = true;
    for (const classIndex of this.plan.owners) {
      this.lists.forEach(classIndex, (z) => {
        this.releaseZspage(z);
      });
    }
    return this.#mallocs - this.#frees;
  }

  // ---- What kernel code around zsmalloc calls -------------------------------------------------------------------------

  /** Index of the class that serves requests of `bytes` bytes (1 to a page). */
  lookupClassIndex(bytes: number): number {
    return this.plan.ownerOf(this.plan.indexForRequest(bytes));
  }

  /** Requests of at least so many bytes take a whole page, so that a caller had better store the page itself; undefined
   * for linux-3.10, which has no such call. */
  hugeClassSize(): number | undefined {
    return this.plan.hugeClassSizeBytes;
  }

  /** The one number of the kernel's pool statistics: pages freed by compaction so far. */
  poolStats(): { pagesCompacted: number } {
    return { pagesCompacted: this.#pagesCompacted };
  }

  /** Zspages created so far; their sequence numbers are 0 to one less. */
  get zspagesCreated(): number {
    return this.#zspagesCreated;
  }

  /** Pages that a compaction could free, the shrinker's "count". */
  shrinkerCount(): number {
    return this.plan.owners.reduce((sum, classIndex) => sum + this.freeablePages(classIndex), 0);
  }

  /** The shrinker's "scan": compacts, whatever number it was asked for. Returns the pages freed, -1 ("stop") for none. */
  shrinkerScan(): number {
    return this.compact() || -1;
  }

  // ---- Looking in -------------------------------------------------------------------------------------------------------

  /** Where an object is. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): Placement {
    if (!this.handles.resolve(handle)) throw badHandle(this.name, "placementOf", handle);
    const { zspage: z, slot } = this.handles;
    const { pageBytes } = this.machine;
    const classIndex = this.zspages.classOf(z);
    const sizeBytes = this.#sizeBytes[classIndex]!;
    const pageIndex = Math.floor((slot * sizeBytes) / pageBytes);
    return {
      classIndex,
      zspageSeq: this.zspages.sequenceOf(z),
      objectIndex: slot,
      pageIndex,
      objectIndexInPage: slot - Math.ceil((pageIndex * pageBytes) / sizeBytes),
      pfn: this.zspages.pfnOf(z, pageIndex),
      offset: (slot * sizeBytes) % pageBytes,
    };
  }

  /** One row for each distinct class, ascending: what the kernel's statistics file shows. */
  classRows(): ClassRow[] {
    return classRows(this);
  }

  /** Every fullness list that holds a zspage, with the sequence numbers of its zspages, head first. */
  fullnessLists(): { classIndex: number; group: number; zspageSeqs: number[] }[] {
    const found: { classIndex: number; group: number; zspageSeqs: number[] }[] = [];
    for (const classIndex of this.plan.owners) {
      this.lists.forEach(classIndex, (z, group) => {
        const last = found.at(-1);
        const seq = this.zspages.sequenceOf(z);
        if (last?.classIndex === classIndex && last.group === group) last.zspageSeqs.push(seq);
        else found.push({ classIndex, group, zspageSeqs: [seq] });
      });
    }
    return found;
  }

  /** Live objects of a class. */
  objectsUsedOf(classIndex: number): number {
    return this.#inuse[classIndex]!;
  }

  /** Slots of a class, free ones included. */
  objectsAllocatedOf(classIndex: number): number {
    return this.#zspagesOf[classIndex]! * this.#objects[classIndex]!;
  }

  /** Pages that compacting the class could free: as many zspages as its unused slots would fill. */
  freeablePages(classIndex: number): number {
    const unused = this.objectsAllocatedOf(classIndex) - this.#inuse[classIndex]!;
    return Math.floor(unused / this.#objects[classIndex]!) * this.#pages[classIndex]!;
  }

  // ---- For compaction ---------------------------------------------------------------------------------------------------

  /** Moves the object in a slot of one zspage to the first free slot of another of the same class. Lists are the caller's. */
  moveObject(from: ZspageId, fromSlot: number, to: ZspageId): Handle {
    const ownerWord = this.zspages.ownerOf(from, fromSlot);
    const toSlot = this.zspages.takeSlot(to);
    const sizeBytes = this.#sizeBytes[this.zspages.classOf(from)]!;
    this.#slots.copy(from, fromSlot * sizeBytes, to, toSlot * sizeBytes, sizeBytes);
    this.zspages.setOwner(to, toSlot, ownerWord);
    this.handles.moved(ownerWord, to, toSlot);
    this.#vacate(from, fromSlot);
    this.#objectsMoved++;
    return this.handles.handleAt(to, toSlot, ownerWord) as Handle;
  }

  /** Gives back the pages of a zspage that is on a list; returns their number. */
  releaseZspage(z: ZspageId): number {
    const pages = this.#pages[this.zspages.classOf(z)]!;
    this.lists.remove(z);
    for (let page = 0; page < pages; page++) this.machine.freePages(this.zspages.pfnOf(z, page), 0);
    this.#zspagesOf[this.zspages.classOf(z)]!--;
    this.zspages.release(z);
    this.#totalPages -= pages;
    return pages;
  }

  // ---- Details ----------------------------------------------------------------------------------------------------------

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  /** A zspage with single pages from the machine, on the list of the empty; NO_ZSPAGE if one page can't be had, and then
   * the others are given back. */
  #createZspage(classIndex: number, gfp: number): ZspageId {
    const { machine, zspages } = this;
    const pages = this.#pages[classIndex]!;
    const z = zspages.create(classIndex, this.#objects[classIndex]!, this.#zspagesCreated);
    for (let page = 0; page < pages; page++) {
      const pfn = machine.allocPages(0, gfp, this.ownerNumber);
      if (isErrno(pfn)) {
        while (--page >= 0) machine.freePages(zspages.pfnOf(z, page), 0);
        zspages.release(z);
        return NO_ZSPAGE;
      }
      machine.pages.setPrivate(pfn, z);
      machine.pages.setIndex(pfn, page);
      zspages.setPfn(z, page, pfn);
    }
    this.#zspagesCreated++;
    this.#zspagesOf[classIndex]!++;
    this.#totalPages += pages;
    this.lists.insert(z);
    if (this.headers !== undefined) this.headers.writeFresh(z);
    return z;
  }

  /** Puts a slot back on its zspage's free list. */
  #vacate(z: ZspageId, slot: number): void {
    this.zspages.putSlot(z, slot);
    if (this.headers !== undefined) this.headers.writeFree(z, slot);
  }

  /** Resolves the handle, checks the range, and returns where in the zspage the object's data begin. */
  #dataStart(handle: number, operation: string, buffer: Uint8Array, bufferOffset: number, length: number): number {
    if (!this.handles.resolve(handle)) throw badHandle(this.name, operation, handle);
    const classIndex = this.zspages.classOf(this.handles.zspage);
    const sizeBytes = this.#sizeBytes[classIndex]!;
    const dataOffset = this.#dataOffset[classIndex]!;
    assertCopyRange(this.name, sizeBytes - dataOffset, buffer, bufferOffset, length);
    return this.handles.slot * sizeBytes + dataOffset;
  }

  #spanOf(z: ZspageId, page: number, offset: number, sizeBytes: number): Span {
    return { first: this.zspages.pfnOf(z, page), second: this.zspages.pfnOf(z, page + 1), offset, sizeBytes };
  }
}

/** A table by class index, 0 for indexes without a class. */
function byClass(plan: SizeClassPlan, valueOf: (classIndex: number) => number): Int32Array {
  const table = new Int32Array(plan.indexCount);
  for (const owner of plan.owners) table[owner] = valueOf(owner);
  return table;
}

/** Class of a slot need of up to 16 * i bytes; every nominal size is a multiple of 16. Needs above the page (a request of a
 * whole page and its header) have the top class. */
function classBySixteenths(plan: SizeClassPlan): Uint16Array {
  const { pageBytes, headerBytes } = plan.options;
  const table = new Uint16Array(pageBytes / 16 + 2);
  for (let i = 1; i < table.length; i++) {
    table[i] = plan.ownerOf(plan.indexForRequest(Math.min(16 * i, pageBytes + headerBytes) - headerBytes));
  }
  return table;
}
