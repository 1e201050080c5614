// Circular doubly linked lists of pages, the kernel's `list_head`, in one array. The head of list l is node l, page p is
// node listCount + p. A node that points to itself is an empty list, or a page on no list; so a page can be taken
// off without knowing which list it is on. A bit per list says where it is worth looking; it is set when a page is put
// there, and cleared only when a search finds the list empty. A building block for backends that keep pages by free space.

/** "No page": numbers of pages in a backend's table count from 0. */
export const NO_PAGE = -1;

const FIRST_CAPACITY_PAGES = 64;

/** `listCount` lists of the pages of one backend. */
export class PageLists {
  readonly #listCount: number;
  #links: Int32Array; // [node * 2] the next node, [node * 2 + 1] the previous one
  readonly #maybeFilled: Int32Array; // bit list & 31 of word list >> 5

  constructor(listCount: number) {
    this.#listCount = listCount;
    this.#links = selfLinked(new Int32Array(0), listCount + FIRST_CAPACITY_PAGES);
    this.#maybeFilled = new Int32Array((listCount >> 5) + 1);
  }

  /** Makes room for a page that has not been on a list before. */
  admit(page: number): void {
    const node = this.#listCount + page;
    if (node * 2 < this.#links.length) return;
    this.#links = selfLinked(this.#links, node * 2);
  }

  insertAtHead(list: number, page: number): void {
    const links = this.#links;
    const node = this.#listCount + page;
    const second = links[list * 2]!;
    links[list * 2] = node;
    links[node * 2] = second;
    links[node * 2 + 1] = list;
    links[second * 2 + 1] = node;
    this.#maybeFilled[list >> 5]! |= 1 << (list & 31);
  }

  /** Puts a page at the head of a list, taking it off the one that it is on, if any. */
  moveToHead(list: number, page: number): void {
    const links = this.#links;
    const node = this.#listCount + page;
    const next = links[node * 2]!;
    const previous = links[node * 2 + 1]!;
    links[previous * 2] = next;
    links[next * 2 + 1] = previous;
    this.insertAtHead(list, page);
  }

  /** Takes a page off its list; nothing happens if it is on none. */
  remove(page: number): void {
    const links = this.#links;
    const node = this.#listCount + page;
    const next = links[node * 2]!;
    const previous = links[node * 2 + 1]!;
    links[previous * 2] = next;
    links[next * 2 + 1] = previous;
    links[node * 2] = node;
    links[node * 2 + 1] = node;
  }

  /** The head of the first list from `fromList` to `toList` that has one; NO_PAGE if none has. */
  first(fromList: number, toList: number): number {
    const links = this.#links;
    let list = this.#nextMaybeFilled(fromList, toList);
    while (list <= toList) {
      const node = links[list * 2]!;
      if (node !== list) return node - this.#listCount;
      this.#maybeFilled[list >> 5]! &= ~(1 << (list & 31));
      list = this.#nextMaybeFilled(list + 1, toList);
    }
    return NO_PAGE;
  }

  /** Takes the head off the first list from `fromList` to `toList` that has one; NO_PAGE if none has. */
  takeFirst(fromList: number, toList: number): number {
    const page = this.first(fromList, toList);
    if (page !== NO_PAGE) this.remove(page);
    return page;
  }

  /** The pages of a list, head first. */
  pagesOf(list: number): number[] {
    const links = this.#links;
    const pages: number[] = [];
    for (let node = links[list * 2]!; node !== list; node = links[node * 2]!) pages.push(node - this.#listCount);
    return pages;
  }

  /** Calls `broken` for every node whose next one does not point back to it, and every list with pages and no bit. */
  checkLinks(broken: (node: number) => void): void {
    const links = this.#links;
    for (let node = 0; node * 2 < links.length; node++) {
      const next = links[node * 2]!;
      const overlooked = next !== node && this.#nextMaybeFilled(node, node) !== node;
      if (links[next * 2 + 1] !== node || (node < this.#listCount && overlooked)) broken(node);
    }
  }

  /** The first list from `list` to `toList` whose bit is set, else a number above `toList`. */
  #nextMaybeFilled(list: number, toList: number): number {
    let next = list;
    while (next <= toList) {
      const bits = this.#maybeFilled[next >> 5]! >>> (next & 31);
      if (bits !== 0) return next + lowestBitOf(bits);
      next = (next | 31) + 1;
    }
    return next;
  }
}

/** Number of the lowest bit that is set. */
function lowestBitOf(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Links of so many nodes: the old ones, and behind them nodes that point to themselves. */
function selfLinked(old: Int32Array, nodeCount: number): Int32Array {
  const links = new Int32Array(nodeCount * 2);
  links.set(old);
  for (let node = old.length / 2; node < nodeCount; node++) {
    links[node * 2] = node;
    links[node * 2 + 1] = node;
  }
  return links;
}
