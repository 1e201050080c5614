// Splits the operations of a trace into requests of pages, and gives the pages that are written their contents.

import { ANY_CONTENT, type BlockOperation } from "./block-operation.ts";
import { HistoryError } from "./history-error.ts";
import { NO_SLOT, type PageNumbers } from "./page-numbers.ts";
import { type PageRange, coveredPages, touchedPages } from "./page-range.ts";
import { type PageRequest, ZEROS } from "./page-request.ts";
import type { Traffic } from "./traffic.ts";

/** A request of the block layer is smaller by far. */
const MAX_REQUEST_PAGES = 2 ** 20;
/** With pages of this size zram offers zeroing; for larger ones the block layer writes zeros (specification of zram, section 6). */
const ZEROING_PAGE_BYTES = 4096;

export interface SplitOptions {
  /** Page size of the device. */
  readonly pageBytes: number;
  /** Pages of the input, from which contents are taken. */
  readonly contentPages: number;
}

export class RequestSplitter {
  readonly #pageBytes: number;
  readonly #contentPages: number;
  readonly #numbers: PageNumbers;
  readonly #isNumbering: boolean;
  #nextContent = 0; // of a write that names none

  constructor({ pageBytes, contentPages }: SplitOptions, numbers: PageNumbers, mode: "number" | "find") {
    this.#pageBytes = pageBytes;
    this.#contentPages = contentPages;
    this.#numbers = numbers;
    this.#isNumbering = mode === "number";
  }

  split(operation: BlockOperation, request: PageRequest, traffic?: Traffic): void {
    const { kind, diskIndex, offsetBytes, lengthBytes } = operation;
    if (kind === "compact") return request.begin("compact");
    if (offsetBytes + lengthBytes > Number.MAX_SAFE_INTEGER) {
      throw new HistoryError(
        `${lengthBytes} bytes from ${offsetBytes} on are beyond any disk; mend or remove the line`,
      );
    }
    if (kind === "write" || (kind === "zero" && this.#pageBytes !== ZEROING_PAGE_BYTES)) {
      return this.#splitWrite(operation, touchedPages(offsetBytes, lengthBytes, this.#pageBytes), request);
    }
    request.begin("free");
    const range = coveredPages(offsetBytes, lengthBytes, this.#pageBytes);
    if (traffic !== undefined) traffic.freedPages += range.end - range.first;
    if (this.#isNumbering) return;
    for (const slot of this.#numbers.findRange(diskIndex, range.first, range.end)) request.add(slot, ZEROS);
  }

  #splitWrite({ kind, diskIndex, contentPage }: BlockOperation, range: PageRange, request: PageRequest): void {
    const pageCount = range.end - range.first;
    if (pageCount > MAX_REQUEST_PAGES) {
      throw new HistoryError(`a request of ${pageCount} pages; split it into some of at most ${MAX_REQUEST_PAGES}`);
    }
    if (contentPage !== ANY_CONTENT) this.#checkContent(contentPage, pageCount);
    request.begin("write");
    for (let i = 0; i < pageCount; i++) {
      const slot = this.#slotOf(diskIndex, range.first + i);
      if (kind === "zero") request.add(slot, ZEROS);
      else request.add(slot, contentPage === ANY_CONTENT ? this.#takeContent() : contentPage + i);
    }
  }

  #slotOf(diskIndex: number, page: number): number {
    if (this.#isNumbering) return this.#numbers.add(diskIndex, page);
    const slot = this.#numbers.find(diskIndex, page);
    if (slot === NO_SLOT) throw new HistoryError("the trace changed while it was read; try again");
    return slot;
  }

  /** The contents of writes that name none: the pages of the input, over and over. */
  #takeContent(): number {
    const content = this.#nextContent;
    this.#nextContent = (content + 1) % this.#contentPages;
    return content;
  }

  #checkContent(contentPage: number, pageCount: number): void {
    if (contentPage + pageCount <= this.#contentPages) return;
    const what = `"content" asks for page ${contentPage + pageCount - 1} of the input`;
    throw new HistoryError(
      `${what}, which has pages 0 to ${this.#contentPages - 1}; name one of these, or give more files`,
    );
  }
}
