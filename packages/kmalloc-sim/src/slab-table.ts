// All slabs of a pool as one table: a record of 48 bytes for each slab, so that a slab costs a cache line or two and not one
// per field, indexed by slab number, and an array with a cell for each object. A slab number belongs to one cache for ever,
// and so does its range of cells; a slab that was given back leaves both to the next slab of the cache.
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

function enlarged<T extends Int32Array | Uint16Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array);
  return larger;
}

// A record, as 6 doubles, 12 words, 24 halves or 48 bytes:
const DOUBLES = 6; // the first: address of an off-slab descriptor, 0: none
const WORDS = 12;
const PFN = 2;
const SLOT_BYTES = 3;
const FIRST_OBJECT_OFFSET = 4;
const FIRST_CELL = 5;
const NEXT = 6; // list links
const PREVIOUS = 7;
const HALVES = 24;
const OBJECTS = 16; // objects that the slab holds
const INUSE = 17; // allocated ones
const FREELIST = 18; // first free object
const BYTES = 48;
const CACHE = 38;
const STATE = 39;
const ORDER = 40;

export class SlabTable {
  readonly #retired: Int32Array; // per cache: first slab number to be used again
  #count = 0;
  #cellCount = 0;
  #words: Int32Array = new Int32Array(64 * WORDS); // one record per slab, and the same bytes in other units:
  #halves: Uint16Array = new Uint16Array(this.#words.buffer);
  #bytes: Uint8Array = new Uint8Array(this.#words.buffer);
  #doubles: Float64Array = new Float64Array(this.#words.buffer);
  #cells: Uint16Array = new Uint16Array(1024);

  constructor(cacheCount: number) {
    this.#retired = new Int32Array(cacheCount).fill(NO_SLAB);
  }

  /** Slab numbers that exist, retired ones included. */
  get count(): number {
    return this.#count;
  }

  /** Enters a slab of `objects` free objects in ascending order. The slabs of a cache hold at most `mostObjects`. */
  acquire(cache: number, pfn: number, order: number, objects: number, mostObjects: number, shape: SlabShape): number {
    const slab = this.#reuse(cache) ?? this.#append(cache, mostObjects);
    this.#words[slab * WORDS + PFN] = pfn;
    this.#bytes[slab * BYTES + ORDER] = order;
    this.#halves[slab * HALVES + OBJECTS] = objects;
    this.#words[slab * WORDS + SLOT_BYTES] = shape.slotBytes;
    this.#words[slab * WORDS + FIRST_OBJECT_OFFSET] = shape.firstObjectOffset;
    this.#halves[slab * HALVES + INUSE] = 0;
    this.#doubles[slab * DOUBLES] = 0;
    this.#halves[slab * HALVES + FREELIST] = 0;
    const first = this.#words[slab * WORDS + FIRST_CELL]!;
    for (let i = 0; i < objects - 1; i++) this.#cells[first + i] = i + 1;
    this.#cells[first + objects - 1] = END_OF_FREELIST;
    return slab;
  }

  /** Links the free objects of a fresh slab in the order of `sequence`, read from `start` and around; numbers that the slab
   * does not have are left out. */
  reorderFreelist(slab: number, sequence: Uint16Array, start: number): void {
    const objects = this.#halves[slab * HALVES + OBJECTS]!;
    const first = this.#words[slab * WORDS + FIRST_CELL]!;
    let head = END_OF_FREELIST;
    for (let i = sequence.length - 1; i >= 0; i--) {
      const object = sequence[(start + i) % sequence.length]!;
      if (object >= objects) continue;
      this.#cells[first + object] = head;
      head = object;
    }
    this.#halves[slab * HALVES + FREELIST] = head;
  }

  /** Strikes a slab out; its number waits for the next slab of its cache. */
  retire(slab: number): void {
    const cache = this.#bytes[slab * BYTES + CACHE]!;
    this.#bytes[slab * BYTES + STATE] = SlabState.retired;
    this.#words[slab * WORDS + NEXT] = this.#retired[cache]!;
    this.#retired[cache] = slab;
  }

  cacheOf(slab: number): number {
    return this.#bytes[slab * BYTES + CACHE]!;
  }

  stateOf(slab: number): number {
    return this.#bytes[slab * BYTES + STATE]!;
  }

  setState(slab: number, state: number): void {
    this.#bytes[slab * BYTES + STATE] = state;
  }

