// zblock, the allocator proposed for zswap in 2025, by its behaviour: blocks of 1, 2, 4 or 8 contiguous pages, each cut into
// slots of one size. A type has a list of blocks with a free slot; the first of them is filled to the end, lowest slot first,
// before the next is touched. Nothing ever moves, and no object crosses a block, so every mapping is direct; the price
// is blocks of contiguous pages, for which there is no substitute when memory is fragmented.

import {
  EINVAL,
  ENOMEM,
  ENOSPC,
  type Errno,
  type Machine,
  type Pfn,
  __GFP_HIGHMEM,
  __GFP_MOVABLE,
  isErrno,
} from "@zlab/hw-sim";
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
import { BlockLists } from "./block-lists.ts";
import { BlockTable, NO_BLOCK } from "./block-table.ts";
import { checkZblockPool } from "./check.ts";
import type { SlotTable } from "./slot-table.ts";

/** Where an object lies. */
export interface ZblockPlacement {
  readonly type: number;
  /** Number of the block in the order of creation, from 0. */
  readonly blockSeq: number;
  readonly slot: number;
  /** Offset of the data in the block. */
  readonly byteOffset: number;
}

/** One block type of a pool, in the order of the slot table. */
export interface ZblockTypeTotals {
  readonly type: number;
  readonly slotBytes: number;
  readonly slotsPerBlock: number;
  readonly pagesPerBlock: number;
  readonly objects: number;
  /** Blocks with a free slot, in the order in which they will be used; by their number in the order of creation. */
  readonly activeBlockSeqs: readonly number[];
  /** Blocks without, the one filled last first. */
  readonly fullBlockSeqs: readonly number[];
}

/** What a pool with this slot table can do. */
export function zblockCapabilities({ maxBytes, maxOrder }: SlotTable): Capabilities {
  return {
    maxBytes,
    movable: false,
    sleepMapped: true,
    compact: false,
    crossPage: false,
    maxPageOrder: maxOrder,
  };
}

export class ZblockPool implements ZpoolBackend {
  readonly type = "zblock";
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #machine: Machine;
  readonly #owner: number; // marks our blocks in the machine's page descriptors
  readonly #table: SlotTable;
  readonly #pageBytes: number;
  readonly #slotMask: number;
  readonly #mappings: CpuMappings;
  readonly #blocks: BlockTable = new BlockTable();
  readonly #lists: BlockLists;
  #pages = 0;
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #slotBytes = 0; // of the live objects
  #destroyed = false;

