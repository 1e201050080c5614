// Which damage to an image does no harm, and why. A flip that restore doesn't report must be one of these by its place, and the restored
// pool may differ from the original in nothing but what its kind names.

import type { SectionPlace } from "../image-format.ts";

export interface HarmlessKind {
  readonly name: string;
  /** Why no data depend on it. */
  readonly reason: string;
  /** What may differ: names of observations (program.ts), or their beginnings with a dot at the end. */
  readonly mayDiffer: readonly string[];
  /** Entries where it can be, by section. */
  readonly entries: Readonly<Record<string, (entry: number) => boolean>>;
}

const anywhere = (): boolean => true;
const WAKEUPS_OF_ZONE = 2;
const ZONE_COUNTS = 3;
/** Entries of pool.counters: zspages created; failures and what follows. */
const ZSPAGES_CREATED = 1;
const FAILURES = 4;

export const HARMLESS_KINDS: readonly HarmlessKind[] = [
  {
    name: "count of events",
    reason: "what happened before is only reported: failures, wake-ups, costs, compactions so far",
    mayDiffer: ["stats.", "machine."],
    entries: {
      "machine/blocks": anywhere,
      "machine/cost": anywhere,
      "machine/zone.counts": (entry) => entry % ZONE_COUNTS === WAKEUPS_OF_ZONE,
      "pool/pool.counters": (entry) => entry >= FAILURES,
    },
  },
  {
    name: "number of a zspage",
    reason: "zspages are numbered for traces and for people; places and lists don't depend on it",
    mayDiffer: ["sequences"],
    entries: { "pool/zspages": anywhere, "pool/pool.counters": (entry) => entry === ZSPAGES_CREATED },
  },
  {
    name: "generation of a free cell",
    reason:
      "the next handle of the cell is another number, as good; the chance that a stale one equals it stays 1 in 128",
    mayDiffer: ["handles"],
    entries: { "pool/handles": anywhere },
  },
];

/** The kind of a flip in entry `entry` of a section that made a pool differ in `differing`; undefined if there is none. A flip without
 * any difference is of no kind: nothing shows what it is. */
export function harmlessKind(
  place: SectionPlace,
  entry: number,
  differing: readonly string[],
): HarmlessKind | undefined {
  if (differing.length === 0) return undefined;
  return HARMLESS_KINDS.find(({ entries, mayDiffer }) => {
    const isAllowed = (what: string): boolean =>
      mayDiffer.some((name) => (name.endsWith(".") ? what.startsWith(name) : what === name));
    return (entries[place.name]?.(entry) ?? false) && differing.every(isAllowed);
  });
}
