// Traces of zbud of Linux 6.12.

import type { Handle } from "@zlab/zpool";
import type { ZbudPool } from "@zlab/zbud";
import { type AllocationFacts, type AllocationFormat, AllocationPlayer } from "../allocation-player.ts";
import type { Checker } from "../checker.ts";
import type { Shape } from "../shape.ts";
import type { TraceFamily } from "../trace-family.ts";
import { assertStatColumns, isRecordedFrom, pageBytesOf } from "../trace-header.ts";
import type { TraceLine } from "../trace-line.ts";

const TOTALS = ["totalPages", "buddied", "unbuddied", "pagesEverAllocated"] as const;
const unbuddiedList: Shape = { tuple: ["integer", { list: "integer" }] };

const format: AllocationFormat = {
  allocFields: 6,
  checkpoint: [{ list: unbuddiedList }, { record: TOTALS }],
};

class ZbudFacts implements AllocationFacts {
  readonly #pool: ZbudPool;
  readonly #checker: Checker;

  constructor(pool: ZbudPool, checker: Checker) {
    this.#pool = pool;
    this.#checker = checker;
  }

  allocated(line: TraceLine, handle: Handle): void {
    const place = this.#pool.placementOf(handle);
    this.#checker.equal("page sequence", line.at(3), place.pageSeq);
    this.#checker.equal("buddy", line.at(4), place.buddy);
    this.#checker.equal("byte offset", line.at(5), place.byteOffset);
  }

  failed(recorded: number, errno: number): void {
    this.#checker.equal("error", recorded, errno);
  }

  checkpoint(line: TraceLine): void {
    const lists = line.valueAt(0) as [freeChunks: number, pageSeqs: number[]][];
    this.#checker.sameKeyedLists("unbuddied list", "free chunks", lists, this.#pool.unbuddiedLists());
    this.#checker.sameTotals(line.valueAt(1) as Record<string, number>, { ...this.#pool.totals() });
  }
}

export const zbud612: TraceFamily = {
  name: "zbud-6.12",
  backend: "zbud",
  recognises: (header) => isRecordedFrom(header, "zbud", "6.12"),
  settings(header, { chainSize }) {
    assertStatColumns(header, ["freeChunks", "list of pageSeq, head first"]);
    return { pageBytes: pageBytesOf(header), poolOptions: { chainSize } };
  },
  createPlayer: (stage) =>
    new AllocationPlayer(stage, format, (checker) => new ZbudFacts(stage.pool as ZbudPool, checker)),
};
