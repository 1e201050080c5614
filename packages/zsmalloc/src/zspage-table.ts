// The zspages of a pool and the lists of them: accessors to the table that table-layout.ts draws. Nobody else indexes it.
//
// Which zspages are how full decides where the next object goes: there is one list per class and fullness group, a zspage always
// enters at the head, and changes its list only when its group changes. That order must be the kernel's. (Spec: zsmalloc
// 6.12, fullness groups.)

import type { Pfn } from "@zlab/hw-sim";
import type { PoolTables } from "./pool-tables.ts";
import type { FullnessBands } from "./fullness.ts";
import type { SizeClassPlan } from "./size-classes.ts";
import * as layout from "./table-layout.ts";
import type { ClassId, SlotId, ZspageId } from "./table-layout.ts";

// V8 folds a module's own constants into optimised code, but loads those of other modules at every use; hence these copies.
const { STATE, NEXT, PREVIOUS, SEQUENCE, HEADER_WORDS, FREE_SHIFT, INUSE_MASK } = layout;
const { PARTIAL, USED, GROUP_BASE, RECORD_WORDS, SIZE_BYTES, CAPACITY, DATA_OFFSET, PAGES, INDEX, ZSPAGES } = layout;
const { UNUSED, FRESH, FRESH_END, LISTS, SENTINEL_WORDS } = layout;
const { NO_ZSPAGE } = layout;
const COUNT = STATE; // of a sentinel

const INITIAL_SEGMENTS = 4;
/** The group of zspages without objects. They are on no list: malloc has made them just now, or free is about to release them. */
const EMPTY = 0;

export class ZspageTable {
  /** Distinct classes, ascending. */
  readonly classes: readonly ClassId[];
  readonly groupCount: number;
  readonly #tables: PoolTables;
  readonly #classByIndex: Int32Array;
  readonly #groups: Uint8Array;
  readonly #roomyGroups: number; // bit per group whose zspages have objects and room
  readonly #segmentShift: number;
  readonly #segmentMask: number;
  #words: Int32Array;
  #classOfSegment: Int32Array;
  #end: number; // first word that is part of no segment
  /** First word behind the class records; there the segments begin. */
  readonly firstSegment: number;

  constructor(plan: SizeClassPlan, bands: FullnessBands, tables: PoolTables) {
    const numbers = layout.layOutTable(plan, bands);
    this.groupCount = numbers.groupCount;
    this.#tables = tables;
    this.#groups = numbers.groups;
    this.#roomyGroups = (1 << (numbers.groupCount - 1)) - 1;
    this.#segmentShift = numbers.segmentShift;
    this.#segmentMask = (1 << numbers.segmentShift) - 1;
    this.firstSegment = numbers.firstSegment;
    this.#end = numbers.firstSegment;
    const initialWords = this.#end + (INITIAL_SEGMENTS << this.#segmentShift);
    this.#words = tables.words(initialWords, layout.wordsForPages(plan, numbers, tables.machinePages));
    this.#classOfSegment = tables.segments(this.#words.length >> this.#segmentShift);
    if (!tables.areOpened) layout.writeClassRecords(this.#words, plan, numbers);
    this.classes = plan.owners.map((_, n) => (layout.FIRST_CLASS + n * numbers.classWords) as ClassId);
    const numberOf = new Map(plan.owners.map((owner, n) => [owner, n]));
    this.#classByIndex = Int32Array.from(
      { length: plan.indexCount },
      (_, index) => this.classes[numberOf.get(plan.ownerOf(index))!]!,
    );
  }

  // ---- Classes ------------------------------------------------------------------------------------------------------------

  /** The class that serves a class index. */
  classAt(classIndex: number): ClassId {
    return this.#classByIndex[classIndex]! as ClassId;
  }

  indexOf(c: ClassId): number {
    return this.#words[c + INDEX]!;
  }

  sizeBytesOf(c: ClassId): number {
    return this.#words[c + SIZE_BYTES]!;
  }

