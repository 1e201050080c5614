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

import { EINVAL, ENOMEM, ENOSPC, type Errno, type Machine, isErrno } from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  type MapMode,
  type Mapping,
  type PoolImage,
  type PoolStats,
  ZPoolError,
  type ZpoolBackend,
  badHandle,
} from "@zlab/zpool";
import { checkPool } from "./check.ts";
import { classBySixteenths } from "./class-lookup.ts";
import { compactPool } from "./compact.ts";
import { DirectHandles } from "./direct-handles.ts";
import { POISON_BYTE, type ZsmallocConfig } from "./eras.ts";
import { HandleTable, NO_HANDLE } from "./handle-table.ts";
import { imageOfPool } from "./image.ts";
import { ObjectHeaders } from "./object-header.ts";
import { type FullnessList, type Placement, fullnessLists, placementOfSlot } from "./placement.ts";
import { type PoolPart, PoolTables } from "./pool-tables.ts";
import { MIN_SLOT_BYTES, type SizeClassPlan } from "./size-classes.ts";
import { SlotMemory } from "./slot-memory.ts";
import { SpanMapper } from "./span-mapping.ts";
import { type ClassRow, classRows, poolStatistics } from "./stats.ts";
import * as layout from "./table-layout.ts";
import { type ClassId, type SlotId, type ZspageId } from "./table-layout.ts";
import { ZspageTable } from "./zspage-table.ts";

const { NO_SLOT, NO_ZSPAGE } = layout; // constants of this module are folded by V8; see zspage-table.ts

