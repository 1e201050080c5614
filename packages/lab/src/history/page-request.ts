// A request to the simulated device: an operation of the trace, split into pages, with a content for each page that is written.

/** The content of a page of zeros that is in no input. */
export const ZEROS = -1;

const INITIAL_PAGES = 64;

/** Filled in again for each operation. */
export class PageRequest {
  /** Write: each slot gets its content. Free: the slots are emptied. */
  kind: "write" | "free" | "compact" = "compact";
  pageCount = 0;
  #slots: Int32Array = new Int32Array(INITIAL_PAGES);
  #contents: Int32Array = new Int32Array(INITIAL_PAGES);

  begin(kind: PageRequest["kind"]): void {
    this.kind = kind;
    this.pageCount = 0;
  }

  /** Adds a page of the device; `contentPage` is a page of the input, or ZEROS, and of no account unless it is written. */
  add(slot: number, contentPage: number): void {
    if (this.pageCount === this.#slots.length) this.#grow();
    this.#slots[this.pageCount] = slot;
    this.#contents[this.pageCount++] = contentPage;
  }

  slotAt(i: number): number {
    return this.#slots[i]!;
  }

  contentAt(i: number): number {
    return this.#contents[i]!;
  }

  #grow(): void {
    const slots = new Int32Array(2 * this.#slots.length);
    const contents = new Int32Array(slots.length);
    slots.set(this.#slots);
    contents.set(this.#contents);
    this.#slots = slots;
    this.#contents = contents;
  }
}
