// Watches the pages that are given back to a machine: whoever writes to one afterwards still has a pointer to it.

import type { Machine, Pfn } from "@zlab/hw-sim";

export class FreedPages {
  readonly #machine: Machine;
  #pages: { readonly pfn: Pfn; readonly content: Uint8Array }[] = [];

  /** From now on the machine notes what a page holds when it is freed. */
  constructor(machine: Machine) {
    this.#machine = machine;
    const freePages = machine.freePages.bind(machine);
    machine.freePages = (pfn, order) => {
      freePages(pfn, order);
      for (let page = 0; page < 2 ** order; page++) this.#note((pfn + page) as Pfn);
    };
  }

  #note(pfn: Pfn): void {
    this.#pages.push({ pfn, content: this.#contentOf(pfn).slice() });
  }

  #contentOf(pfn: Pfn): Uint8Array {
    const { memory, pageBytes } = this.#machine;
    const start = memory.offsetOf(pfn);
    return memory.chunkOf(pfn).subarray(start, start + pageBytes);
  }

  /** A page that was freed since the last call, has no owner, and holds something else than when it was freed. */
  firstChanged(): number | undefined {
    const changed = this.#pages.find(({ pfn, content }) => {
      if (this.#machine.pages.ownerOf(pfn) !== 0) return false;
      const now = this.#contentOf(pfn);
      return content.some((byte, i) => byte !== now[i]);
    });
    this.#pages = [];
    return changed?.pfn;
  }
}
