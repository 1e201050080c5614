// Two circular doubly linked lists of blocks for every type, the kernel's `list_head`, in two arrays: the active blocks, which
// have a free slot, and the full ones. The head of a list is a node of its own; a block's node follows behind all the heads.
// A node that points to itself is an empty list, or a block on no list.

import { NO_BLOCK } from "./block-table.ts";

const FIRST_CAPACITY_BLOCKS = 64;

export class BlockLists {
  readonly #headCount: number;
  #next: Int32Array;
  #previous: Int32Array;

  constructor(typeCount: number) {
    this.#headCount = 2 * typeCount;
    this.#next = selfLinked(new Int32Array(0), this.#headCount + FIRST_CAPACITY_BLOCKS);
    this.#previous = this.#next.slice();
  }

  /** The list of the type's blocks that have a free slot. */
  active(type: number): number {
    return 2 * type;
  }

  /** The list of the type's blocks that have none. */
  full(type: number): number {
    return 2 * type + 1;
  }

  /** Makes room for a block that has not been on a list before. */
  admit(block: number): void {
    const node = this.#headCount + block;
    if (node < this.#next.length) return;
    this.#next = selfLinked(this.#next, node * 2);
    this.#previous = selfLinked(this.#previous, node * 2);
  }

  /** The block at the head of a list, or NO_BLOCK. */
  first(list: number): number {
    const node = this.#next[list]!;
    return node === list ? NO_BLOCK : node - this.#headCount;
  }

  insertAtHead(list: number, block: number): void {
    this.#link(this.#headCount + block, list, this.#next[list]!);
  }

  insertAtTail(list: number, block: number): void {
    this.#link(this.#headCount + block, this.#previous[list]!, list);
  }

  /** Takes a block off its list; nothing happens if it is on none. */
  remove(block: number): void {
    const node = this.#headCount + block;
    const next = this.#next[node]!;
    const previous = this.#previous[node]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[node] = node;
    this.#previous[node] = node;
  }

  /** The blocks of a list, head first. */
  blocksOf(list: number): number[] {
    const blocks: number[] = [];
    for (let node = this.#next[list]!; node !== list; node = this.#next[node]!) blocks.push(node - this.#headCount);
    return blocks;
  }

  /** Calls `broken` for every node whose next one does not point back to it. */
  checkLinks(broken: (node: number) => void): void {
    for (let node = 0; node < this.#next.length; node++) if (this.#previous[this.#next[node]!] !== node) broken(node);
  }

  #link(node: number, previous: number, next: number): void {
    this.#previous[node] = previous;
    this.#next[node] = next;
    this.#next[previous] = node;
    this.#previous[next] = node;
  }
}

function selfLinked(old: Int32Array, length: number): Int32Array {
  const links = new Int32Array(length);
  links.set(old);
  for (let node = old.length; node < length; node++) links[node] = node;
  return links;
}
