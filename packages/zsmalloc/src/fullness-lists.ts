// Which zspages of a class are how full: one list per class and fullness group. A zspage always enters at the head of a list,
// and changes its list only when its group changes; that order decides where the next object goes, so it must be the kernel's.
// (Spec: zsmalloc 6.12, fullness groups.)

import type { FullnessBands } from "./fullness.ts";
import type { SizeClassPlan } from "./size-classes.ts";
import { NO_ZSPAGE, type ZspageId, ZspageTable } from "./zspage-table.ts";

export class FullnessLists {
  readonly zspages: ZspageTable;
  readonly groupCount: number;
  readonly #groupTable: Uint8Array; // group by class and slots in use
  readonly #groupBase: Int32Array; // class -> its part of the table
  readonly #partial: Int32Array; // class -> bit per group, set while its list holds a zspage; the full group has none
  readonly #zspageCount: Int32Array; // by list
  readonly #fullGroup: number;

  constructor(plan: SizeClassPlan, bands: FullnessBands) {
    const pages = new Int32Array(plan.indexCount);
    const objects = new Int32Array(plan.indexCount);
    for (const owner of plan.owners) {
      pages[owner] = plan.pagesPerZspageOf(owner);
      objects[owner] = plan.objectsPerZspageOf(owner);
    }
    this.groupCount = bands.groupCount;
    this.#fullGroup = bands.groupCount - 1;
    this.#groupBase = new Int32Array(plan.indexCount);
    this.#groupTable = groupTable(plan, bands, this.#groupBase);
    this.#partial = new Int32Array(plan.indexCount);
    this.#zspageCount = new Int32Array(plan.indexCount * bands.groupCount);
    this.zspages = new ZspageTable(plan.indexCount * bands.groupCount, pages, objects);
  }

  /** Number of the list of a class and group. */
  listOf(classIndex: number, group: number): number {
    return classIndex * this.groupCount + group;
  }

  /** Zspages on the list of a class and group. */
  zspageCountOf(classIndex: number, group: number): number {
    return this.#zspageCount[this.listOf(classIndex, group)]!;
  }

  /** Group that a zspage of the class with so many slots in use belongs to. */
  groupFor(classIndex: number, inuse: number): number {
    return this.#groupTable[this.#groupBase[classIndex]! + inuse]!;
  }

  /** Puts a zspage that is on no list at the head of the list of its group; returns the group. */
  insert(z: ZspageId): number {
    const classIndex = this.zspages.classOf(z);
    const group = this.groupFor(classIndex, this.zspages.inuseOf(z));
    const list = this.listOf(classIndex, group);
    this.zspages.setGroup(z, group);
    this.zspages.insertHead(list, z);
    this.#zspageCount[list]!++;
    if (group !== this.#fullGroup) this.#partial[classIndex]! |= 1 << group;
    return group;
  }

  /** Takes a zspage off its list. */
  remove(z: ZspageId): void {
    const classIndex = this.zspages.classOf(z);
    const group = this.zspages.groupOf(z);
    this.zspages.remove(z);
    if (--this.#zspageCount[this.listOf(classIndex, group)]! === 0) this.#partial[classIndex]! &= ~(1 << group);
  }

  /** Moves a zspage to the list of its group if that has changed; returns the group. */
  refile(z: ZspageId): number {
    const group = this.groupFor(this.zspages.classOf(z), this.zspages.inuseOf(z));
    if (group === this.zspages.groupOf(z)) return group;
    this.remove(z);
    return this.insert(z);
  }

  /** Head of the fullest list that has room, NO_ZSPAGE if all zspages are full. */
  fullest(classIndex: number): ZspageId {
    const partial = this.#partial[classIndex]!;
    if (partial === 0) return NO_ZSPAGE;
    return this.zspages.headOf(this.listOf(classIndex, 31 - Math.clz32(partial)));
  }

  /** First zspage, from the emptiest list with objects to the fullest with room, that `accepts` takes. */
  emptiest(classIndex: number, accepts: (z: ZspageId) => boolean): ZspageId {
    for (let group = 1; group < this.#fullGroup; group++) {
      const list = this.listOf(classIndex, group);
      for (let z = this.zspages.headOf(list); z !== NO_ZSPAGE; z = this.zspages.nextOf(z, list))
        if (accepts(z)) return z;
    }
    return NO_ZSPAGE;
  }

  /** Calls `visit` for each zspage of a class, group by group from the emptiest, head first. */
  forEach(classIndex: number, visit: (z: ZspageId, group: number) => void): void {
    for (let group = 0; group < this.groupCount; group++) {
      const list = this.listOf(classIndex, group);
      for (let z = this.zspages.headOf(list); z !== NO_ZSPAGE;) {
        const next = this.zspages.nextOf(z, list);
        visit(z, group);
        z = next;
      }
    }
  }
}

/** Groups of every class for 0 to n slots in use, one class after the other; fills `base` with where each begins. */
function groupTable(plan: SizeClassPlan, bands: FullnessBands, base: Int32Array): Uint8Array {
  let length = 0;
  for (const owner of plan.owners) {
    base[owner] = length;
    length += plan.objectsPerZspageOf(owner) + 1;
  }
  const table = new Uint8Array(length);
  for (const owner of plan.owners) {
    const capacity = plan.objectsPerZspageOf(owner);
    for (let inuse = 0; inuse <= capacity; inuse++) table[base[owner]! + inuse] = bands.groupOf(inuse, capacity);
  }
  return table;
}
