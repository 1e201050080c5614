// Traces of zsmalloc of Linux 3.10, when it lived in drivers/staging.

import type { Handle } from "@zlab/zpool";
import type { ClassRow, ZsPool } from "@zlab/zsmalloc";
import { type AllocationFacts, type AllocationFormat, AllocationPlayer } from "../allocation-player.ts";
import type { Checker } from "../checker.ts";
import { type ClassOrders, checkOrders, classOrdersShape } from "../fullness-orders.ts";
import { integers } from "../shape.ts";
import type { TraceFamily } from "../trace-family.ts";
import { assertStatColumns, headerInteger, isRecordedFrom, pageBytesOf } from "../trace-header.ts";
import type { TraceLine } from "../trace-line.ts";

/** The only chain that 3.10 had. */
const CHAIN_SIZE = 4;
/** What stands for any failure: 3.10 returns a handle of 0 and no code. */
const ANY_FAILURE = -1;
const ALMOST_EMPTY = 1;
const ALMOST_FULL = 2;
/** The traces count from the almost full. */
const LISTED_GROUPS: ReadonlyMap<number, number> = new Map([
  [ALMOST_FULL, 0],
  [ALMOST_EMPTY, 1],
]);

const COLUMNS = ["class", "size", "almostFull", "almostEmpty", "pagesAllocated", "pagesPerZspage"] as const;
const TOTALS = ["totalPages", "zspagesEverAllocated"] as const;

const format: AllocationFormat = {
  allocFields: 7,
  checkpoint: [{ list: integers(COLUMNS.length) }, { record: TOTALS }],
  listOrders: [{ list: classOrdersShape }],
};

class Zsmalloc310Facts implements AllocationFacts {
  readonly #pool: ZsPool;
  readonly #checker: Checker;

  constructor(pool: ZsPool, checker: Checker) {
    this.#pool = pool;
    this.#checker = checker;
  }

  allocated(line: TraceLine, handle: Handle): void {
    const place = this.#pool.placementOf(handle);
    this.#checker.equal("class", line.at(3), place.classIndex);
    this.#checker.equal("zspage sequence", line.at(4), place.zspageSeq);
    this.#checker.equal("page in zspage", line.at(5), place.pageIndex);
    this.#checker.equal("object index in page", line.at(6), place.objectIndexInPage);
  }

  failed(recorded: number): void {
    this.#checker.equal("error", recorded, ANY_FAILURE);
  }

  checkpoint(line: TraceLine): void {
    const rows = this.#pool.classRows().filter(({ pagesUsed }) => pagesUsed > 0);
    this.#checker.sameRows("row", COLUMNS, line.valueAt(0) as number[][], rows.map(columnsOf));
    this.#checker.sameTotals(line.valueAt(1) as Record<string, number>, {
      totalPages: this.#pool.totalPages(),
      zspagesEverAllocated: this.#pool.zspagesCreated,
    });
  }

  listOrders(line: TraceLine): void {
    checkOrders(this.#checker, line.valueAt(0) as ClassOrders[], this.#pool, LISTED_GROUPS);
  }
}

function columnsOf(row: ClassRow): number[] {
  return [
    row.classIndex,
    row.sizeBytes,
    row.zspagesByGroup[ALMOST_FULL]!,
    row.zspagesByGroup[ALMOST_EMPTY]!,
    row.pagesUsed,
    row.pagesPerZspage,
  ];
}

export const zsmalloc310: TraceFamily = {
  name: "zsmalloc-3.10",
  backend: "zsmalloc",
  recognises: (header) => isRecordedFrom(header, "zsmalloc", "3.10"),
  settings(header, overrides) {
    assertStatColumns(header, COLUMNS);
    const recorded = headerInteger(header, "chainSize", CHAIN_SIZE, CHAIN_SIZE);
    const chainSize = overrides.chainSize ?? recorded ?? CHAIN_SIZE;
    return { pageBytes: pageBytesOf(header), poolOptions: { era: "linux-3.10", chainSize } };
  },
  createPlayer: (stage) =>
    new AllocationPlayer(stage, format, (checker) => new Zsmalloc310Facts(stage.pool as ZsPool, checker)),
};
