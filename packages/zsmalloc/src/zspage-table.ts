// The zspages of a pool, all in one array of 32-bit words. A zspage is a *record* in it, named by the position of its first
// word (`ZspageId`). The record holds what the kernel keeps in struct zspage, in its pages' descriptors and in its slots'
// headers, so that malloc and free touch one or two cache lines and no page:
//
//   word  0 … 7             8 … 8+p-1               8+p … 8+p+n-1
//        ┌──────────────────┬───────────────────────┬──────────────────────────────┐
//        │ fields, see below │ page frame numbers (p) │ one word for each slot (n)   │
//        └──────────────────┴───────────────────────┴──────────────────────────────┘
//
// p and n depend on the class only. A slot's word is the kernel's slot header: allocated: what the handle scheme wants to
// know about the owner, shifted left by one, bit 0 set; free: index of the next free slot shifted left by one, bit 0 clear;
// the last free slot has all bits set, shifted left by one.
//
// Fullness lists are circular with a sentinel each. A sentinel is a pseudo-record at the front of the array of which only the
// two link words exist; sentinels overlap so that each takes two words. List l's sentinel is the record at 2*l.

import type { Pfn } from "@zlab/hw-sim";

declare const zspageBrand: unique symbol;

/** Position of a zspage's record. 0 is never a zspage. */
export type ZspageId = number & { readonly [zspageBrand]: true };

/** "No zspage". */
export const NO_ZSPAGE = 0 as ZspageId;

const CLASS = 0; // owner index of the class
const GROUP = 1; // fullness group whose list holds the zspage
const INUSE = 2; // slots allocated
const FREE_HEAD = 3; // index of the first free slot
const NEXT = 4; // towards the tail of the list; next unused record of the class
const PREVIOUS = 5; // towards the head
const SEQUENCE = 6; // number of the zspage in order of creation
const PINS = 7; // open mappings of its objects: while above 0 nothing moves out
const HEADER_WORDS = 8;

/** Link of the last free slot. */
const END_OF_SLOTS = -1;
const INITIAL_WORDS = 4096;

export class ZspageTable {
  #words: Int32Array;
  #end: number; // first word that was never part of a record
  readonly #unused: Int32Array; // class -> an unused record, 0: none
  readonly #pagesPerZspage: Int32Array;
  readonly #recordWords: Int32Array;

  /** `pages` and `objects` give p and n by class index; `listCount` is the number of fullness lists. */
  constructor(listCount: number, pages: Int32Array, objects: Int32Array) {
    this.#pagesPerZspage = pages;
    this.#recordWords = pages.map((p, classIndex) => HEADER_WORDS + p + objects[classIndex]!);
    this.#unused = new Int32Array(pages.length);
    this.#end = 2 * listCount + HEADER_WORDS;
    this.#words = new Int32Array(Math.max(INITIAL_WORDS, this.#end));
    for (let list = 0; list < listCount; list++) {
      const sentinel = sentinelOf(list);
      this.#words[sentinel + NEXT] = sentinel;
      this.#words[sentinel + PREVIOUS] = sentinel;
    }
  }

  /** Takes a record for a new zspage of the class, with all slots free in ascending order. */
  create(classIndex: number, objects: number, sequence: number): ZspageId {
    const z = this.#takeRecord(classIndex);
    const words = this.#words;
    words[z + CLASS] = classIndex;
    words[z + GROUP] = 0;
    words[z + INUSE] = 0;
    words[z + FREE_HEAD] = 0;
    words[z + SEQUENCE] = sequence;
    words[z + PINS] = 0;
    const slots = this.#slotBase(z);
    for (let slot = 0; slot < objects; slot++) words[slots + slot] = (slot + 1) << 1;
    words[slots + objects - 1] = END_OF_SLOTS << 1;
    return z;
  }

  /** Gives the record of a zspage back. */
  release(z: ZspageId): void {
    const classIndex = this.classOf(z);
    this.#words[z + NEXT] = this.#unused[classIndex]!;
    this.#unused[classIndex] = z;
  }

  classOf(z: ZspageId): number {
    return this.#words[z + CLASS]!;
  }

  groupOf(z: ZspageId): number {
    return this.#words[z + GROUP]!;
  }

  setGroup(z: ZspageId, group: number): void {
    this.#words[z + GROUP] = group;
  }

  inuseOf(z: ZspageId): number {
    return this.#words[z + INUSE]!;
  }

