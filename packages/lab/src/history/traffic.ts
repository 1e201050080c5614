// What a history moves, counted as if no write failed; that is the same for all devices that it is replayed on.

import type { PageRequest } from "./page-request.ts";

export class Traffic {
  /** Pages that were written, each time that one was. */
  writtenPages = 0;
  /** Of these, those over a page that held something. */
  overwrittenPages = 0;
  /** Whole pages in discards and zeroing, whether they held something or not. */
  freedPages = 0;
  /** Of these, those that held something. */
  freedHeldPages = 0;
  compactions = 0;
  readonly #isHeld: Uint8Array; // by slot

  constructor(slotCount: number) {
    this.#isHeld = new Uint8Array(slotCount);
  }

  /** Counts a request; what a discard covers beside the pages that are ever written must be added by whoever knows. */
  count(request: PageRequest): void {
    if (request.kind === "compact") this.compactions++;
    for (let i = 0; i < request.pageCount; i++) {
      const slot = request.slotAt(i);
      const wasHeld = this.#isHeld[slot] === 1;
      if (request.kind === "write") {
        this.writtenPages++;
        if (wasHeld) this.overwrittenPages++;
        this.#isHeld[slot] = 1;
      } else {
        if (wasHeld) this.freedHeldPages++;
        this.#isHeld[slot] = 0;
      }
    }
  }
}
