// Sizes that everything else is derived from: the page size and what follows from it.

import { MachineError } from "./errors.ts";

/** The page sizes of the architectures that Linux runs zram on, in bytes. */
export const PAGE_SIZES = [4096, 16384, 65536] as const;

export type PageBytes = (typeof PAGE_SIZES)[number];

declare const pfnBrand: unique symbol;

/** Page frame number: the number of a physical page, minted by the page allocator only. */
export type Pfn = number & { readonly [pfnBrand]: true };

/** Highest order of the buddy allocator: blocks of up to 2^10 pages. */
export const MAX_PAGE_ORDER = 10;

/** Narrows a number to a supported page size. Throws ZLAB_PAGE_SIZE otherwise. */
export function toPageBytes(bytes: number): PageBytes {
  const known = PAGE_SIZES.find((size) => size === bytes);
  if (known === undefined) {
    throw new MachineError("ZLAB_PAGE_SIZE", `page size ${bytes} is not supported: use ${PAGE_SIZES.join(", ")}`);
  }
  return known;
}

/** log2 of the page size: 12, 14 or 16. */
export function pageShiftOf(pageBytes: PageBytes): number {
  return 31 - Math.clz32(pageBytes);
}
