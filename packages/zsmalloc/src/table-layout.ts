// How a pool's state lies in its table, one array of 32-bit words. Everything is named by the position of its first word, and
// position 0 is nothing:
//
//   0   1                              segment 1       segment 2       segment 3
//  ┌───┬────────────────────────┬─────┬───────────────┬───────────────┬──────────────
//  │ – │ class records          │  –  │ z z z z z z – │ z z z z z z – │ z z …
//  └───┴────────────────────────┴─────┴───────────────┴───────────────┴──────────────
//
// A *zspage record* (z) holds what the kernel keeps in struct zspage, in its pages' descriptors and in its slots' headers, so
// that malloc and free touch one or two cache lines and no page. With n slots and p pages:
//
//   word  0          1       2           3           4 … 4+n-1               4+n … 4+n+p-1
//        ┌──────────┬───────┬───────────┬───────────┬───────────────────────┬────────────────────────┐
//        │ state    │ next  │ previous  │ sequence  │ a word for each slot  │ page frame numbers     │
//        └──────────┴───────┴───────────┴───────────┴───────────────────────┴────────────────────────┘
//
//   state     bits 31…16: index of the first free slot (all set: none)      bits 15…0: slots in use
//   slot      allocated: owner << 1 | 1, where the owner is the object's handle (0 where handles encode places)
//             free:      index of the next free slot << 1 (the last: all bits set << 1)
//
// A *segment* is as many words for every class, begins at a multiple of its length, and holds zspage records of one class. So
// the position of a slot tells all about it: the segment its class, the rest of a division by the record's length its place in
// the record, and that its zspage. A handle's cell can therefore be one word, the position of the object's slot.
//
// A *class record* holds what malloc and free need of a class, then a sentinel for the fullness list of each group. A list is
// circular; a sentinel looks like the first words of a zspage record, but its first word counts the zspages on the list.

import type { FullnessBands } from "./fullness.ts";
import type { SizeClassPlan } from "./size-classes.ts";

declare const classBrand: unique symbol;
declare const zspageBrand: unique symbol;
declare const slotBrand: unique symbol;

/** Position of a class record. */
export type ClassId = number & { readonly [classBrand]: true };
/** Position of a zspage record. */
export type ZspageId = number & { readonly [zspageBrand]: true };
/** Position of a slot's word in the record of its zspage. */
export type SlotId = number & { readonly [slotBrand]: true };

/** "No zspage". */
export const NO_ZSPAGE = 0 as ZspageId;
/** "No slot"; as a position its owner is 0, which no handle is. */
export const NO_SLOT = 0 as SlotId;

// ---- Zspage record
export const STATE = 0;
export const NEXT = 1; // towards the tail of the list; next unused record of the class
export const PREVIOUS = 2; // towards the head
export const SEQUENCE = 3; // number of the zspage in order of creation
export const HEADER_WORDS = 4;

/** Index that stands for "no free slot". */
export const END_OF_SLOTS = -1;
export const FREE_SHIFT = 16;
export const INUSE_MASK = 0xffff;

// ---- Class record
export const PARTIAL = 0; // bit per group, set while its list holds a zspage
export const USED = 1; // live objects
export const GROUP_BASE = 2; // where the groups of the class begin in the group table
export const RECORD_WORDS = 3; // length of its zspage records
export const SIZE_BYTES = 4; // of a slot
export const CAPACITY = 5; // slots of a zspage
export const DATA_OFFSET = 6; // where in a slot user data begin, bytes
export const PAGES = 7; // of a zspage
export const INDEX = 8; // class index
export const ZSPAGES = 9; // zspages, also while one is on no list
export const UNUSED = 10; // head of the unused zspage records, 0: none
export const FRESH = 11; // next record of the newest segment that was never used
export const FRESH_END = 12; // end of that segment
export const LISTS = 13; // sentinels, one for each group

/** A sentinel: the count of the zspages on the list in the place of the state, next, previous. */
export const SENTINEL_WORDS = 3;
/** Position of the sentinel of a group's list. */
function listOf(classPosition: number, group: number): number {
  return classPosition + LISTS + SENTINEL_WORDS * group;
}

