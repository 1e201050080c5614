// The pages of a pool's slabs, and the way between an address, its slab and its object. A page in which objects begin bears
// the pool's owner number and, as its private word, the slab's number; so an address leads to its slab in O(1), as in the
// kernel, and an address that was made up leads nowhere.

import { type Errno, type Machine, type PageTable, type Pfn, isErrno } from "@zlab/hw-sim";
import { NO_SLAB, type SlabShape, type SlabTable } from "./slab-table.ts";

export class SlabMemory {
  readonly machine: Machine;
  /** The number by which the machine knows the pool's pages. */
  readonly owner: number;
  readonly #table: SlabTable;
  readonly #pages: PageTable;
  readonly #pageBytes: number;
  readonly #pagesPerByte: number; // a power of two: a product with it is an exact quotient
  #totalPages = 0;

  constructor(machine: Machine, table: SlabTable, poolName: string) {
    this.machine = machine;
    this.owner = machine.registerOwner(poolName);
    this.#table = table;
    this.#pages = machine.pages;
    this.#pageBytes = machine.pageBytes;
    this.#pagesPerByte = 1 / machine.pageBytes;
  }

  /** Pages of all slabs. */
  get totalPages(): number {
    return this.#totalPages;
  }

  /** Makes a slab of 2^order pages with `objects` free objects; the arguments are those of `SlabTable.acquire`. Returns the
   * slab, or ENOMEM. */
  takeSlab(
    cache: number,
    order: number,
    gfp: number,
    objects: number,
    mostObjects: number,
    shape: SlabShape,
  ): number | Errno {
    const pfn = this.machine.allocPages(order, gfp, this.owner);
    if (isErrno(pfn)) return pfn;
    const slab = this.#table.acquire(cache, pfn, order, objects, mostObjects, shape);
    this.#totalPages += 2 ** order;
    const { pages } = this.machine;
    const endPfn = pfn + this.markedPagesOf(slab);
    for (let page = pfn as number; page < endPfn; page++) {
      pages.setOwner(page, this.owner);
      pages.setPrivate(page as Pfn, slab);
    }
    return slab;
  }

  /** Gives the slab's pages back and retires it. */
  giveSlab(slab: number): void {
    const pfn = this.#table.pfnOf(slab);
    const order = this.#table.orderOf(slab);
    const endPfn = pfn + this.markedPagesOf(slab);
    for (let page = pfn; page < endPfn; page++) this.machine.pages.setOwner(page, 0);
    this.machine.freePages(pfn as Pfn, order);
    this.#totalPages -= 2 ** order;
    this.#table.retire(slab);
  }

  /** Pages of the slab that bear its number: all, or, when one object fills the slab, the first. */
  markedPagesOf(slab: number): number {
    return this.#table.objectsOf(slab) === 1 ? 1 : 2 ** this.#table.orderOf(slab);
  }

  /** The slab that an address lies in; NO_SLAB if it lies in none of this pool. */
  slabAt(address: number): number {
    const pfn = (address * this.#pagesPerByte) | 0; // whatever the number is: `objectFrom` looks at it exactly
    if (this.#pages.ownerOf(pfn) !== this.owner) return NO_SLAB;
    return this.#pages.privateOf(pfn as Pfn);
  }

  /** The object that begins at an address in the slab and is allocated to a user; -1 if there is none. */
  objectAt(slab: number, address: number): number {
    const object = this.positionAt(slab, address);
    return object >= 0 && this.#table.isAllocated(slab, object) ? object : -1;
  }

  /** The object, allocated or not, that begins at an address in the slab; -1 if there is none. */
  positionAt(slab: number, address: number): number {
    return this.#table.objectFrom(slab, address - this.#table.pfnOf(slab) * this.#pageBytes);
  }

  /** Where the object begins: physical address in bytes. */
  addressOf(slab: number, object: number): number {
    const offset = this.#table.firstObjectOffsetOf(slab) + object * this.#table.slotBytesOf(slab);
    return this.#table.pfnOf(slab) * this.#pageBytes + offset;
  }

  /** Clears an object's bytes, for __GFP_ZERO. */
  clear(address: number, bytes: number): void {
    const pfn = Math.floor(address / this.#pageBytes);
    this.machine.memory.fill(pfn as Pfn, address - pfn * this.#pageBytes, bytes, 0);
  }
}
