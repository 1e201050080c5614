// The slots of a device, one per page of the virtual disk. 2^28 of them (1 TiB in pages of 4 KiB) must fit into memory, so a slot is
// 12 bytes in two arrays, and 8 more if access times are kept. Arrays of zeros cost the host nothing until they are touched.
//
//   handle   the pool's handle; or the block on the backing device; or the fill word, both halves, as raw bits
//   state    | 31 .. 25 | 24 23    | 22 .. 17 | 16 .. 0                                        |
//            | 0        | priority | flags    | stored bytes; 0 for same-filled, written back  |
//
// State 0 is an empty slot. A same-filled slot whose word is 0 has handle 0 and is not empty: its flag says so.

const LENGTH_MASK = 0x1_ffff; // up to a page of 64 KiB, itself included
const PRIORITY_SHIFT = 23;
const PRIORITY_MASK = 3 << PRIORITY_SHIFT;

/** Flags of a slot, as bits of its state. */
export const SlotFlag = {
  /** One word over and over; the handle is that word. */
  same: 0x2_0000,
  /** The content is on the backing device; the handle is the block. */
  writtenBack: 0x4_0000,
  /** Stored uncompressed. */
  huge: 0x8_0000,
  /** Marked by the attribute `idle` and not accessed since. */
  idle: 0x10_0000,
  /** No secondary algorithm made it smaller. */
  incompressible: 0x20_0000,
  /** Chosen by the recompression or writeback that is running, and not accessed since. */
  selected: 0x40_0000,
} as const;

const ALLOCATED_MASK = LENGTH_MASK | SlotFlag.same | SlotFlag.writtenBack;

export class SlotTable {
  readonly count: number;
  readonly #handles: Float64Array;
  readonly #words: Uint32Array; // the same memory
  readonly #states: Uint32Array;
  readonly #accessTimes: Float64Array | undefined; // microseconds

  /** Throws a RangeError if the host has no memory for so many. */
  constructor(count: number, tracksAccessTime: boolean) {
    this.count = count;
    this.#handles = new Float64Array(count);
    this.#words = new Uint32Array(this.#handles.buffer);
    this.#states = new Uint32Array(count);
    this.#accessTimes = tracksAccessTime ? new Float64Array(count) : undefined;
  }

  /** Handle of an object, or block on the backing device. */
  handleOf(index: number): number {
    return this.#handles[index]!;
  }

  /** Lower half of a same-filled slot's word. */
  lowWordOf(index: number): number {
    return this.#words[2 * index]!;
  }

  /** Upper half of a same-filled slot's word. */
  highWordOf(index: number): number {
    return this.#words[2 * index + 1]!;
  }

  /** Stored bytes: the compressed length, a page if huge, 0 if nothing is in the pool. */
  lengthOf(index: number): number {
    return this.#states[index]! & LENGTH_MASK;
  }

  /** Index of the algorithm that the object is compressed with. */
  priorityOf(index: number): number {
    return (this.#states[index]! & PRIORITY_MASK) >>> PRIORITY_SHIFT;
  }

  /** Whether any of the flags is set. */
  has(index: number, flags: number): boolean {
    return (this.#states[index]! & flags) !== 0;
  }

  isAllocated(index: number): boolean {
    return (this.#states[index]! & ALLOCATED_MASK) !== 0;
  }

  set(index: number, flags: number): void {
    this.#states[index]! |= flags;
  }

  unset(index: number, flags: number): void {
    this.#states[index]! &= ~flags;
  }

  /** Fills an empty slot. */
  install(index: number, handle: number, length: number, flags: number, priority: number): void {
    this.#handles[index] = handle;
    this.#states[index] = length | flags | (priority << PRIORITY_SHIFT);
  }

  /** Makes an empty slot a same-filled one. */
  installWord(index: number, low: number, high: number): void {
    this.#words[2 * index] = low;
    this.#words[2 * index + 1] = high;
    this.#states[index] = SlotFlag.same;
  }

  /** Empties a slot; its access time stays. */
  clear(index: number): void {
    this.#handles[index] = 0;
    this.#states[index] = 0;
  }

  /** Microseconds at which the slot was last accessed; 0 if not since its content was replaced, or if times are not kept. */
  accessTimeOf(index: number): number {
    return this.#accessTimes === undefined ? 0 : this.#accessTimes[index]!;
  }

  setAccessTime(index: number, microseconds: number): void {
    if (this.#accessTimes !== undefined) this.#accessTimes[index] = microseconds;
  }
}
