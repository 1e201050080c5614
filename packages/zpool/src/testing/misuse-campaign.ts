// Misuse in quantity: thousands of seeded cases against hardened pools of one backend, each of which must be found, and right use
// in between, in which nothing must be found.

import { HardenedError } from "../hardened/hardened-error.ts";
import type { PoolOptions, ZpoolDriver } from "../zpool-driver.ts";
import { MisuseBench } from "./misuse-bench.ts";
import { type CommittedMisuse, MISUSE_KINDS, type MisuseKind, commitMisuse } from "./misuse-kinds.ts";

export interface MisuseCampaign {
  readonly driver: ZpoolDriver;
  /** Options of the backend. */
  readonly options?: PoolOptions;
  /** Cases in all; they go through the kinds in turn. */
  readonly cases: number;
  /** Default 1. The same seed gives the same cases. */
  readonly seed?: number;
}

/** What became of the cases of one kind. */
export interface MisuseTally {
  readonly kind: MisuseKind;
  readonly cases: number;
  /** Found by the call that had to, and reported as what it was, with the object's history. */
  readonly found: number;
}

export interface MisuseResult {
  readonly tallies: readonly MisuseTally[];
  /** A line for each case that was not found or reported as something else, and for each time that right use was refused. */
  readonly problems: readonly string[];
}

const CASES_PER_POOL = 50;
const QUARANTINE_OBJECTS = 64; // of every other pool

/** Misuses hardened pools of a backend in `cases` ways. Never throws for what a pool does. */
export function runMisuseCampaign({ driver, options = {}, cases, seed = 1 }: MisuseCampaign): MisuseResult {
  const found = new Map<MisuseKind, number>(MISUSE_KINDS.map((kind) => [kind, 0]));
  const problems: string[] = [];
  for (let first = 0; first < cases; first += CASES_PER_POOL) {
    const quarantineObjects = (first / CASES_PER_POOL) % 2 === 0 ? 0 : QUARANTINE_OBJECTS;
    const bench = new MisuseBench(driver, { ...options, quarantineObjects }, seed * 1_000_003 + first);
    const count = Math.min(CASES_PER_POOL, cases - first);
    for (let number = first; number < first + count; number++) {
      const kind = kindOf(number);
      const problem = runCase(kind, bench);
      if (problem === undefined) found.set(kind, found.get(kind)! + 1);
      else problems.push(`${driver.type}, seed ${seed}, case ${number}, ${kind}: ${problem}`);
      if (problem !== undefined) break; // the pool's state is not to be relied on any more
    }
    const atEnd = attempt(() => finish(bench));
    if (atEnd !== undefined) problems.push(`${driver.type}, seed ${seed}, pool from case ${first}: ${atEnd}`);
  }
  const casesOf = (kind: MisuseKind): number => Math.ceil((cases - MISUSE_KINDS.indexOf(kind)) / MISUSE_KINDS.length);
  return {
    tallies: MISUSE_KINDS.map((kind) => ({ kind, cases: Math.max(0, casesOf(kind)), found: found.get(kind)! })),
    problems,
  };
}

function kindOf(caseNumber: number): MisuseKind {
  return MISUSE_KINDS[caseNumber % MISUSE_KINDS.length]!;
}

/** Runs one case on any CPU; returns what went wrong, undefined if nothing did. */
function runCase(kind: MisuseKind, bench: MisuseBench): string | undefined {
  const { cpus } = bench.machine;
  return cpus.runOn(bench.below(cpus.count), () => {
    let committed: CommittedMisuse | undefined;
    const before = attempt(() => {
      bench.workALittle();
      committed = commitMisuse(kind, bench);
    });
    if (before !== undefined) return `right use was refused: ${before}`;
    const verdict = judge(committed!);
    const after = attempt(() => {
      committed!.finish?.();
      bench.pool.check(3);
      for (const object of bench.objects) bench.verify(object);
    });
    return verdict ?? (after === undefined ? undefined : `afterwards: ${after}`);
  });
}

/** Calls what must find the misuse; returns what is wrong with the report. */
function judge({ form, expected, object, find }: CommittedMisuse): string | undefined {
  try {
    find();
  } catch (error) {
    if (!(error instanceof HardenedError)) return `${form}: threw ${String(error)}`;
    if (error.misuse !== expected) return `${form}: reported as ${error.misuse}, not ${expected}: ${error.message}`;
    const { history } = error;
    if (history?.handle === object.handle && history.bytes === object.content.length) return undefined;
    return `${form}: reported for another object: ${error.message}`;
  }
  return `${form}: not found`;
}

/** Frees everything and destroys the pool; no page may be missing. */
function finish(bench: MisuseBench): void {
  while (bench.objects.length > 0) bench.free(bench.any());
  bench.pool.destroy();
  const { machine } = bench;
  if (machine.freePageCount() !== bench.freePagesAtStart) throw new Error("pages were not given back");
}

/** The message of what `action` throws. */
function attempt(action: () => void): string | undefined {
  try {
    action();
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  }
  return undefined;
}
