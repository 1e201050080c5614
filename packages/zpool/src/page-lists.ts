// Circular doubly linked lists of pages, the kernel's `list_head`, in two arrays. The head of list l is node l, page p is
// node listCount + p. A node that points to itself is an empty list, or a page on no list; so a page can be taken
// off without knowing which list it is on. A bit per list says where it is worth looking; it is set when a page is put
// there, and cleared only when a search finds the list empty. A building block for backends that keep pages by free space.

/** "No page": numbers of pages in a backend's table count from 0. */
export const NO_PAGE = -1;

const FIRST_CAPACITY_PAGES = 64;

/** `listCount` lists of the pages of one backend. */
export class PageLists {
  readonly #listCount: number;
  #next: Int32Array;
  #previous: Int32Array;
  readonly #maybeFilled: Int32Array; // bit list & 31 of word list >> 5

  constructor(listCount: number) {
    this.#listCount = listCount;
    this.#next = selfLinked(new Int32Array(0), listCount + FIRST_CAPACITY_PAGES);
    this.#previous = this.#next.slice();
    this.#maybeFilled = new Int32Array((listCount >> 5) + 1);
  }

  /** Makes room for a page that has not been on a list before. */
  admit(page: number): void {
    const node = this.#listCount + page;
    if (node < this.#next.length) return;
    this.#next = selfLinked(this.#next, node * 2);
    this.#previous = selfLinked(this.#previous, node * 2);
  }

  insertAtHead(list: number, page: number): void {
    const node = this.#listCount + page;
    const second = this.#next[list]!;
    this.#next[list] = node;
    this.#previous[node] = list;
    this.#next[node] = second;
    this.#previous[second] = node;
    this.#maybeFilled[list >> 5]! |= 1 << (list & 31);
  }

  /** Takes a page off its list; nothing happens if it is on none. */
  remove(page: number): void {
    const node = this.#listCount + page;
    const next = this.#next[node]!;
    const previous = this.#previous[node]!;
    this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[node] = node;
    this.#previous[node] = node;
  }

  /** Takes the head off the first list from `fromList` to `toList` that has one; NO_PAGE if none has. */
  takeFirst(fromList: number, toList: number): number {
    let list = this.#nextMaybeFilled(fromList, toList);
    while (list <= toList) {
      const node = this.#next[list]!;
      if (node !== list) {
        const page = node - this.#listCount;
        this.remove(page);
        return page;
      }
      this.#maybeFilled[list >> 5]! &= ~(1 << (list & 31));
      list = this.#nextMaybeFilled(list + 1, toList);
    }
    return NO_PAGE;
  }

  /** The pages of a list, head first. */
  pagesOf(list: number): number[] {
    const pages: number[] = [];
    for (let node = this.#next[list]!; node !== list; node = this.#next[node]!) pages.push(node - this.#listCount);
    return pages;
  }

  /** Calls `broken` for every node whose next one does not point back to it, and every list with pages and no bit. */
  checkLinks(broken: (node: number) => void): void {
    for (let node = 0; node < this.#next.length; node++) {
      const overlooked = this.#next[node] !== node && this.#nextMaybeFilled(node, node) !== node;
      if (this.#previous[this.#next[node]!] !== node || (node < this.#listCount && overlooked)) broken(node);
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

function selfLinked(old: Int32Array, length: number): Int32Array {
  const links = new Int32Array(length);
  links.set(old);
  for (let node = old.length; node < length; node++) links[node] = node;
  return links;
}
