// All slabs of a pool as one table: an array per field, indexed by slab number, and one more array with a cell for each
// object. A slab number belongs to one cache for ever, and so does its range of cells; a slab that was given back leaves
// both to the next slab of the cache.
//
// The cell of an object holds, in 16 bits:
//   0 … 0xfffc   the object is free; number of the next free object of its slab
//   0xfffd       the object is the descriptor of another slab (SLAB only): allocated, but not to a user
//   0xfffe       the object is allocated
//   0xffff       the object is free and the last of its list
// The kernel keeps the link inside the free object; beside it, as here, it also exists on a machine without bytes, and
// a stale handle is found by one look.

/** In the place of a slab number: no slab. */
export const NO_SLAB = -1;
/** In the place of an object number: the end of a free list. */
export const END_OF_FREELIST = 0xffff;

const ALLOCATED = 0xfffe;
const DESCRIPTOR = 0xfffd;

/** Where a slab is. SLUB and SLAB use different ones of these. */
export const SlabState = {
  /** Given back: the slab number waits to be used again. */
  retired: 0,
  /** The slab that a CPU allocates from (SLUB). */
  cpuCurrent: 1,
  /** On the list of partial slabs of a CPU (SLUB). */
  cpuPartial: 2,
  /** On the list of partial slabs of the node. */
  partial: 3,
  /** Without a free object. SLUB has no list of these. */
  full: 4,
  /** Without an allocated object, on the list of free slabs (SLAB). */
  free: 5,
  /** Not a slab: a block of pages for one large object (SLUB). */
  large: 6,
} as const;

/** Size and shape of a slab, as `SlabTable.acquire` enters it. */
export interface SlabShape {
  readonly slotBytes: number;
  readonly firstObjectOffset: number;
}

function enlarged<T extends Int32Array | Uint16Array | Uint8Array | Float64Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}

const FREELIST_SHIFT = 16;
const INUSE_MASK = 0xffff;

export class SlabTable {
  readonly #retired: Int32Array; // per cache: first slab number to be used again
  readonly #firstObjectOffset: Int32Array; // per cache
  readonly #slotsPerByte: Float64Array; // per cache: 1 / slot bytes, to find an object without a division
  #count = 0;
  #cellCount = 0;
  #cache: Uint8Array = new Uint8Array(64);
  #state: Uint8Array = new Uint8Array(64);
  #order: Uint8Array = new Uint8Array(64);
  #objects: Uint16Array = new Uint16Array(64); // objects that the slab holds
  #counters: Int32Array = new Int32Array(64); // first free object << 16 | allocated objects
  #pfn: Int32Array = new Int32Array(64);
  #slotBytes: Int32Array = new Int32Array(64);
  #firstCell: Int32Array = new Int32Array(64);
  #links: Int32Array = new Int32Array(2 * 64); // [slab * 2] next slab of its list, [slab * 2 + 1] previous one
  #descriptor: Float64Array = new Float64Array(64); // address of an off-slab descriptor, 0: none
  #cells: Uint16Array = new Uint16Array(1024);

  constructor(cacheCount: number) {
    this.#retired = new Int32Array(cacheCount).fill(NO_SLAB);
    this.#firstObjectOffset = new Int32Array(cacheCount);
    this.#slotsPerByte = new Float64Array(cacheCount);
  }

  /** Slab numbers that exist, retired ones included. */
  get count(): number {
    return this.#count;
  }

  /** Enters a slab of `objects` free objects in ascending order. The slabs of a cache hold at most `mostObjects`. */
  acquire(cache: number, pfn: number, order: number, objects: number, mostObjects: number, shape: SlabShape): number {
    const slab = this.#reuse(cache) ?? this.#append(cache, mostObjects);
    this.#pfn[slab] = pfn;
    this.#order[slab] = order;
    this.#objects[slab] = objects;
    this.#slotBytes[slab] = shape.slotBytes;
    this.#firstObjectOffset[cache] = shape.firstObjectOffset;
    this.#slotsPerByte[cache] = 1 / shape.slotBytes;
    this.#counters[slab] = 0;
    this.#descriptor[slab] = 0;
    const first = this.#firstCell[slab]!;
    for (let i = 0; i < objects - 1; i++) this.#cells[first + i] = i + 1;
    this.#cells[first + objects - 1] = END_OF_FREELIST;
    return slab;
  }

  /** Links the free objects of a fresh slab in the order of `sequence`, read from `start` and around; numbers that the slab
   * does not have are left out. */
  reorderFreelist(slab: number, sequence: Uint16Array, start: number): void {
    const objects = this.#objects[slab]!;
    const first = this.#firstCell[slab]!;
    let head = END_OF_FREELIST;
    for (let i = sequence.length - 1; i >= 0; i--) {
      const object = sequence[(start + i) % sequence.length]!;
      if (object >= objects) continue;
      this.#cells[first + object] = head;
      head = object;
    }
    this.setFreelist(slab, head);
  }

  /** Strikes a slab out; its number waits for the next slab of its cache. */
  retire(slab: number): void {
    const cache = this.#cache[slab]!;
    this.#state[slab] = SlabState.retired;
    this.#links[slab * 2] = this.#retired[cache]!;
    this.#retired[cache] = slab;
  }

  cacheOf(slab: number): number {
    return this.#cache[slab]!;
  }

  stateOf(slab: number): number {
    return this.#state[slab]!;
  }

  setState(slab: number, state: number): void {
    this.#state[slab] = state;
  }

  orderOf(slab: number): number {
    return this.#order[slab]!;
  }

  pfnOf(slab: number): number {
    return this.#pfn[slab]!;
  }