  sequenceOf(z: ZspageId): number {
    return this.#words[z + SEQUENCE]!;
  }

  pinsOf(z: ZspageId): number {
    return this.#words[z + PINS]!;
  }

  addPins(z: ZspageId, change: 1 | -1): void {
    this.#words[z + PINS]! += change;
  }

  pfnOf(z: ZspageId, page: number): Pfn {
    return this.#words[z + HEADER_WORDS + page]! as Pfn;
  }

  setPfn(z: ZspageId, page: number, pfn: Pfn): void {
    this.#words[z + HEADER_WORDS + page] = pfn;
  }

  /** Takes the first free slot; there must be one. Its word is the caller's to set. */
  takeSlot(z: ZspageId): number {
    const words = this.#words;
    const slot = words[z + FREE_HEAD]!;
    words[z + FREE_HEAD] = words[this.#slotBase(z) + slot]! >> 1;
    words[z + INUSE]!++;
    return slot;
  }

  /** Puts a slot at the head of the free list. */
  putSlot(z: ZspageId, slot: number): void {
    const words = this.#words;
    words[this.#slotBase(z) + slot] = words[z + FREE_HEAD]! << 1;
    words[z + FREE_HEAD] = slot;
    words[z + INUSE]!--;
  }

  /** Marks a taken slot as allocated to `owner`. */
  setOwner(z: ZspageId, slot: number, owner: number): void {
    this.#words[this.#slotBase(z) + slot] = (owner << 1) | 1;
  }

  isAllocated(z: ZspageId, slot: number): boolean {
    return (this.#words[this.#slotBase(z) + slot]! & 1) !== 0;
  }

  /** Owner of an allocated slot. */
  ownerOf(z: ZspageId, slot: number): number {
    return this.#words[this.#slotBase(z) + slot]! >>> 1;
  }

  /** First free slot, -1 if there is none. */
  firstFreeSlot(z: ZspageId): number {
    return this.#words[z + FREE_HEAD]!;
  }

  /** The free slot after a free slot, -1 after the last. */
  nextFreeSlot(z: ZspageId, slot: number): number {
    return this.#words[this.#slotBase(z) + slot]! >> 1;
  }

  insertHead(list: number, z: ZspageId): void {
    const words = this.#words;
    const sentinel = sentinelOf(list);
    const head = words[sentinel + NEXT]!;
    words[z + NEXT] = head;
    words[z + PREVIOUS] = sentinel;
    words[head + PREVIOUS] = z;
    words[sentinel + NEXT] = z;
  }

  /** Unlinks a zspage from whatever list it is on. */
  remove(z: ZspageId): void {
    const words = this.#words;
    const next = words[z + NEXT]!;
    const previous = words[z + PREVIOUS]!;
    words[previous + NEXT] = next;
    words[next + PREVIOUS] = previous;
  }

  /** First zspage of a list, NO_ZSPAGE if it is empty. */
  headOf(list: number): ZspageId {
    return this.#orNone(this.#words[sentinelOf(list) + NEXT]!, list);
  }

  /** The zspage behind `z` on the list, NO_ZSPAGE at its end. */
  nextOf(z: ZspageId, list: number): ZspageId {
    return this.#orNone(this.#words[z + NEXT]!, list);
  }

  /** The zspage before `z` on the list, NO_ZSPAGE at its head. */
  previousOf(z: ZspageId, list: number): ZspageId {
    return this.#orNone(this.#words[z + PREVIOUS]!, list);
  }

  #orNone(link: number, list: number): ZspageId {
    return link === sentinelOf(list) ? NO_ZSPAGE : (link as ZspageId);
  }

  #slotBase(z: ZspageId): number {
    return z + HEADER_WORDS + this.#pagesPerZspage[this.#words[z + CLASS]!]!;
  }

  #takeRecord(classIndex: number): ZspageId {
    const unused = this.#unused[classIndex]! as ZspageId;
    if (unused !== NO_ZSPAGE) {
      this.#unused[classIndex] = this.#words[unused + NEXT]!;
      return unused;
    }
    const z = this.#end as ZspageId;
    this.#end += this.#recordWords[classIndex]!;
    if (this.#end > this.#words.length) this.#grow();
    return z;
  }

  #grow(): void {
    const larger = new Int32Array(Math.max(this.#end, 2 * this.#words.length));
    larger.set(this.#words);
    this.#words = larger;
  }
}

function sentinelOf(list: number): number {
  return 2 * list;
}