export class ZsPool implements ZpoolBackend {
  readonly type = "zsmalloc";
  readonly name: string;
  readonly machine: Machine;
  readonly config: ZsmallocConfig;
  readonly plan: SizeClassPlan;
  readonly capabilities: Capabilities;
  readonly zspages: ZspageTable;
  readonly handles: HandleTable;
  readonly headers: ObjectHeaders | undefined;
  readonly mappings: CpuMappings;
  /** Number by which the machine knows the pool's pages. */
  readonly ownerNumber: number;
  readonly #tables: PoolTables;
  readonly #directHandles: DirectHandles | undefined; // instead of `handles` where handles encode places
  readonly #slots: SlotMemory;
  readonly #spans: SpanMapper;
  readonly #classBySixteenths: Int32Array; // class of a slot of at most 16 * i bytes
  #largestBytes: number; // that malloc takes; 0 once the pool is destroyed, so that malloc needs no question of its own for that
  readonly #headerBytes: number;
  readonly #poisonBytes: number;
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
  constructor(machine: Machine, name: string, config: ZsmallocConfig, capabilities: Capabilities, part?: PoolPart) {
    const { plan, era, bands } = config;
    this.machine = machine;
    this.name = name;
    this.config = config;
    this.plan = plan;
    this.capabilities = capabilities;
    this.ownerNumber = machine.registerOwner(`zsmalloc ${name}`);
    this.#tables = part?.tables ?? new PoolTables(machine, `zsmalloc ${this.ownerNumber}`);
    this.zspages = new ZspageTable(plan, bands, this.#tables);
    const cellsPerPage = era.handles === "direct" ? 0 : machine.pageBytes / MIN_SLOT_BYTES;
    this.handles = new HandleTable(this.zspages, this.#tables, this.ownerNumber, cellsPerPage, part?.cells);
    const isDirect = era.handles === "direct";
    this.#directHandles = isDirect ? new DirectHandles(machine, this.ownerNumber, plan, this.zspages) : undefined;
    this.headers = config.layout === "in-page" ? new ObjectHeaders(machine, plan, this.zspages) : undefined;
    this.mappings = new CpuMappings(machine, name);
    this.#largestBytes = machine.pageBytes;
    this.#headerBytes = era.headerBytes;
    this.#poisonBytes = era.poisonBytes;
    this.#slots = new SlotMemory(machine, this.zspages, name);
    this.#spans = new SpanMapper(machine, config.mapping, era.headerBytes);
    this.#classBySixteenths = classBySixteenths(plan, this.zspages);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (!(bytes > 0 && bytes <= this.#largestBytes) || (bytes | 0) !== bytes) return this.#refuseSize(bytes);
    const { zspages, handles } = this;
    const c = this.#classBySixteenths[(bytes + this.#headerBytes + 15) >> 4]! as ClassId;
    const z = zspages.fullest(c);
    if (z === NO_ZSPAGE || !handles.hasFreeCell || this.headers !== undefined) return this.#mallocSlowly(c, z, gfp);
    zspages.recount(z, c, 1);
    const slot = zspages.takeSlot(z);
    const handle = handles.issueFreeCell(slot);
    zspages.setOwner(slot, handle);
    this.#mallocs++;
    return handle as Handle;
  }

  free(handle: Handle): void {
    const { zspages, handles } = this;
    const slot = handles.resolve(handle);
    if (slot === NO_SLOT || this.mappings.open > 0 || this.headers !== undefined) {
      this.#freeSlowly(handle);
      return;
    }
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    handles.release(handle);
    const inuse = zspages.recount(z, c, -1);
    zspages.putSlot(z, slot);
    this.#frees++;
    if (inuse === 0) this.releaseZspage(z, c);
  }

  map(handle: Handle, mode: MapMode): Mapping {
    const { machine, zspages } = this;
    const record = this.mappings.available();
    const slot = this.slotOf(handle);
    if (slot === NO_SLOT) throw badHandle(this.name, "map", handle);
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const sizeBytes = zspages.sizeBytesOf(c);
    const dataOffset = zspages.dataOffsetOf(c);
    const start = zspages.slotIndexOf(slot, z) * sizeBytes;
    const offset = start & (machine.pageBytes - 1);
    const pfn = zspages.pfnOf(z, c, start >> machine.pageShift);
    machine.cpus.preemptDisable();
    if (offset + sizeBytes <= machine.pageBytes) {
      machine.kmap.mapLocal(pfn);
      record.bytes = machine.memory.chunkOf(pfn);
      record.offset = machine.memory.offsetOf(pfn) + offset + dataOffset;
    } else {
      const second = zspages.pfnOf(z, c, (start >> machine.pageShift) + 1);
      record.bytes = this.#spans.map(pfn, second, offset, sizeBytes, mode);
      record.offset = dataOffset;
    }
    record.length = sizeBytes - dataOffset;
    this.mappings.begin(record, handle, mode);
    return record;
  }

  unmap(handle: Handle): void {
    const { machine, zspages } = this;
    const record = this.mappings.end(handle);
    const slot = this.slotOf(handle);
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    const sizeBytes = zspages.sizeBytesOf(c);
    const start = zspages.slotIndexOf(slot, z) * sizeBytes;
    const offset = start & (machine.pageBytes - 1);
    const pfn = zspages.pfnOf(z, c, start >> machine.pageShift);
    if (offset + sizeBytes <= machine.pageBytes) {
      machine.kmap.unmapLocal(pfn);
    } else {
      const second = zspages.pfnOf(z, c, (start >> machine.pageShift) + 1);
      this.#spans.unmap(pfn, second, offset, sizeBytes, record.mode);
    }
    machine.cpus.preemptEnable();
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const slot = this.slotOf(handle);
    if (slot === NO_SLOT) throw badHandle(this.name, "read", handle);
    this.#slots.read(slot, target, targetOffset, length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const slot = this.slotOf(handle);
    if (slot === NO_SLOT) throw badHandle(this.name, "write", handle);
    this.#slots.write(slot, source, sourceOffset, length);
  }

  totalPages(): number {
    return this.#totalPages;
  }

  /** Compacts every class from the largest down. `onMoved` is told each object that got another place. Returns the pages freed;
   * 0 where objects can't move, or from within `onMoved`. */
  compact(onMoved?: (handle: Handle) => void): number {
    if (this.#compacting || this.#directHandles !== undefined) return 0;
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

  image(): PoolImage {
    this.mappings.assertNoneMapped("image");
    return imageOfPool(this);
  }

  destroy(): number {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `pool "${this.name}" is destroyed already`);
    this.mappings.assertNoneMapped("destroy");
    this.#destroyed = true;
    this.#largestBytes = 0;
    for (const c of this.zspages.classes) {
      this.zspages.forEach(c, (z) => {
        this.zspages.remove(z, c);
        this.releaseZspage(z, c);
      });
    }
    this.#tables.release();
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
    return this.zspages.classes.reduce((sum, c) => sum + this.freeablePages(c), 0);
  }

  /** The shrinker's "scan": compacts, whatever number it was asked for. Returns the pages freed, -1 ("stop") for none. */
  shrinkerScan(): number {
    return this.compact() || -1;
  }

  // ---- Looking in -------------------------------------------------------------------------------------------------------

  /** Where an object is. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): Placement {
    const slot = this.slotOf(handle);
    if (slot === NO_SLOT) throw badHandle(this.name, "placementOf", handle);
    return placementOfSlot(this, slot);
  }

  /** One row for each distinct class, ascending: what the kernel's statistics file shows. */
  classRows(): ClassRow[] {
    return classRows(this);
  }

  /** Every fullness list that holds a zspage, with the sequence numbers of its zspages, head first. */
  fullnessLists(): FullnessList[] {
    return fullnessLists(this);
  }

  /** Live objects of a class, by its index. */
  objectsUsedOf(classIndex: number): number {
    return this.zspages.usedOf(this.zspages.classAt(classIndex));
  }

  /** Slot of a live object, NO_SLOT for any other number. */
  slotOf(handle: number): SlotId {
    return this.#directHandles === undefined ? this.handles.resolve(handle) : this.#directHandles.resolve(handle);
  }

  /** Handle of an allocated slot. */
  handleAt(slot: SlotId): Handle {
    return (this.#directHandles?.handleAt(slot) ?? this.zspages.ownerOf(slot)) as Handle;
  }

  /** Live objects, by the calls that made and freed them. */
  objectsByCalls(): number {
    return this.#mallocs - this.#frees;
  }

  /** Slots of a class, free ones included. */
  objectsAllocatedOf(c: ClassId): number {
    return this.zspages.zspagesOf(c) * this.zspages.capacityOf(c);
  }

  /** Pages that compacting the class could free: as many zspages as its unused slots would fill. */
  freeablePages(c: ClassId): number {
    const unused = this.objectsAllocatedOf(c) - this.zspages.usedOf(c);
    return Math.floor(unused / this.zspages.capacityOf(c)) * this.zspages.pagesOf(c);
  }

  /** Whether an object of the zspage is mapped: then none of its objects may move. */
  isPinned(z: ZspageId): boolean {
    return this.mappings.some((handle) => {
      const slot = this.slotOf(handle);
      return this.zspages.zspageOf(slot, this.zspages.classOf(slot)) === z;
    });
  }

  /** Takes over the counters of an image (image.ts). */
  loadCounters(counters: Float64Array): void {
    this.#totalPages = counters[0]!;
    this.#zspagesCreated = counters[1]!;
    this.#mallocs = counters[2]!;
    this.#frees = counters[3]!;
    this.#failures = counters[4]!;
    this.#pagesCompacted = counters[5]!;
    this.#objectsMoved = counters[6]!;
  }

  // ---- For compaction ---------------------------------------------------------------------------------------------------

  /** Moves the object in a slot of one zspage to the first free slot of another of the same class, which has one. Neither is
   * on a list. */
  moveObject(from: ZspageId, slot: SlotId, to: ZspageId, c: ClassId): Handle {
    const { zspages } = this;
    const handle = zspages.ownerOf(slot);
    const toSlot = zspages.takeSlot(to);
    this.#slots.copy(c, from, slot, to, toSlot);
    zspages.setOwner(toSlot, handle);
    this.handles.moved(handle, toSlot);
    zspages.putSlot(from, slot);
    if (this.headers !== undefined) this.headers.writeFree(slot);
    this.#objectsMoved++;
    return handle as Handle;
  }

  /** Gives back the pages of a zspage that is on no list; returns their number. */
  releaseZspage(z: ZspageId, c: ClassId): number {
    const pages = this.zspages.pagesOf(c);
    this.#freePages(z, c, pages);
    this.zspages.release(z, c);
    this.#totalPages -= pages;
    return pages;
  }

  // ---- Details ----------------------------------------------------------------------------------------------------------

  /** malloc with whatever is not the usual case: no zspage has room (`z` is none), there is no free cell for the handle, handles
   * encode places, or something is to be left in the page. */
  #mallocSlowly(c: ClassId, fullest: ZspageId, gfp: number): Handle | Errno {
    const { zspages } = this;
    const z = fullest === NO_ZSPAGE ? this.#createZspage(c, gfp) : fullest;
    if (z === NO_ZSPAGE) return this.#refuse(ENOMEM);
    const slot = zspages.slotAt(z, zspages.firstFreeSlot(z));
    const handle =
      this.#directHandles === undefined ? this.handles.issue(slot) : this.#directHandles.handleIn(slot, z, c);
    if (handle === NO_HANDLE) {
      if (z !== fullest) this.releaseZspage(z, c);
      return this.#refuse(ENOMEM);
    }
    zspages.recount(z, c, 1);
    zspages.takeSlot(z);
    zspages.setOwner(slot, this.#directHandles === undefined ? handle : 0);
    this.#mallocs++;
    if (this.headers !== undefined) this.headers.writeAllocated(slot, handle);
    if (this.#poisonBytes > 0) this.#slots.fill(slot, z, c, this.#poisonBytes, POISON_BYTE);
    return handle as Handle;
  }

  /** free with the same: a handle that is not live, handles that encode places, open mappings, links in the pages. */
  #freeSlowly(handle: Handle): void {
    const { zspages } = this;
    const slot = this.slotOf(handle);
    if (slot === NO_SLOT) throw badHandle(this.name, "free", handle);
    this.mappings.assertNotMapped(handle, "free");
    const c = zspages.classOf(slot);
    const z = zspages.zspageOf(slot, c);
    if (this.#directHandles === undefined) this.handles.release(handle);
    const inuse = zspages.recount(z, c, -1);
    zspages.putSlot(z, slot);
    this.#frees++;
    if (this.headers !== undefined) this.headers.writeFree(slot);
    if (inuse === 0) this.releaseZspage(z, c);
  }

  #refuseSize(bytes: number): Errno {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: malloc of a destroyed pool`);
    return this.#refuse(bytes > this.#largestBytes ? ENOSPC : EINVAL);
  }

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  /** A zspage with single pages from the machine, on no list; NO_ZSPAGE if one page can't be had, and then
   * the others are given back. */
  #createZspage(c: ClassId, gfp: number): ZspageId {
    const { machine, zspages } = this;
    const pages = zspages.pagesOf(c);
    const z = zspages.create(c, this.#zspagesCreated);
    if (z === NO_ZSPAGE) return NO_ZSPAGE;
    for (let page = 0; page < pages; page++) {
      const pfn = machine.allocPages(0, gfp, this.ownerNumber);
      if (isErrno(pfn)) {
        this.#freePages(z, c, page);
        zspages.release(z, c);
        return NO_ZSPAGE;
      }
      machine.pages.setPrivate(pfn, z);
      machine.pages.setIndex(pfn, page);
      zspages.setPfn(z, c, page, pfn);
    }
    this.#zspagesCreated++;
    this.#totalPages += pages;
    if (this.headers !== undefined) this.headers.writeFresh(z);
    return z;
  }

  /** Gives back the first pages of a zspage. */
  #freePages(z: ZspageId, c: ClassId, count: number): void {
    for (let page = 0; page < count; page++) this.machine.freePages(this.zspages.pfnOf(z, c, page), 0);
  }
}