/** Position of the first class record. */
export const FIRST_CLASS = 1;

/** Segments are at least so many words, and large enough for a few of the longest records. */
const SMALLEST_SEGMENT_SHIFT = 10;
const LONGEST_RECORDS_PER_SEGMENT = 4;

/** The numbers that follow from the size classes of a pool. */
export interface TableLayout {
  /** log2 of the words of a segment. */
  readonly segmentShift: number;
  /** Words of a class record. */
  readonly classWords: number;
  /** Words of the class records, rounded up to whole segments. */
  readonly firstSegment: number;
  readonly groupCount: number;
  /** Group by slots in use, for one class after the other. */
  readonly groups: Uint8Array;
}

export function layOutTable(plan: SizeClassPlan, bands: FullnessBands): TableLayout {
  const longest = Math.max(...plan.owners.map((owner) => recordWordsOf(plan, owner)));
  const segmentShift = Math.max(SMALLEST_SEGMENT_SHIFT, 32 - Math.clz32(LONGEST_RECORDS_PER_SEGMENT * longest - 1));
  const segmentWords = 1 << segmentShift;
  const classWords = LISTS + SENTINEL_WORDS * bands.groupCount;
  const classesEnd = FIRST_CLASS + plan.classCount * classWords;
  const firstSegment = Math.ceil(classesEnd / segmentWords) * segmentWords;
  return { segmentShift, classWords, firstSegment, groupCount: bands.groupCount, groups: groupTable(plan, bands) };
}

/** Words that the pool's table needs, whatever is stored on `pages` pages: each class can have begun a segment, and the pages can
 * all be those of the class with the most words for a page. */
export function wordsForPages(plan: SizeClassPlan, { segmentShift, firstSegment }: TableLayout, pages: number): number {
  const segmentWords = 1 << segmentShift;
  const segmentsPerPage = plan.owners.map((owner) => {
    const zspagesPerSegment = Math.floor(segmentWords / recordWordsOf(plan, owner));
    return 1 / (zspagesPerSegment * plan.pagesPerZspageOf(owner));
  });
  return firstSegment + (plan.classCount + Math.ceil(pages * Math.max(...segmentsPerPage))) * segmentWords;
}

/** Writes the class records, in ascending order of the classes, into a table of zeros. */
export function writeClassRecords(words: Int32Array, plan: SizeClassPlan, layout: TableLayout): void {
  let groupBase = 0;
  for (const [n, owner] of plan.owners.entries()) {
    const c = FIRST_CLASS + n * layout.classWords;
    words[c + GROUP_BASE] = groupBase;
    words[c + RECORD_WORDS] = recordWordsOf(plan, owner);
    words[c + SIZE_BYTES] = plan.sizeBytesOf(owner);
    words[c + CAPACITY] = plan.objectsPerZspageOf(owner);
    words[c + DATA_OFFSET] = plan.isHuge(owner) ? 0 : plan.options.headerBytes;
    words[c + PAGES] = plan.pagesPerZspageOf(owner);
    words[c + INDEX] = owner;
    for (let group = 0; group < layout.groupCount; group++) {
      const list = listOf(c, group);
      words[list + NEXT] = list;
      words[list + PREVIOUS] = list;
    }
    groupBase += plan.objectsPerZspageOf(owner) + 1;
  }
}

function recordWordsOf(plan: SizeClassPlan, classIndex: number): number {
  return HEADER_WORDS + plan.objectsPerZspageOf(classIndex) + plan.pagesPerZspageOf(classIndex);
}

function groupTable(plan: SizeClassPlan, bands: FullnessBands): Uint8Array {
  const groups: number[] = [];
  for (const owner of plan.owners) {
    const capacity = plan.objectsPerZspageOf(owner);
    for (let inuse = 0; inuse <= capacity; inuse++) groups.push(bands.groupOf(inuse, capacity));
  }
  return Uint8Array.from(groups);
}
