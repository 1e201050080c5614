// A family of lists of slabs, doubly linked through the slab table. A slab is on one list at a time.

import { NO_SLAB, type SlabTable } from "./slab-table.ts";

export class SlabLists {
  readonly #table: SlabTable;
  readonly #head: Int32Array;
  readonly #tail: Int32Array;
  readonly #length: Int32Array;

  constructor(table: SlabTable, listCount: number) {
    this.#table = table;
    this.#head = new Int32Array(listCount).fill(NO_SLAB);
    this.#tail = new Int32Array(listCount).fill(NO_SLAB);
    this.#length = new Int32Array(listCount);
  }

  headOf(list: number): number {
    return this.#head[list]!;
  }

  /** Slabs on the list. */
  lengthOf(list: number): number {
    return this.#length[list]!;
  }

  addHead(list: number, slab: number): void {
    const table = this.#table;
    const head = this.#head[list]!;
    table.setNext(slab, head);
    table.setPrevious(slab, NO_SLAB);
    if (head === NO_SLAB) this.#tail[list] = slab;
    else table.setPrevious(head, slab);
    this.#head[list] = slab;
    this.#length[list]!++;
  }

  addTail(list: number, slab: number): void {
    const table = this.#table;
    const tail = this.#tail[list]!;
    table.setPrevious(slab, tail);
    table.setNext(slab, NO_SLAB);
    if (tail === NO_SLAB) this.#head[list] = slab;
    else table.setNext(tail, slab);
    this.#tail[list] = slab;
    this.#length[list]!++;
  }

  remove(list: number, slab: number): void {
    const table = this.#table;
    const next = table.nextOf(slab);
    const previous = table.previousOf(slab);
    if (previous === NO_SLAB) this.#head[list] = next;
    else table.setNext(previous, next);
    if (next === NO_SLAB) this.#tail[list] = previous;
    else table.setPrevious(next, previous);
    this.#length[list]!--;
  }

  /** Takes the first slab off the list; NO_SLAB if there is none. */
  takeHead(list: number): number {
    const slab = this.#head[list]!;
    if (slab !== NO_SLAB) this.remove(list, slab);
    return slab;
  }
}
