// Images of swap areas, as `mkswap` sets them up. The first page is a header, whose last ten bytes are the signature; where they are
// tells the size of a page. Slots that are free now hold what was swapped to them before, or zeros.
//
//   1024 version 1 | 1028 number of the last page | 1032 number of bad pages | 1536 their numbers | end of the page - 10 "SWAPSPACE2"

import { Buffer } from "node:buffer";
import { type ByteSource, readHead } from "../byte-source.ts";
import { HeaderFields } from "./header-fields.ts";
import { HEAD_BYTES, type PageExtent, type PageFormat, formatError } from "./page-format.ts";

const SIGNATURE = Buffer.from("SWAPSPACE2");
const PAGE_SIZES: readonly number[] = [4096, 16384, 65536];
const VERSION_OFFSET = 1024;
const LAST_PAGE_OFFSET = 1028;
const BAD_COUNT_OFFSET = 1032;
const BAD_PAGES_OFFSET = 1536;

export const swapFormat: PageFormat = {
  name: "swap",
  noun: "the image of a swap area",

  recognises: (head) => signedPageBytes(head) !== undefined,

  layOut(source) {
    const head = readHead(source, HEAD_BYTES);
    const pageBytes = signedPageBytes(head);
    if (pageBytes === undefined) {
      const where = PAGE_SIZES.map((size) => size - SIGNATURE.length).join(", ");
      throw formatError(source, PAGE_SIZES[0]! - SIGNATURE.length, `no signature SWAPSPACE2 at any of ${where}`);
    }
    const fields = headerFields(source, head);
    const lastPage = fields.u32(LAST_PAGE_OFFSET);
    const end = (lastPage + 1) * pageBytes;
    if (lastPage === 0) throw formatError(source, LAST_PAGE_OFFSET, "the swap area has no page but its header");
    if (end > source.byteCount) {
      const problem = `${lastPage} pages of ${pageBytes} bytes end at offset ${end}, but the file at ${source.byteCount}`;
      throw formatError(source, LAST_PAGE_OFFSET, `${problem}; it is cut off or damaged`);
    }
    const extents = goodExtents(lastPage, badPages(source, fields, pageBytes, lastPage), pageBytes);
    if (extents.length > 0) return { extents, pageBytes };
    throw formatError(source, BAD_COUNT_OFFSET, "all pages of the swap area are marked as bad");
  },
};

/** The page size that the signature's place tells. */
function signedPageBytes(head: Uint8Array): number | undefined {
  return PAGE_SIZES.find((size) => SIGNATURE.equals(head.subarray(size - SIGNATURE.length, size)));
}

/** The header in the order of bytes in which its version is 1. */
function headerFields(source: ByteSource, head: Uint8Array): HeaderFields {
  const fields = [true, false].map((isLittleEndian) => new HeaderFields(head, isLittleEndian));
  const found = fields.find((candidate) => candidate.u32(VERSION_OFFSET) === 1);
  if (found !== undefined) return found;
  throw formatError(source, VERSION_OFFSET, "the version of the swap area is not 1 in either order of bytes");
}

/** Numbers of the pages that must not be used, ascending. */
function badPages(source: ByteSource, fields: HeaderFields, pageBytes: number, lastPage: number): number[] {
  const count = fields.u32(BAD_COUNT_OFFSET);
  const most = Math.floor((pageBytes - SIGNATURE.length - BAD_PAGES_OFFSET) / 4);
  if (count > most) throw formatError(source, BAD_COUNT_OFFSET, `${count} bad pages don't fit into the header`);
  return Array.from({ length: count }, (_, i) => fields.u32(BAD_PAGES_OFFSET + 4 * i))
    .filter((page) => page > 0 && page <= lastPage)
    .toSorted((a, b) => a - b);
}

/** Pages 1 to `lastPage` without the bad ones. */
function goodExtents(lastPage: number, bad: readonly number[], pageBytes: number): PageExtent[] {
  const extents: PageExtent[] = [];
  let next = 1;
  for (const stop of [...bad, lastPage + 1]) {
    if (stop > next) extents.push({ offset: next * pageBytes, byteCount: (stop - next) * pageBytes });
    next = stop + 1;
  }
  return extents;
}