  orderOf(slab: number): number {
    return this.#bytes[slab * BYTES + ORDER]!;
  }

  pfnOf(slab: number): number {
    return this.#words[slab * WORDS + PFN]!;
  }

  /** Objects that the slab holds, free or not. */
  objectsOf(slab: number): number {
    return this.#halves[slab * HALVES + OBJECTS]!;
  }

  /** Allocated objects of the slab. */
  inuseOf(slab: number): number {
    return this.#halves[slab * HALVES + INUSE]!;
  }

  slotBytesOf(slab: number): number {
    return this.#words[slab * WORDS + SLOT_BYTES]!;
  }

  firstObjectOffsetOf(slab: number): number {
    return this.#words[slab * WORDS + FIRST_OBJECT_OFFSET]!;
  }

  /** First object of the slab's free list, or END_OF_FREELIST. */
  freelistOf(slab: number): number {
    return this.#halves[slab * HALVES + FREELIST]!;
  }

  setFreelist(slab: number, object: number): void {
    this.#halves[slab * HALVES + FREELIST] = object;
  }

  /** The free object after this one, or END_OF_FREELIST. */
  nextFreeOf(slab: number, object: number): number {
    return this.#cells[this.#words[slab * WORDS + FIRST_CELL]! + object]!;
  }

  nextOf(slab: number): number {
    return this.#words[slab * WORDS + NEXT]!;
  }

  setNext(slab: number, next: number): void {
    this.#words[slab * WORDS + NEXT] = next;
  }

  previousOf(slab: number): number {
    return this.#words[slab * WORDS + PREVIOUS]!;
  }

  setPrevious(slab: number, previous: number): void {
    this.#words[slab * WORDS + PREVIOUS] = previous;
  }

  /** Address of the slab's descriptor, 0 if it is inside the slab. */
  descriptorOf(slab: number): number {
    return this.#doubles[slab * DOUBLES]!;
  }

  setDescriptor(slab: number, address: number): void {
    this.#doubles[slab * DOUBLES] = address;
  }

  /** Whether the object is allocated to a user. */
  isAllocated(slab: number, object: number): boolean {
    return this.#cells[this.#words[slab * WORDS + FIRST_CELL]! + object] === ALLOCATED;
  }

  /** Whether the object is allocated, to a user or as a descriptor. */
  isTaken(slab: number, object: number): boolean {
    const cell = this.#cells[this.#words[slab * WORDS + FIRST_CELL]! + object]!;
    return cell === ALLOCATED || cell === DESCRIPTOR;
  }

  /** Marks an object as allocated and returns the free one after it. */
  take(slab: number, object: number): number {
    const cell = this.#words[slab * WORDS + FIRST_CELL]! + object;
    const next = this.#cells[cell]!;
    this.#cells[cell] = ALLOCATED;
    this.#halves[slab * HALVES + INUSE]!++;
    return next;
  }

  /** Marks an allocated object as the descriptor of another slab. */
  takeForDescriptor(slab: number, object: number): void {
    this.#cells[this.#words[slab * WORDS + FIRST_CELL]! + object] = DESCRIPTOR;
  }

  /** Marks an object as free, with `next` as the free one after it. */
  putBack(slab: number, object: number, next: number): void {
    this.#cells[this.#words[slab * WORDS + FIRST_CELL]! + object] = next;
    this.#halves[slab * HALVES + INUSE]!--;
  }

  #reuse(cache: number): number | undefined {
    const slab = this.#retired[cache]!;
    if (slab === NO_SLAB) return undefined;
    this.#retired[cache] = this.#words[slab * WORDS + NEXT]!;
    return slab;
  }

  #append(cache: number, mostObjects: number): number {
    const slab = this.#count++;
    if (slab * WORDS === this.#words.length) this.#growSlabs(2 * slab);
    const cellCount = this.#cellCount + mostObjects;
    if (cellCount > this.#cells.length) this.#cells = enlarged(this.#cells, 2 * cellCount);
    this.#bytes[slab * BYTES + CACHE] = cache;
    this.#words[slab * WORDS + FIRST_CELL] = this.#cellCount;
    this.#cellCount = cellCount;
    return slab;
  }

  #growSlabs(length: number): void {
    this.#words = enlarged(this.#words, length * WORDS);
    this.#halves = new Uint16Array(this.#words.buffer);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#doubles = new Float64Array(this.#words.buffer);
  }
}
