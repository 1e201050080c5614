// How many pages make up a zspage of a size class. Three answers have been given over the years; each is a pure function.

/** `min-waste`: Linux since 6.3. `used-percent`: Linux before. `rfc-2026`: a proposal of January 2026, not merged. */
export type ChainRule = "min-waste" | "used-percent" | "rfc-2026";

export const CHAIN_RULES: readonly ChainRule[] = ["min-waste", "used-percent", "rfc-2026"];

type PagesPerZspage = (sizeBytes: number, pageBytes: number, chainSize: number) => number;

/** The first chain with the fewest bytes left over; a power of two leaves nothing over with one page. */
function minWaste(sizeBytes: number, pageBytes: number, chainSize: number): number {
  let best = 1;
  for (let pages = 2; pages <= chainSize; pages++) {
    if ((pages * pageBytes) % sizeBytes < (best * pageBytes) % sizeBytes) best = pages;
  }
  return best;
}

/** The first chain with the highest share of used bytes in whole per cents; since the share is cut off to whole per cents, a
 * shorter chain can win over a better longer one. */
function usedPercent(sizeBytes: number, pageBytes: number, chainSize: number): number {
  const percentOf = (pages: number): number => {
    const bytes = pages * pageBytes;
    return Math.floor(((bytes - (bytes % sizeBytes)) * 100) / bytes);
  };
  let best = 1;
  for (let pages = 2; pages <= chainSize; pages++) {
    if (percentOf(pages) > percentOf(best)) best = pages;
  }
  return best;
}

/** A longer chain must save a quarter of the waste; while the best so far wastes more than a tenth, any gain is taken. Once the
 * waste is at most a 64th of the zspage the search ends. */
function rfc2026(sizeBytes: number, pageBytes: number, chainSize: number): number {
  let best = 1;
  let bestWaste = pageBytes % sizeBytes;
  for (let pages = 2; pages <= chainSize && bestWaste * 64 > best * pageBytes; pages++) {
    const waste = (pages * pageBytes) % sizeBytes;
    const wasteful = bestWaste * 10 > best * pageBytes;
    if (waste * 4 < bestWaste * 3 || (wasteful && waste < bestWaste)) {
      best = pages;
      bestWaste = waste;
    }
  }
  return best;
}

const rules: Readonly<Record<ChainRule, PagesPerZspage>> = {
  "min-waste": minWaste,
  "used-percent": usedPercent,
  "rfc-2026": rfc2026,
};

/** Pages per zspage, 1 to `chainSize`, for slots of `sizeBytes`. */
export function pagesPerZspage(rule: ChainRule, sizeBytes: number, pageBytes: number, chainSize: number): number {
  return rules[rule](sizeBytes, pageBytes, chainSize);
}
