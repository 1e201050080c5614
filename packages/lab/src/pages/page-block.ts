// The pages of one input, which are read when they are needed.

import { type ByteSource, type SharedSource, openShared } from "./byte-source.ts";
import type { PageExtent } from "./formats/page-format.ts";

/** A block as it is handed to another thread; what its pages are from is left out. */
export interface SharedBlock {
  readonly source: SharedSource;
  readonly format: string;
  readonly extents: readonly PageExtent[];
}

export class PageBlock {
  /** File name, or what else the input is called. */
  readonly name: string;
  /** Name of its format. */
  readonly format: string;
  readonly pageBytes: number;
  readonly pageCount: number;
  /** Bytes of incomplete pages that the input didn't have and that are zeros. */
  readonly zeroFilledBytes: number;
  readonly #source: ByteSource;
  readonly #extents: readonly PageExtent[];
  readonly #firstPages: readonly number[]; // by extent
  readonly #originOf: ((pageIndex: number) => string) | undefined;

  /** `originOf` tells what a page is from, where that is known. */
  constructor(
    source: ByteSource,
    format: string,
    extents: readonly PageExtent[],
    pageBytes: number,
    originOf?: (pageIndex: number) => string,
  ) {
    this.name = source.name;
    this.format = format;
    this.pageBytes = pageBytes;
    this.#source = source;
    this.#extents = extents;
    this.#originOf = originOf;
    const firstPages: number[] = [];
    let pageCount = 0;
    let byteCount = 0;
    for (const extent of extents) {
      firstPages.push(pageCount);
      pageCount += Math.ceil(extent.byteCount / pageBytes);
      byteCount += extent.byteCount;
    }
    this.#firstPages = firstPages;
    this.pageCount = pageCount;
    this.zeroFilledBytes = pageCount * pageBytes - byteCount;
  }

  /** The block that another thread has handed over. */
  static of({ source, format, extents }: SharedBlock, pageBytes: number): PageBlock {
    return new PageBlock(openShared(source), format, extents, pageBytes);
  }

  share(): SharedBlock {
    return { source: this.#source.shared, format: this.format, extents: this.#extents };
  }

  /** Fills `target` with the pages from `firstPage`. */
  read(firstPage: number, target: Uint8Array): void {
    using reader = this.#source.open();
    let page = firstPage;
    let filled = 0;
    for (let i = this.#extentOf(firstPage); filled < target.length; i++) {
      const { offset, byteCount } = this.#extents[i]!;
      const skippedBytes = (page - this.#firstPages[i]!) * this.pageBytes;
      const pageTotal = Math.ceil((byteCount - skippedBytes) / this.pageBytes);
      const wanted = Math.min(pageTotal * this.pageBytes, target.length - filled);
      const present = Math.min(wanted, byteCount - skippedBytes);
      reader.read(offset + skippedBytes, target.subarray(filled, filled + present));
      target.fill(0, filled + present, filled + wanted);
      filled += wanted;
      page += wanted / this.pageBytes;
    }
  }

  /** What a page is from: an origin, or an address. */
  originOf(pageIndex: number): string | undefined {
    if (this.#originOf !== undefined) return this.#originOf(pageIndex);
    const i = this.#extentOf(pageIndex);
    const address = this.#extents[i]?.address;
    if (address === undefined) return undefined;
    return `address 0x${(address + BigInt((pageIndex - this.#firstPages[i]!) * this.pageBytes)).toString(16)}`;
  }

  /** Index of the extent that holds a page: the last that begins at it or before. */
  #extentOf(pageIndex: number): number {
    let low = 0;
    let high = this.#firstPages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#firstPages[middle]! <= pageIndex) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
