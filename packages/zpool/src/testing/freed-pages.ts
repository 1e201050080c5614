// Watches the pages that are given back to a machine: whoever writes to one afterwards still has a pointer to it.

import { type Machine, type Pfn, isErrno } from "@zlab/hw-sim";

export class FreedPages {
  readonly #machine: Machine;
  #pages: { readonly pfn: Pfn; readonly content: Uint8Array }[] = [];

  /** From now on the machine notes what a page holds when it is freed, until it is handed out again. */
  constructor(machine: Machine) {
    this.#machine = machine;
    const allocPages = machine.allocPages.bind(machine);
    machine.allocPages = (order, gfp, owner) => {
      const pfn = allocPages(order, gfp, owner);
      if (!isErrno(pfn)) this.#forget(pfn, pfn + 2 ** order);
      return pfn;
    };
    const freePages = machine.freePages.bind(machine);
    machine.freePages = (pfn, order) => {
      freePages(pfn, order);
      for (let page = 0; page < 2 ** order; page++) this.#note((pfn + page) as Pfn);
    };
  }

  #note(pfn: Pfn): void {
    this.#pages.push({ pfn, content: this.#contentOf(pfn).slice() });
  }

  /** The pages from `start` to before `end` belong to somebody again. The machine knows the owner of a block's first page only. */
  #forget(start: number, end: number): void {
    if (this.#pages.length > 0) this.#pages = this.#pages.filter(({ pfn }) => pfn < start || pfn >= end);
  }

  #contentOf(pfn: Pfn): Uint8Array {
    const { memory, pageBytes } = this.#machine;
    const start = memory.offsetOf(pfn);
    return memory.chunkOf(pfn).subarray(start, start + pageBytes);
  }

  /** A page that was freed since the last call, is still free, and holds something else than when it was freed. */
  firstChanged(): number | undefined {
    const changed = this.#pages.find(({ pfn, content }) => {
      const now = this.#contentOf(pfn);
      return content.some((byte, i) => byte !== now[i]);
    });
    this.#pages = [];
    return changed?.pfn;
  }
}
