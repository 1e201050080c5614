// Memory as a machine has it that was up for long: the free pages lie scattered between pages of others. It is made by really
// taking all of the memory and giving some of it back.

import { GFP_NOWAIT, type Machine, type Pfn, Prng, isErrno } from "@zlab/hw-sim";
import { ExperimentFailure } from "./experiment.ts";

/** What is free is given back in regions of so many pages: 2^6. */
const REGION_PAGES = 64;

export interface Fragmentation {
  /** Pages that are free in the end: at most half of the machine, and a multiple of 64. */
  readonly freePages: number;
  /** Part of them, from 0 to 1 and rounded to whole regions, that lies in blocks of 2^order pages whose buddies are taken.
   * The rest lies in regions of 64 pages and more. */
  readonly fraction: number;
  /** 0 to 5. */
  readonly order: number;
  readonly seed: number;
}

/** Takes all pages of the machine and gives `freePages` of them back: some regions as a whole, of others one of every two buddies of
 * 2^order pages. Which ones the seed decides. Returns what gives the rest back, too. */
export function fragmentMemory(machine: Machine, { freePages, fraction, order, seed }: Fragmentation): () => void {
  const prng = new Prng(seed);
  const held = takeAllPages(machine);
  const regions = shuffled(regionsOf(held), prng);
  const scatteredRegions = 2 * Math.round((freePages * fraction) / REGION_PAGES);
  const wholeRegions = (freePages - (scatteredRegions * REGION_PAGES) / 2) / REGION_PAGES;
  for (const start of regions.splice(0, wholeRegions)) release(machine, held, start, REGION_PAGES);
  for (const start of regions.splice(0, scatteredRegions)) releaseHalf(machine, held, start, order, prng);
  if (machine.freePageCount() !== freePages) {
    throw new ExperimentFailure(`fragmenting left ${machine.freePageCount()} pages free instead of ${freePages}`);
  }
  return () => {
    for (const pfn of held) machine.freePages(pfn, 0);
    held.clear();
  };
}

function takeAllPages(machine: Machine): Set<Pfn> {
  const owner = machine.registerOwner("others");
  const held = new Set<Pfn>();
  for (;;) {
    const pfn = machine.allocPages(0, GFP_NOWAIT, owner);
    if (isErrno(pfn)) return held;
    held.add(pfn);
  }
}

/** First pages of the regions, ascending. */
function regionsOf(held: ReadonlySet<Pfn>): number[] {
  return Array.from(held)
    .filter((pfn) => pfn % REGION_PAGES === 0)
    .toSorted((a, b) => a - b);
}

function shuffled(items: number[], prng: Prng): number[] {
  for (let i = items.length - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [items[i], items[j]] = [items[j]!, items[i]!];
  }
  return items;
}

/** Gives back one of every two neighbours of 2^order pages. */
function releaseHalf(machine: Machine, held: Set<Pfn>, start: number, order: number, prng: Prng): void {
  const blockPages = 2 ** order;
  for (let pair = start; pair < start + REGION_PAGES; pair += 2 * blockPages) {
    release(machine, held, pair + prng.below(2) * blockPages, blockPages);
  }
}

function release(machine: Machine, held: Set<Pfn>, start: number, pages: number): void {
  for (let page = start; page < start + pages; page++) {
    machine.freePages(page as Pfn, 0);
    held.delete(page as Pfn);
  }
}
