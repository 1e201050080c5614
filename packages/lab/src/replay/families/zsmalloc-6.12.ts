// Traces of zsmalloc of Linux 6.12.

import type { Handle } from "@zlab/zpool";
import type { ClassRow, ZsPool } from "@zlab/zsmalloc";
import { type AllocationFacts, type AllocationFormat, AllocationPlayer } from "../allocation-player.ts";
import type { Checker } from "../checker.ts";
import { type ClassOrders, checkOrders, classOrdersShape } from "../fullness-orders.ts";
import { type MovedEntry, checkMoved } from "../moved-objects.ts";
import type { ObjectIds } from "../object-ids.ts";
import { integers } from "../shape.ts";
import type { TraceFamily } from "../trace-family.ts";
import { assertStatColumns, headerInteger, isRecordedFrom, pageBytesOf } from "../trace-header.ts";
import type { TraceLine } from "../trace-line.ts";

const DEFAULT_CHAIN_SIZE = 8;
/** Groups that hold a zspage between operations. The last is that of the full ones, which `l` lines leave out. */
const GROUPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] as const;
const LISTED_GROUPS: ReadonlyMap<number, number> = new Map(GROUPS.slice(0, -1).map((group) => [group, group]));

const COLUMNS = [
  "class",
  "size",
  "10%",
  "20%",
  "30%",
  "40%",
  "50%",
  "60%",
  "70%",
  "80%",
  "90%",
  "99%",
  "100%",
  "objAllocated",
  "objUsed",
  "pagesUsed",
  "pagesPerZspage",
  "freeable",
] as const;
const TOTALS = ["totalPages", "shrinkerCount", "pagesCompacted", "zspagesEverAllocated"] as const;

const format: AllocationFormat = {
  allocFields: 6,
  compact: ["integer", "integer", { list: integers(3) }],
  checkpoint: [{ list: integers(COLUMNS.length) }, { record: TOTALS }],
  listOrders: [{ list: classOrdersShape }],
};

class Zsmalloc612Facts implements AllocationFacts {
  readonly #pool: ZsPool;
  readonly #checker: Checker;
  readonly #ids: ObjectIds;

  constructor(pool: ZsPool, checker: Checker, ids: ObjectIds) {
    this.#pool = pool;
    this.#checker = checker;
    this.#ids = ids;
  }

  allocated(line: TraceLine, handle: Handle): void {
    const place = this.#pool.placementOf(handle);
    this.#checker.equal("class", line.at(3), place.classIndex);
    this.#checker.equal("zspage sequence", line.at(4), place.zspageSeq);
    this.#checker.equal("object index", line.at(5), place.objectIndex);
  }

  failed(recorded: number, errno: number): void {
    this.#checker.equal("error", recorded, errno);
  }

  compact(line: TraceLine): void {
    const moved: Handle[] = [];
    const pagesFreed = this.#pool.compact((handle) => moved.push(handle));
    this.#checker.equal("pagesFreed", line.at(0), pagesFreed);
    this.#checker.equal("totalPages", line.at(1), this.#pool.totalPages());
    const recorded = line.valueAt(2) as MovedEntry[];
    checkMoved(this.#checker, this.#ids, recorded, moved, ["zspage sequence", "object index"], (handle) => {
      const { zspageSeq, objectIndex } = this.#pool.placementOf(handle);
      return [zspageSeq, objectIndex];
    });
  }

  checkpoint(line: TraceLine): void {
    const pool = this.#pool;
    const rows = pool.classRows().filter(({ objectsAllocated }) => objectsAllocated > 0);
    this.#checker.sameRows("row", COLUMNS, line.valueAt(0) as number[][], rows.map(columnsOf));
    this.#checker.sameTotals(line.valueAt(1) as Record<string, number>, {
      totalPages: pool.totalPages(),
      shrinkerCount: pool.shrinkerCount(),
      pagesCompacted: pool.poolStats().pagesCompacted,
      zspagesEverAllocated: pool.zspagesCreated,
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
    ...GROUPS.map((group) => row.zspagesByGroup[group]!),
    row.objectsAllocated,
    row.objectsUsed,
    row.pagesUsed,
    row.pagesPerZspage,
    row.freeablePages,
  ];
}

export const zsmalloc612: TraceFamily = {
  name: "zsmalloc-6.12",
  backend: "zsmalloc",
  recognises: (header) => isRecordedFrom(header, "zsmalloc", "6.12"),
  settings(header, overrides) {
    assertStatColumns(header, COLUMNS);
    const recorded = headerInteger(header, "chainSize", 4, 16);
    const chainSize = overrides.chainSize ?? recorded ?? DEFAULT_CHAIN_SIZE;
    return { pageBytes: pageBytesOf(header), poolOptions: { era: "linux-6.12", chainSize } };
  },
  createPlayer: (stage) =>
    new AllocationPlayer(stage, format, (checker, ids) => new Zsmalloc612Facts(stage.pool as ZsPool, checker, ids)),
};
