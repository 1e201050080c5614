// Whether operations allocate on the JavaScript heap: garbage collections during many of them, after a warm-up.

import type { CaseResult } from "../case-result.ts";
import { GarbageCounter, type GarbageCounts } from "../garbage.ts";
import { makeWorkload } from "../workload.ts";
import { machineAndPool } from "./pools.ts";
import { SpeedLoops } from "./speed-loops.ts";

export interface GarbageParameters {
  /** A backend's label. */
  readonly backend: string;
  /** Objects that are live at a time. */
  readonly live: number;
  /** Operations of each kind. */
  readonly operations: number;
}

/** Operations between two looks at whether there have been enough. */
const BATCH = 100_000;
/** Share of the operations that is done before anything is counted, so that what compiling allocates isn't. */
const WARM_UP_SHARE = 0.2;

/** Scavenges and other collections during `operations` of pair, of load and of store with free. */
export async function runGarbageCase({ backend, live, operations }: GarbageParameters): Promise<CaseResult> {
  const batch = Math.min(BATCH, operations);
  const workload = makeWorkload({ live, operations: batch, warmUps: 0, samples: 1 });
  const { machine, pool } = machineAndPool(backend, live * 4096);
  const loops = new SpeedLoops(pool, machine, workload);
  loops.storeAll();
  using garbage = new GarbageCounter();
  const during = async (action: () => void, perAction: number): Promise<GarbageCounts> => {
    for (let done = 0; done < WARM_UP_SHARE * operations; done += perAction) action();
    await garbage.take();
    for (let done = 0; done < operations; done += perAction) action();
    return garbage.take();
  };
  const pair = await during(() => loops.pair(0), batch);
  const load = await during(() => loops.load(0), batch);
  const store = await during(() => {
    loops.freeAll();
    loops.storeAll();
  }, live);
  return {
    samples: {},
    facts: {
      pairScavenges: pair.scavenges,
      loadScavenges: load.scavenges,
      storeScavenges: store.scavenges,
      otherCollections: pair.otherCollections + load.otherCollections + store.otherCollections,
    },
    scavenges: pair.scavenges + load.scavenges + store.scavenges,
    otherCollections: pair.otherCollections + load.otherCollections + store.otherCollections,
    rssBytes: process.memoryUsage.rss(),
  };
}
