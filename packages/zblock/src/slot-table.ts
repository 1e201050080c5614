// The slot table: which block types there are, and which one an object goes to. A type is a row of two numbers, slots and
// pages of a block; the size of a slot follows from the page size and the block's header:
//
//   slot bytes = (page bytes * pages - header bytes) / slots, rounded down to 8
//
// The rows are in strictly ascending order of slot size, for every page size. Two tables were published; the later one is
// the one of version 4 of the patch, of April 2025.

import { EINVAL, ENOSPC } from "@zlab/hw-sim";

/** The published tables: version 4 of the patch, and an earlier one of the same spring. */
export const ZBLOCK_TABLES = ["v4", "early"] as const;

export type ZblockTableName = (typeof ZBLOCK_TABLES)[number];

/** Rows as slots/pages, with what else differs between the tables. */
interface TableSource {
  readonly rows: string;
  readonly headerBytes: number; // list link 16, slot bitmap 16 or 8, free count 4, rounded up to 8
  readonly slotBits: number; // of a handle
}

const SOURCES: Readonly<Record<ZblockTableName, TableSource>> = {
  v4: {
    rows:
      "63/1 32/1 21/1 15/1 12/1 10/1 9/1 8/1 29/4 13/2 6/1 11/2 5/1 9/2 8/2 29/8 " +
      "13/4 12/4 11/4 10/4 9/4 17/8 8/4 15/8 14/8 13/8 6/4 11/8 10/8 9/8 4/4",
    headerBytes: 40,
    slotBits: 7,
  },
  early: {
    rows:
      "32/1 22/1 17/1 13/1 11/1 9/1 8/1 14/2 12/2 11/2 10/2 9/2 8/2 15/4 14/4 " +
      "13/4 12/4 11/4 10/4 9/4 8/4 15/8 14/8 13/8 12/8 11/8 10/8 9/8 7/8",
    headerBytes: 32,
    slotBits: 5,
  },
};

const SLOT_ALIGN_SHIFT = 3;
const NO_INTERVAL = 0xff;

export class SlotTable {
  /** Block types. They are numbered from 0, by ascending slot size. */
  readonly typeCount: number;
  /** Bytes at the start of a block that hold no slots. */
  readonly headerBytes: number;
  /** Bits of a handle that number the slot; those of the type are above. */
  readonly slotBits: number;
  /** Largest object that can be stored, in bytes. */
  readonly maxBytes: number;
  /** Order of the largest blocks. */
  readonly maxOrder: number;
  readonly #pageBytes: number;
  readonly #slots: Uint8Array; // [type] slots in a block
  readonly #orders: Uint8Array; // [type] log2 of the block's pages
  readonly #slotBytes: Int32Array; // [type]
  readonly #typeAt: Uint8Array; // [bytes >> 3] type for objects of this size, typeCount beyond the table, or NO_INTERVAL

  constructor(name: ZblockTableName, pageBytes: number) {
    const { rows, headerBytes, slotBits } = SOURCES[name];
    const pairs = rows.split(" ").map((row) => row.split("/").map(Number) as [slots: number, pages: number]);
    const sizes = pairs.map(([slots, pages]) => alignDown((pageBytes * pages - headerBytes) / slots));
    this.typeCount = pairs.length;
    this.headerBytes = headerBytes;
    this.slotBits = slotBits;
    this.#pageBytes = pageBytes;
    this.#slots = Uint8Array.from(pairs, ([slots]) => slots);
    this.#orders = Uint8Array.from(pairs, ([, pages]) => Math.log2(pages));
    this.#slotBytes = Int32Array.from(sizes);
    this.#typeAt = typesBySize(sizes, pageBytes);
    this.maxBytes = Math.min(pageBytes, sizes.at(-1)! - 1);
    this.maxOrder = Math.max(...this.#orders);
  }

  /** The type for an object, by the search of the patch: the first whose slots are larger than the object. An object exactly as
   * large as a slot goes one type up. Returns EINVAL for a size of 0, ENOSPC above a page or if the search ends beyond the
   * table, and EINVAL for a whole page where the largest slot is smaller: no row's interval holds that size. */
  typeFor(bytes: number): number {
    if (!(bytes > 0)) return EINVAL;
    if (bytes > this.#pageBytes) return ENOSPC;
    const type = this.#typeAt[bytes >> SLOT_ALIGN_SHIFT]!;
    if (type < this.typeCount) return type;
    return type === NO_INTERVAL ? EINVAL : ENOSPC;
  }

  /** Slots in a block of the type: at most 63. */
  slotsOf(type: number): number {
    return this.#slots[type]!;
  }

  /** Order of a block of the type: 0 to 3. */
  orderOf(type: number): number {
    return this.#orders[type]!;
  }

  slotBytesOf(type: number): number {
    return this.#slotBytes[type]!;
  }
}

function alignDown(bytes: number): number {
  return Math.floor(bytes) & -(1 << SLOT_ALIGN_SHIFT);
}

/** The rows' intervals, from a slot size to the next, spread over all sizes. Slot sizes are multiples of 8, so an entry for 8
 * sizes is exact. */
function typesBySize(sizes: readonly number[], pageBytes: number): Uint8Array {
  const types = new Uint8Array((pageBytes >> SLOT_ALIGN_SHIFT) + 1);
  let type = 0;
  for (let index = 0; index < types.length; index++) {
    while (type < sizes.length && sizes[type]! <= index << SLOT_ALIGN_SHIFT) type++;
    types[index] = type;
  }
  if (sizes.at(-1)! <= pageBytes) types[types.length - 1] = NO_INTERVAL; // the last interval ends below a whole page
  return types;
}