  /** An empty pool on the pages of `machine`. `name` appears in messages. `table` must be for the machine's page size. */
  constructor(machine: Machine, name: string, table: SlotTable) {
    this.name = name;
    this.capabilities = zblockCapabilities(table);
    this.#machine = machine;
    this.#owner = machine.registerOwner(`zblock ${name}`);
    this.#table = table;
    this.#pageBytes = machine.pageBytes;
    this.#slotMask = (1 << table.slotBits) - 1;
    this.#mappings = new CpuMappings(machine, `zblock ${name}`);
    this.#lists = new BlockLists(table.typeCount);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (!(bytes > 0) || (gfp & __GFP_HIGHMEM) !== 0) return this.#refuse(EINVAL);
    if (bytes > this.#table.maxBytes) return this.#refuse(ENOSPC);
    const type = this.#table.typeFor(bytes);
    let block = this.#lists.first(this.#lists.active(type));
    if (block === NO_BLOCK) block = this.#newBlock(type, gfp);
    if (block === NO_BLOCK) return this.#refuse(ENOMEM);
    const slot = this.#blocks.takeLowestSlot(block);
    if (this.#blocks.freeSlotsOf(block) === 0) {
      this.#lists.remove(block);
      this.#lists.insertAtHead(this.#lists.full(type), block);
    }
    this.#mallocs++;
    this.#slotBytes += this.#table.slotBytesOf(type);
    return (this.#blocks.pfnOf(block) * this.#pageBytes + this.#lowBitsOf(type, slot)) as Handle;
  }

  free(handle: Handle): void {
    const block = this.#locate(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
    const type = this.#blocks.typeOf(block);
    const freeSlots = this.#blocks.releaseSlot(block, this.#slotOf(handle));
    this.#frees++;
    this.#slotBytes -= this.#table.slotBytesOf(type);
    if (freeSlots === this.#table.slotsOf(type)) {
      this.#releaseBlock(block);
    } else if (freeSlots === 1) {
      this.#lists.remove(block);
      this.#lists.insertAtTail(this.#lists.active(type), block);
    }
  }

  /** The mapping is the slot itself, whatever the mode. */
  map(handle: Handle, mode: MapMode): Mapping {
    const block = this.#locate(handle, "map");
    const mapping = this.#mappings.available();
    const pfn = this.#blocks.pfnOf(block);
    mapping.bytes = this.#machine.memory.chunkOf(pfn);
    mapping.offset = this.#machine.memory.offsetOf(pfn) + this.#offsetOf(block, this.#slotOf(handle));
    mapping.length = this.#table.slotBytesOf(this.#blocks.typeOf(block));
    this.#mappings.begin(mapping, handle, mode);
    return mapping;
  }

  unmap(handle: Handle): void {
    this.#mappings.end(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const block = this.#locate(handle, "read");
    const slotBytes = this.#table.slotBytesOf(this.#blocks.typeOf(block));
    assertCopyRange(this.name, slotBytes, target, targetOffset, length);
    const offset = this.#offsetOf(block, this.#slotOf(handle));
    this.#machine.memory.copyOut(this.#blocks.pfnOf(block), offset, target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const block = this.#locate(handle, "write");
    const slotBytes = this.#table.slotBytesOf(this.#blocks.typeOf(block));
    assertCopyRange(this.name, slotBytes, source, sourceOffset, length);
    const offset = this.#offsetOf(block, this.#slotOf(handle));
    this.#machine.memory.copyIn(this.#blocks.pfnOf(block), offset, source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  totalPages(): number {
    return this.#pages;
  }

  stats(): PoolStats {
    return {
      totalPages: this.#pages,
      objects: this.#mallocs - this.#frees,
      slotBytes: this.#slotBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: 0,
      objectsMoved: 0,
    };
  }

  check(level: CheckLevel): void {
    const { name } = this;
    const parts = { table: this.#table, blocks: this.#blocks, lists: this.#lists };
    checkZblockPool({ name, machine: this.#machine, owner: this.#owner, ...parts }, this.stats(), level);
  }

  /** Gives all pages back. A second call, and malloc after it, throw ZLAB_DESTROYED. */
  destroy(): number {
    this.#assertNotDestroyed("destroy");
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#mallocs - this.#frees;
    for (let block = 0; block < this.#blocks.endBlock; block++) {
      if (this.#blocks.isLive(block)) this.#releaseBlock(block);
    }
    this.#frees += leftovers;
    this.#slotBytes = 0;
    this.#destroyed = true;
    return leftovers;
  }

  /** Where an object lies. Throws ZLAB_BAD_HANDLE. */
  placementOf(handle: Handle): ZblockPlacement {
    const block = this.#locate(handle, "placementOf");
    const slot = this.#slotOf(handle);
    const byteOffset = this.#offsetOf(block, slot);
    return { type: this.#blocks.typeOf(block), blockSeq: this.#blocks.seqOf(block), slot, byteOffset };
  }

  /** Every block type, with its blocks in the order of its lists. */
  types(): ZblockTypeTotals[] {
    return Array.from({ length: this.#table.typeCount }, (_, type) => {
      const active = this.#lists.blocksOf(this.#lists.active(type));
      const full = this.#lists.blocksOf(this.#lists.full(type));
      const slotsPerBlock = this.#table.slotsOf(type);
      const freeSlots = active.reduce((sum, block) => sum + this.#blocks.freeSlotsOf(block), 0);
      return {
        type,
        slotBytes: this.#table.slotBytesOf(type),
        slotsPerBlock,
        pagesPerBlock: 1 << this.#table.orderOf(type),
        objects: (active.length + full.length) * slotsPerBlock - freeSlots,
        activeBlockSeqs: active.map((block) => this.#blocks.seqOf(block)),
        fullBlockSeqs: full.map((block) => this.#blocks.seqOf(block)),
      };
    });
  }

  /** A block of free slots at the head of the active list. There is no second try with fewer pages. The kernel takes the
   * movable flag away, as the blocks can't be moved. */
  #newBlock(type: number, gfp: number): number {
    this.#assertNotDestroyed("malloc");
    const order = this.#table.orderOf(type);
    const pfn = this.#machine.allocPages(order, gfp & ~__GFP_MOVABLE, this.#owner);
    if (isErrno(pfn)) return NO_BLOCK;
    const block = this.#blocks.add(pfn, type, this.#table.slotsOf(type));
    this.#machine.pages.setPrivate(pfn, block);
    this.#lists.admit(block);
    this.#lists.insertAtHead(this.#lists.active(type), block);
    this.#pages += 1 << order;
    return block;
  }

  #releaseBlock(block: number): void {
    const order = this.#table.orderOf(this.#blocks.typeOf(block));
    this.#lists.remove(block);
    this.#machine.freePages(this.#blocks.pfnOf(block), order);
    this.#blocks.remove(block);
    this.#pages -= 1 << order;
  }

  /** Offset of a slot in its block, in bytes. */
  #offsetOf(block: number, slot: number): number {
    return this.#table.headerBytes + slot * this.#table.slotBytesOf(this.#blocks.typeOf(block));
  }

  /** The part of a handle below the block's address, which is a multiple of the page size. */
  #lowBitsOf(type: number, slot: number): number {
    return (type << this.#table.slotBits) | slot;
  }

  /** The slot of a handle that is known to be good. The remainder loses no bits where addresses outgrow 32 of them. */
  #slotOf(handle: Handle): number {
    return (handle % this.#pageBytes) & this.#slotMask;
  }

  /** The block behind a handle. Throws ZLAB_BAD_HANDLE unless a block of ours of this type begins at the address, and the slot
   * is used. */
  #locate(handle: Handle, operation: string): number {
    const pfn = Math.floor(handle / this.#pageBytes);
    if (pfn > 0 && pfn < this.#machine.endPfn && this.#machine.pages.ownerOf(pfn) === this.#owner) {
      const block = this.#machine.pages.privateOf(pfn as Pfn);
      const slot = this.#slotOf(handle);
      const expected = pfn * this.#pageBytes + this.#lowBitsOf(this.#blocks.typeOf(block), slot);
      if (
        handle === expected &&
        slot < this.#table.slotsOf(this.#blocks.typeOf(block)) &&
        this.#blocks.isUsed(block, slot)
      )
        return block;
    }
    throw badHandle(this.name, operation, handle);
  }

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  #assertNotDestroyed(operation: string): void {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: ${operation} of a destroyed pool`);
  }
}