  /** Objects that the slab holds, free or not. */
  objectsOf(slab: number): number {
    return this.#objects[slab]!;
  }

  /** Allocated objects of the slab. */
  inuseOf(slab: number): number {
    return this.#counters[slab]! & INUSE_MASK;
  }

  slotBytesOf(slab: number): number {
    return this.#slotBytes[slab]!;
  }

  firstObjectOffsetOf(slab: number): number {
    return this.#firstObjectOffset[this.#cache[slab]!]!;
  }

  /** First object of the slab's free list, or END_OF_FREELIST. */
  freelistOf(slab: number): number {
    return this.#counters[slab]! >>> FREELIST_SHIFT;
  }

  setFreelist(slab: number, object: number): void {
    this.#counters[slab] = (object << FREELIST_SHIFT) | (this.#counters[slab]! & INUSE_MASK);
  }

  /** The free object after this one, or END_OF_FREELIST. */
  nextFreeOf(slab: number, object: number): number {
    return this.#cells[this.#firstCell[slab]! + object]!;
  }

  nextOf(slab: number): number {
    return this.#links[slab * 2]!;
  }

  setNext(slab: number, next: number): void {
    this.#links[slab * 2] = next;
  }

  previousOf(slab: number): number {
    return this.#links[slab * 2 + 1]!;
  }

  setPrevious(slab: number, previous: number): void {
    this.#links[slab * 2 + 1] = previous;
  }

  /** Address of the slab's descriptor, 0 if it is inside the slab. */
  descriptorOf(slab: number): number {
    return this.#descriptor[slab]!;
  }

  setDescriptor(slab: number, address: number): void {
    this.#descriptor[slab] = address;
  }

  /** The object, allocated or not, that begins so many bytes from the start of the slab; -1 if there is none. */
  objectFrom(slab: number, offset: number): number {
    const cache = this.#cache[slab]!;
    const inside = offset - this.#firstObjectOffset[cache]!;
    const object = (inside * this.#slotsPerByte[cache]! + 0.5) | 0; // the nearest
    const isThere = object >= 0 && object < this.#objects[slab]! && inside === object * this.#slotBytes[slab]!;
    return isThere ? object : -1;
  }

  /** Whether the object is allocated to a user. */
  isAllocated(slab: number, object: number): boolean {
    return this.#cells[this.#firstCell[slab]! + object] === ALLOCATED;
  }

  /** Whether the object is allocated, to a user or as a descriptor. */
  isTaken(slab: number, object: number): boolean {
    const cell = this.#cells[this.#firstCell[slab]! + object]!;
    return cell === ALLOCATED || cell === DESCRIPTOR;
  }

  /** Marks a free object that is not on the slab's own list as allocated. Returns the free one after it. */
  take(slab: number, object: number): number {
    const cells = this.#cells;
    const cell = this.#firstCell[slab]! + object;
    const next = cells[cell]!;
    cells[cell] = ALLOCATED;
    this.#counters[slab]!++;
    return next;
  }

  /** Takes the first object off the slab's own list, which has one. */
  takeFirst(slab: number): number {
    const cells = this.#cells;
    const counters = this.#counters[slab]!;
    const object = counters >>> FREELIST_SHIFT;
    const cell = this.#firstCell[slab]! + object;
    this.#counters[slab] = (cells[cell]! << FREELIST_SHIFT) | ((counters & INUSE_MASK) + 1);
    cells[cell] = ALLOCATED;
    return object;
  }

  /** Marks an allocated object as the descriptor of another slab. */
  takeForDescriptor(slab: number, object: number): void {
    this.#cells[this.#firstCell[slab]! + object] = DESCRIPTOR;
  }

  /** Marks an object as free, with `next` as the free one after it; it is not put on the slab's own list. */
  putBack(slab: number, object: number, next: number): void {
    this.#cells[this.#firstCell[slab]! + object] = next;
    this.#counters[slab]!--;
  }

  /** Puts an object at the head of the slab's own list. Returns the objects that are still allocated. */
  putFirst(slab: number, object: number): number {
    const counters = this.#counters[slab]!;
    const inuse = (counters & INUSE_MASK) - 1;
    this.#cells[this.#firstCell[slab]! + object] = counters >>> FREELIST_SHIFT;
    this.#counters[slab] = (object << FREELIST_SHIFT) | inuse;
    return inuse;
  }

  #reuse(cache: number): number | undefined {
    const slab = this.#retired[cache]!;
    if (slab === NO_SLAB) return undefined;
    this.#retired[cache] = this.#links[slab * 2]!;
    return slab;
  }

  #append(cache: number, mostObjects: number): number {
    const slab = this.#count++;
    if (slab === this.#pfn.length) this.#growSlabs(2 * slab);
    const cellCount = this.#cellCount + mostObjects;
    if (cellCount > this.#cells.length) this.#cells = enlarged(this.#cells, 2 * cellCount);
    this.#cache[slab] = cache;
    this.#firstCell[slab] = this.#cellCount;
    this.#cellCount = cellCount;
    return slab;
  }

  #growSlabs(length: number): void {
    this.#cache = enlarged(this.#cache, length);
    this.#state = enlarged(this.#state, length);
    this.#order = enlarged(this.#order, length);
    this.#objects = enlarged(this.#objects, length);
    this.#counters = enlarged(this.#counters, length);
    this.#pfn = enlarged(this.#pfn, length);
    this.#slotBytes = enlarged(this.#slotBytes, length);
    this.#firstCell = enlarged(this.#firstCell, length);
    this.#links = enlarged(this.#links, 2 * length);
    this.#descriptor = enlarged(this.#descriptor, length);
  }
}
