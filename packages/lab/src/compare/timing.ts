// How long storing, loading and freeing take.

import { hrtime } from "node:process";
import type { ZpoolBackend } from "@zlab/zpool";
import { StoredObjects } from "./stored-objects.ts";

/** The compiler of the JavaScript engine needs about this long until the code of a backend is as fast as it gets. */
const FIRST_WARM_UP_MS = 100;
/** What other objects need once the code is compiled. */
const NEXT_WARM_UP_MS = 5;
/** Rounds are repeated until they fill this time; the median of less would be luck. */
const MEASURING_MS = 15;
const MIN_ROUNDS = 5;

export interface Timings {
  /** malloc, map WO, copy, unmap: nanoseconds per object. NaN if nothing can be stored. */
  readonly nsPerStore: number;
  /** map RO, copy, unmap. */
  readonly nsPerLoad: number;
  readonly nsPerFree: number;
}

/** Where nothing was measured. */
export const NO_TIMINGS: Timings = { nsPerStore: Number.NaN, nsPerLoad: Number.NaN, nsPerFree: Number.NaN };

/** Fills and empties an empty pool again and again. Each phase of a round is measured as a whole, and the median of the rounds
 * counts. `pageBytes` bounds the objects' lengths; `isFirst` tells that this backend was not measured before. */
export function measure(
  pool: ZpoolBackend,
  objects: readonly Uint8Array[],
  pageBytes: number,
  isFirst: boolean,
): Timings {
  const stored = new StoredObjects(pool, objects);
  const buffer = new Uint8Array(pageBytes);
  repeatFor(isFirst ? FIRST_WARM_UP_MS : NEXT_WARM_UP_MS, 3, () => measureRound(stored, buffer));
  const rounds = repeatFor(MEASURING_MS, MIN_ROUNDS, () => measureRound(stored, buffer));
  return {
    nsPerStore: median(rounds.map(({ nsPerStore }) => nsPerStore)),
    nsPerLoad: median(rounds.map(({ nsPerLoad }) => nsPerLoad)),
    nsPerFree: median(rounds.map(({ nsPerFree }) => nsPerFree)),
  };
}

/** Repeats `round` at least `minRounds` times and until the process has worked for `ms` milliseconds. Time that other processes take
 * away doesn't count, so that the code is warm on a busy machine too. */
function repeatFor<T>(ms: number, minRounds: number, round: () => T): T[] {
  const results: T[] = [];
  const start = process.cpuUsage();
  while (results.length < minRounds || workedMs(start) < ms) results.push(round());
  return results;
}

function workedMs(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function measureRound(stored: StoredObjects, buffer: Uint8Array): Timings {
  const start = hrtime.bigint();
  let storedCount = 0;
  for (let place = 0; place < stored.placeCount; place++) if (stored.store(place, place)) storedCount++;
  const afterStore = hrtime.bigint();
  for (let place = 0; place < stored.placeCount; place++) if (stored.isStored(place)) stored.load(place, buffer);
  const afterLoad = hrtime.bigint();
  for (let place = 0; place < stored.placeCount; place++) if (stored.isStored(place)) stored.free(place);
  const afterFree = hrtime.bigint();
  return {
    nsPerStore: Number(afterStore - start) / storedCount,
    nsPerLoad: Number(afterLoad - afterStore) / storedCount,
    nsPerFree: Number(afterFree - afterLoad) / storedCount,
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
