// Traces of z3fold of Linux 6.12, which moves objects when others are freed.

import type { Handle } from "@zlab/zpool";
import type { Z3foldPool } from "@zlab/z3fold";
import { type AllocationFacts, type AllocationFormat, AllocationPlayer } from "../allocation-player.ts";
import type { Checker } from "../checker.ts";
import { type MovedEntry, checkMoved } from "../moved-objects.ts";
import type { ObjectIds } from "../object-ids.ts";
import { type Shape, integers } from "../shape.ts";
import type { TraceFamily } from "../trace-family.ts";
import { assertStatColumns, isRecordedFrom, pageBytesOf } from "../trace-header.ts";
import type { TraceLine } from "../trace-line.ts";

const PAGE_COLUMNS = ["pageSeq", "firstChunks", "middleChunks", "lastChunks", "startMiddle"] as const;
const TOTALS = ["totalPages", "pagesEverAllocated", "ZHDR_CHUNKS", "NCHUNKS"] as const;
const unbuddiedList: Shape = { tuple: ["integer", { list: integers(PAGE_COLUMNS.length) }] };

const format: AllocationFormat = {
  allocFields: 6,
  movedOnFree: { list: integers(4) },
  checkpoint: [{ list: unbuddiedList }, { record: TOTALS }],
};

type UnbuddiedList = readonly [freeChunks: number, pages: readonly (readonly number[])[]];

class Z3foldFacts implements AllocationFacts {
  readonly #pool: Z3foldPool;
  readonly #checker: Checker;
  readonly #ids: ObjectIds;
  readonly #moved: Handle[] = []; // since the last operation

  constructor(pool: Z3foldPool, checker: Checker, ids: ObjectIds) {
    this.#pool = pool;
    this.#checker = checker;
    this.#ids = ids;
    pool.onMoved = (handle) => this.#moved.push(handle);
  }

  allocated(line: TraceLine, handle: Handle): void {
    const place = this.#pool.placementOf(handle);
    this.#checker.equal("page sequence", line.at(3), place.pageSeq);
    this.#checker.equal("buddy", line.at(4), place.buddy);
    this.#checker.equal("byte offset", line.at(5), place.byteOffset);
  }

  freed(line: TraceLine): void {
    const recorded = line.count > 2 ? (line.valueAt(2) as MovedEntry[]) : [];
    checkMoved(this.#checker, this.#ids, recorded, this.#moved, ["page sequence", "buddy", "byte offset"], (handle) => {
      const { pageSeq, buddy, byteOffset } = this.#pool.placementOf(handle);
      return [pageSeq, buddy, byteOffset];
    });
    this.#moved.length = 0;
  }

  failed(recorded: number, errno: number): void {
    this.#checker.equal("error", recorded, errno);
  }

  checkpoint(line: TraceLine): void {
    const recorded = line.valueAt(0) as UnbuddiedList[];
    const found: readonly UnbuddiedList[] = this.#pool.unbuddiedLists();
    for (let i = 0; i < Math.min(recorded.length, found.length); i++) {
      const [freeChunks, pages] = recorded[i]!;
      this.#checker.equal(`unbuddied list ${i}, free chunks`, freeChunks, found[i]![0]);
      this.#checker.sameRows(`page on list ${freeChunks}`, PAGE_COLUMNS, pages, found[i]![1]);
    }
    this.#checker.sameLength("number of unbuddied lists", recorded, found);
    this.#checker.sameTotals(line.valueAt(1) as Record<string, number>, { ...this.#pool.totals() });
  }
}

export const z3fold612: TraceFamily = {
  name: "z3fold-6.12",
  backend: "z3fold",
  recognises: (header) => isRecordedFrom(header, "z3fold", "6.12"),
  settings(header, { chainSize }) {
    assertStatColumns(header, [
      "freeChunks",
      "list of [pageSeq,firstChunks,middleChunks,lastChunks,startMiddle], head first",
    ]);
    return { pageBytes: pageBytesOf(header), poolOptions: { chainSize } };
  },
  createPlayer: (stage) =>
    new AllocationPlayer(stage, format, (checker, ids) => new Z3foldFacts(stage.pool as Z3foldPool, checker, ids)),
};