  /** Slots of a zspage. */
  capacityOf(c: ClassId): number {
    return this.#words[c + CAPACITY]!;
  }

  /** Pages of a zspage. */
  pagesOf(c: ClassId): number {
    return this.#words[c + PAGES]!;
  }

  /** Byte of a slot at which user data begin. */
  dataOffsetOf(c: ClassId): number {
    return this.#words[c + DATA_OFFSET]!;
  }

  /** Live objects. */
  usedOf(c: ClassId): number {
    return this.#words[c + USED]!;
  }

  /** Zspages, also while one is on no list. */
  zspagesOf(c: ClassId): number {
    return this.#words[c + ZSPAGES]!;
  }

  /** The first record of a zspage that was released and is not in use again, NO_ZSPAGE if there is none: for checks. */
  firstUnused(c: ClassId): ZspageId {
    return this.#words[c + UNUSED]! as ZspageId;
  }

  /** The record after an unused one, NO_ZSPAGE after the last. */
  nextUnused(z: ZspageId): ZspageId {
    return this.#words[z + NEXT]! as ZspageId;
  }

  /** Whether a number is the position of a record that was handed out of a segment of the class: for checks. */
  isRecord(z: number, c: ClassId): boolean {
    const words = this.#words;
    const place = z & this.#segmentMask;
    const recordWords = words[c + RECORD_WORDS]!;
    if (z <= 0 || this.#classOfSegment[z >> this.#segmentShift] !== c || place % recordWords !== 0) return false;
    const isNewest = (z | this.#segmentMask) + 1 === words[c + FRESH_END];
    return isNewest ? z < words[c + FRESH]! : place + recordWords <= this.#segmentMask + 1;
  }

  /** Whether the records that were never used are the rest of the newest segment of the class: for checks. */
  isFreshRight(c: ClassId): boolean {
    const fresh = this.#words[c + FRESH]!;
    const freshEnd = this.#words[c + FRESH_END]!;
    const segment = this.#classOfSegment.lastIndexOf(c);
    if (segment < 0) return fresh === 0 && freshEnd === 0;
    const start = segment << this.#segmentShift;
    const isInSegment = fresh > start && fresh <= freshEnd && freshEnd === start + this.#segmentMask + 1;
    const recordWords = this.#words[c + RECORD_WORDS]!;
    return isInSegment && (fresh - start) % recordWords === 0;
  }

  /** Records handed out of the segments of the class so far: for checks. */
  recordsOf(c: ClassId): number {
    const recordWords = this.#words[c + RECORD_WORDS]!;
    const unusedWords = this.#words[c + FRESH_END]! - this.#words[c + FRESH]!;
    let segments = 0;
    for (let segment = this.#end >> this.#segmentShift; --segment >= 0;) {
      if (this.#classOfSegment[segment] === c) segments++;
    }
    return segments * Math.floor((this.#segmentMask + 1) / recordWords) - Math.floor(unusedWords / recordWords);
  }

  // ---- From a slot to its zspage and class --------------------------------------------------------------------------------

  /** Class of a zspage or slot. */
  classOf(position: ZspageId | SlotId): ClassId {
    return this.#classOfSegment[position >> this.#segmentShift]! as ClassId;
  }

  /** Zspage of a slot of the class. The division is an unsigned one, since a remainder is compiled with a test for powers of two,
   * which the processor mispredicts. */
  zspageOf(slot: SlotId, c: ClassId): ZspageId {
    const place = (slot & this.#segmentMask) >>> 0;
    const recordWords = this.#words[c + RECORD_WORDS]! >>> 0;
    return (slot - place + Math.imul((place / recordWords) >>> 0, recordWords)) as ZspageId;
  }

  /** Index of a slot in its zspage. */
  slotIndexOf(slot: SlotId, z: ZspageId): number {
    return slot - z - HEADER_WORDS;
  }

  slotAt(z: ZspageId, slotIndex: number): SlotId {
    return (z + HEADER_WORDS + slotIndex) as SlotId;
  }

  // ---- Zspages ------------------------------------------------------------------------------------------------------------

  /** Takes a record for a new zspage of the class, with all slots free in ascending order; it is on no list. NO_ZSPAGE when the
   * table can't grow any more. */
  create(c: ClassId, sequence: number): ZspageId {
    const z = this.#takeRecord(c);
    if (z === NO_ZSPAGE) return NO_ZSPAGE;
    const words = this.#words;
    words[z + STATE] = 0;
    words[z + SEQUENCE] = sequence;
    const slots = z + HEADER_WORDS;
    const last = words[c + CAPACITY]! - 1;
    for (let slotIndex = 0; slotIndex < last; slotIndex++) words[slots + slotIndex] = (slotIndex + 1) << 1;
    words[slots + last] = layout.END_OF_SLOTS << 1;
    words[c + ZSPAGES]!++;
    return z;
  }

  /** Gives the record of a zspage that is on no list back. */
  release(z: ZspageId, c: ClassId): void {
    const words = this.#words;
    words[c + ZSPAGES]!--;
    words[z + NEXT] = words[c + UNUSED]!;
    words[c + UNUSED] = z;
  }

  inuseOf(z: ZspageId): number {
    return this.#words[z + STATE]! & INUSE_MASK;
  }

  sequenceOf(z: ZspageId): number {
    return this.#words[z + SEQUENCE]! >>> 0;
  }

  pfnOf(z: ZspageId, c: ClassId, page: number): Pfn {
    return this.#words[z + HEADER_WORDS + this.#words[c + CAPACITY]! + page]! as Pfn;
  }

  setPfn(z: ZspageId, c: ClassId, page: number, pfn: Pfn): void {
    this.#words[z + HEADER_WORDS + this.#words[c + CAPACITY]! + page] = pfn;
  }

  // ---- Slots --------------------------------------------------------------------------------------------------------------

  /** Takes the first free slot of a zspage; there must be one. Its word is the caller's to set, and its list to correct. */
  takeSlot(z: ZspageId): SlotId {
    const words = this.#words;
    const state = words[z + STATE]!;
    const slot = z + HEADER_WORDS + (state >> FREE_SHIFT);
    const nextFree = words[slot]! >> 1;
    words[z + STATE] = (nextFree << FREE_SHIFT) | ((state & INUSE_MASK) + 1);
    return slot as SlotId;
  }

  /** Puts a slot at the head of the free list of its zspage. */
  putSlot(z: ZspageId, slot: SlotId): void {
    const words = this.#words;
    const state = words[z + STATE]!;
    words[slot] = (state >> FREE_SHIFT) << 1;
    words[z + STATE] = ((slot - z - HEADER_WORDS) << FREE_SHIFT) | ((state & INUSE_MASK) - 1);
  }

  /** Marks a taken slot as allocated to `owner`, 0 to 2^31 - 1. */
  setOwner(slot: SlotId, owner: number): void {
    this.#words[slot] = (owner << 1) | 1;
  }

  isAllocated(slot: SlotId): boolean {
    return (this.#words[slot]! & 1) !== 0;
  }

  /** Whether a slot is allocated to `owner`, 1 to 2^31 - 1. */
  isOwnedBy(slot: SlotId, owner: number): boolean {
    return this.#words[slot] === ((owner << 1) | 1);
  }

  /** Owner of an allocated slot. */
  ownerOf(slot: SlotId): number {
    return this.#words[slot]! >>> 1;
  }

  /** Index of the first free slot, -1 if there is none. */
  firstFreeSlot(z: ZspageId): number {
    return this.#words[z + STATE]! >> FREE_SHIFT;
  }

  /** Index of the free slot after a free slot, -1 after the last. */
  nextFreeSlot(z: ZspageId, slotIndex: number): number {
    return this.#words[z + HEADER_WORDS + slotIndex]! >> 1;
  }

  // ---- Lists --------------------------------------------------------------------------------------------------------------

  /** Counts an object that a slot is about to be taken or put back for in or out of the class, and moves the zspage to the list of
   * its new group if that is another. Returns the objects that the zspage will have. */
  recount(z: ZspageId, c: ClassId, change: 1 | -1): number {
    const words = this.#words;
    const groups = this.#groups;
    words[c + USED]! += change;
    const inuse = (words[z + STATE]! & INUSE_MASK) + change;
    const entry = words[c + GROUP_BASE]! + inuse;
    const group = groups[entry]!;
    const before = groups[entry - change]!;
    if (group !== before) {
      if (before !== EMPTY) unlink(words, z, c, before);
      if (group !== EMPTY) link(words, z, c, group);
    }
    return inuse;
  }

  /** Group of a zspage by its slots in use, and so of the list that it belongs on. */
  groupOf(z: ZspageId, c: ClassId): number {
    return this.#groups[this.#words[c + GROUP_BASE]! + this.inuseOf(z)]!;
  }

  /** Puts a zspage that is on no list at the head of the list of its group, unless it is empty. */
  insert(z: ZspageId, c: ClassId): void {
    const group = this.groupOf(z, c);
    if (group !== EMPTY) link(this.#words, z, c, group);
  }

  /** Takes a zspage that has objects off its list. */
  remove(z: ZspageId, c: ClassId): void {
    unlink(this.#words, z, c, this.groupOf(z, c));
  }

  /** Head of the fullest list that has objects and room, NO_ZSPAGE if all zspages are full. */
  fullest(c: ClassId): ZspageId {
    const words = this.#words;
    const roomy = words[c + PARTIAL]! & this.#roomyGroups;
    if (roomy === 0) return NO_ZSPAGE;
    return words[listOf(c, 31 - Math.clz32(roomy)) + NEXT]! as ZspageId;
  }

  /** First zspage, from the emptiest list with objects to the fullest with room, that `accepts` takes. */
  emptiest(c: ClassId, accepts: (z: ZspageId) => boolean): ZspageId {
    for (let group = 1; group < this.groupCount - 1; group++) {
      for (let z = this.headOf(c, group); z !== NO_ZSPAGE; z = this.nextOf(z, c, group)) if (accepts(z)) return z;
    }
    return NO_ZSPAGE;
  }

  /** Zspages on a list. */
  countOf(c: ClassId, group: number): number {
    return this.#words[listOf(c, group) + COUNT]!;
  }

  /** First zspage of a list, NO_ZSPAGE if it is empty. */
  headOf(c: ClassId, group: number): ZspageId {
    return this.#orNone(this.#words[listOf(c, group) + NEXT]!, c, group);
  }

  /** Last zspage of a list, NO_ZSPAGE if it is empty. */
  tailOf(c: ClassId, group: number): ZspageId {
    return this.#orNone(this.#words[listOf(c, group) + PREVIOUS]!, c, group);
  }

  /** The class's mask: a bit for each group whose list holds zspages. */
  maskOf(c: ClassId): number {
    return this.#words[c + PARTIAL]!;
  }

  /** The zspage behind `z` on a list, NO_ZSPAGE at its end. */
  nextOf(z: ZspageId, c: ClassId, group: number): ZspageId {
    return this.#orNone(this.#words[z + NEXT]!, c, group);
  }

  /** The zspage before `z` on a list, NO_ZSPAGE at its head. */
  previousOf(z: ZspageId, c: ClassId, group: number): ZspageId {
    return this.#orNone(this.#words[z + PREVIOUS]!, c, group);
  }

  /** Calls `visit` for each zspage of a class, group by group from the emptiest, head first. */
  forEach(c: ClassId, visit: (z: ZspageId, group: number) => void): void {
    for (let group = 0; group < this.groupCount; group++) {
      for (let z = this.headOf(c, group); z !== NO_ZSPAGE;) {
        const next = this.nextOf(z, c, group);
        visit(z, group);
        z = next;
      }
    }
  }

  // ---- Images -------------------------------------------------------------------------------------------------------------

  /** A copy of the table, up to the end of its last segment. */
  copyWords(): Int32Array {
    return this.#words.slice(0, this.#end);
  }

  /** A copy of the class of each segment; 0 for those of the class records. */
  copySegments(): Int32Array {
    return this.#classOfSegment.slice(0, this.#end >> this.#segmentShift);
  }

  /** Takes over what the two methods above gave. False if the table can't be that long. */
  load(words: Int32Array, classOfSegment: Int32Array): boolean {
    while (this.#words.length < words.length) if (!this.#grow()) return false;
    this.#words.set(words);
    this.#classOfSegment.set(classOfSegment);
    this.#end = words.length;
    return true;
  }

  // ---- Details ------------------------------------------------------------------------------------------------------------

  #orNone(position: number, c: ClassId, group: number): ZspageId {
    return position === listOf(c, group) ? NO_ZSPAGE : (position as ZspageId);
  }

  #takeRecord(c: ClassId): ZspageId {
    const words = this.#words;
    const unused = words[c + UNUSED]! as ZspageId;
    if (unused !== NO_ZSPAGE) {
      words[c + UNUSED] = words[unused + NEXT]!;
      return unused;
    }
    const fresh = words[c + FRESH]!;
    const recordWords = words[c + RECORD_WORDS]!;
    if (fresh + recordWords > words[c + FRESH_END]!) return this.#takeSegment(c);
    words[c + FRESH] = fresh + recordWords;
    return fresh as ZspageId;
  }

  /** Begins a new segment for the class and takes its first record; NO_ZSPAGE when the table can't grow any more. */
  #takeSegment(c: ClassId): ZspageId {
    const z = this.#end as ZspageId;
    const segmentWords = this.#segmentMask + 1;
    if (z + segmentWords > this.#words.length && !this.#grow()) return NO_ZSPAGE;
    this.#end = z + segmentWords;
    this.#classOfSegment[z >> this.#segmentShift] = c;
    this.#words[c + FRESH] = z + this.#words[c + RECORD_WORDS]!;
    this.#words[c + FRESH_END] = this.#end;
    return z;
  }

  #grow(): boolean {
    const words = this.#tables.longerWords(this.#words);
    if (words === undefined) return false;
    const classOfSegment = new Int32Array(words.length >> this.#segmentShift);
    classOfSegment.set(this.#classOfSegment);
    this.#words = words;
    this.#classOfSegment = classOfSegment;
    return true;
  }
}

/** Sentinel of a group's list. */
function listOf(c: ClassId, group: number): number {
  return c + LISTS + SENTINEL_WORDS * group;
}

/** Puts a zspage at the head of a list. */
function link(words: Int32Array, z: ZspageId, c: ClassId, group: number): void {
  const list = c + LISTS + SENTINEL_WORDS * group;
  const head = words[list + NEXT]!;
  words[z + NEXT] = head;
  words[z + PREVIOUS] = list;
  words[head + PREVIOUS] = z;
  words[list + NEXT] = z;
  words[list + COUNT]!++;
  words[c + PARTIAL]! |= 1 << group;
}

/** Takes a zspage off the list that it is on. */
function unlink(words: Int32Array, z: ZspageId, c: ClassId, group: number): void {
  const list = c + LISTS + SENTINEL_WORDS * group;
  const next = words[z + NEXT]!;
  const previous = words[z + PREVIOUS]!;
  words[previous + NEXT] = next;
  words[next + PREVIOUS] = previous;
  const left = --words[list + COUNT]!;
  words[c + PARTIAL]! &= ~(((left - 1) >>> 31) << group); // the bit if none is left, without a branch that can't be foreseen
}
