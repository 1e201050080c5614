// A pool's part of an image: its tables and counters. What is in no use (a record's words behind the link to the next unused one, the
// rest of a segment) is written as 0, so that equal states have equal images, and a restored pool whose image differs from the
// one it came from has a word where none belongs.
//
//   zspages          the table of classes and zspages (table-layout.ts), up to the end of the last segment
//   zspage.segments  class of each segment
//   handles          cells (handle-table.ts)
//   handles.free     heads of the two lists of free cells
//   pool.counters    pages, zspages created, mallocs, frees, failures, pages compacted, objects moved
//
// What may differ from Linux's rules is in the options; the CPUs' copy buffers are left out, since what they hold between two
// mappings is undefined.

import { type ImageError, StateReader, badState } from "@zlab/hw-sim";
import { type PoolImage, type PoolOptions, ZPoolError } from "@zlab/zpool";
import type { ZsmallocConfig } from "./eras.ts";
import { FULLNESS_BANDS, type FullnessName } from "./fullness.ts";
import * as tableLayout from "./table-layout.ts";
import type { ZsPool } from "./zs-pool.ts";
import type { ZspageTable } from "./zspage-table.ts";

const COUNTERS = 7;

const { GROUP_BASE, RECORD_WORDS, SIZE_BYTES, CAPACITY, DATA_OFFSET, PAGES, INDEX } = tableLayout;
/** What follows from the options, in a class record. */
const CLASS_CONSTANTS = [GROUP_BASE, RECORD_WORDS, SIZE_BYTES, CAPACITY, DATA_OFFSET, PAGES, INDEX];

/** Writes down a pool of which nothing is mapped. */
export function imageOfPool(pool: ZsPool): PoolImage {
  const { zspages, handles, zspagesCreated } = pool;
  const { totalPages, mallocs, frees, failures, pagesCompacted, objectsMoved } = pool.stats();
  return {
    options: optionsOf(pool.config),
    ownerNumber: pool.ownerNumber,
    tables: {
      zspages: wordsInUse(zspages),
      "zspage.segments": zspages.copySegments(),
      handles: handles.copyCells(),
      "handles.free": handles.freeListHeads(),
      "pool.counters": Float64Array.of(
        totalPages,
        zspagesCreated,
        mallocs,
        frees,
        failures,
        pagesCompacted,
        objectsMoved,
      ),
    },
  };
}

/** Loads an image's tables into a new pool that was made with the image's options. Throws ZLAB_IMAGE_STATE for tables that no such
 * pool can have. Nothing in them has been followed; that all fits together is for `check(3)` to say. */
export function loadImage(pool: ZsPool, { ownerNumber, tables }: PoolImage): ZsPool {
  if (pool.ownerNumber !== ownerNumber) {
    throw new ZPoolError(
      "ZLAB_POOL_OPTIONS",
      `${pool.name} is owner ${pool.ownerNumber} on this machine and ${ownerNumber} in its image; restore the machine with it`,
    );
  }
  const reader = new StateReader(tables);
  loadZspages(pool.zspages, reader.int32("zspages"), reader.int32("zspage.segments"));
  const cells = reader.int32("handles");
  if (cells[0] !== 0) throw badState("handles", 0, "cell 0 is none, and must be there and 0");
  if (!pool.handles.load(cells, reader.int32("handles.free", 2))) throw tooLong("handles", cells);
  pool.loadCounters(reader.counters("pool.counters", COUNTERS));
  return pool;
}

/** Loads the table if its classes are those of the pool, and each segment has one of them. */
function loadZspages(zspages: ZspageTable, words: Int32Array, segments: Int32Array): void {
  const own = zspages.copyWords();
  for (const c of zspages.classes) {
    const wrong = CLASS_CONSTANTS.find((field) => words[c + field] !== own[c + field]);
    if (wrong !== undefined) throw badState("zspages", c + wrong, `class ${zspages.indexOf(c)} is another than it was`);
  }
  const { firstSegment } = zspages;
  const firstSegments = zspages.copySegments().length;
  if (words.length < firstSegment || (segments.length * firstSegment) / firstSegments !== words.length) {
    throw badState("zspage.segments", segments.length, "there is not a class for each segment of the table");
  }
  const classes = new Set<number>(zspages.classes);
  const isRight = (c: number, i: number): boolean => (i < firstSegments ? c === 0 : classes.has(c));
  const wrong = segments.findIndex((c, i) => !isRight(c, i));
  if (wrong >= 0) throw badState("zspage.segments", wrong, `${segments[wrong]} is no class`);
  if (!zspages.load(words, segments)) throw tooLong("zspages", words);
}

function tooLong(table: string, { length }: Int32Array): ImageError {
  return badState(table, length, "the table is longer than that of any pool");
}

/** All options, so that the defaults don't matter. */
function optionsOf({ era, plan, bands, compaction, layout, mapping }: ZsmallocConfig): PoolOptions {
  const names = Object.keys(FULLNESS_BANDS) as FullnessName[];
  return {
    era: era.name,
    chainSize: plan.options.chainSize,
    rule: plan.options.rule,
    classDelta: plan.options.classDeltaBytes,
    fullness: names.find((name) => FULLNESS_BANDS[name] === bands),
    compaction: era.handles === "direct" ? undefined : compaction,
    layout,
    mapping,
  };
}

/** A copy of the table in which only the class records, the zspages and the links of unused records are not 0. */
function wordsInUse(zspages: ZspageTable): Int32Array {
  const all = zspages.copyWords();
  const words = new Int32Array(all.length);
  const classWords = tableLayout.LISTS + tableLayout.SENTINEL_WORDS * zspages.groupCount;
  for (const c of zspages.classes) {
    words.set(all.subarray(c, c + classWords), c);
    const recordWords = tableLayout.HEADER_WORDS + zspages.capacityOf(c) + zspages.pagesOf(c);
    zspages.forEach(c, (z) => words.set(all.subarray(z, z + recordWords), z));
    for (let z = zspages.firstUnused(c); z !== tableLayout.NO_ZSPAGE; z = zspages.nextUnused(z))
      words[z + tableLayout.NEXT] = all[z + tableLayout.NEXT]!;
  }
  return words;
}
