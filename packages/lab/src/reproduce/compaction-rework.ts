// T9: what the rework of 2023 spared: smaller groups, and a target that stays one.

import type { PoolOptions } from "@zlab/zpool";
import { thousands } from "../output/format.ts";
import { withZsPool } from "../experiments/own-pages.ts";
import { fillAndRelease } from "../experiments/random-release.ts";
import { compactionRework } from "./published.ts";
import { type PublishedTable, changeFrom, relationCell } from "./reproduction.ts";

const SEED = 1;
const CHAIN_SIZE = 10;
const OBJECT_COUNT = 400_000;
/** Part of the objects that stay. The published script's part is not known; the gain depends on it. */
const KEPT = 1 / 3;

export const compactionTable: PublishedTable = {
  id: "T9",
  title: "objects copied by a compaction, before and after each half of the rework of 2023",
  source:
    "S. Senozhatsky, patches of 4 March 2023 (20230304034835.2082479-4-senozhatsky@chromium.org); its script is not public",
  basis: `${thousands(OBJECT_COUNT)} objects of random sizes at chain ${CHAIN_SIZE}; two of three are freed at random, then a compaction`,
  reproduce: () => {
    const old = copiesOf({ fullness: "three-quarters", compaction: "before-2023" });
    const newAlgorithm = copiesOf({ fullness: "three-quarters", compaction: "linux-6.12" });
    const today = copiesOf({ fullness: "tenths", compaction: "linux-6.12" });
    const { oldGroupsOld, oldGroupsNew, newGroupsNew } = compactionRework;
    const column = "copies against before";
    return {
      cells: [
        relationCell("new algorithm", column, changeFrom(oldGroupsOld, oldGroupsNew), changeFrom(old, newAlgorithm)),
        relationCell("new groups too", column, changeFrom(oldGroupsOld, newGroupsNew), changeFrom(old, today)),
      ],
    };
  },
};

function copiesOf(options: PoolOptions): number {
  return withZsPool({ chainSize: CHAIN_SIZE, ...options }, (pool) => {
    fillAndRelease(pool, { objectCount: OBJECT_COUNT, kept: KEPT, seed: SEED });
    pool.compact();
    return pool.stats().objectsMoved;
  });
}
