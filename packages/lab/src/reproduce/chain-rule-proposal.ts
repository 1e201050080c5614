// T4 and T5: the proposal of January 2026 for another chain rule, with its synthetic workload.

import { planSizeClasses } from "@zlab/zsmalloc";
import { mustStore, withZsPool } from "../experiments/own-pages.ts";
import { SYNTHETIC_BYTES, SYNTHETIC_OBJECTS, largePageClasses, largePagePlan, syntheticWorkload } from "./published.ts";
import { type Cell, type PublishedTable, exactCell } from "./reproduction.ts";

const PAGE_BYTES = 4096;
const HEADER_BYTES = 8;
const OBJECTS_PER_SIZE = 1337;
const [SMALLEST_BYTES, LARGEST_BYTES, STEP_BYTES] = [32, 4080, 16];

export const syntheticTable: PublishedTable = {
  id: "T4",
  title: "synthetic workload: pages, spanning objects and bytes copied under both rules",
  source:
    "S. Senozhatsky, RFC of 1 January 2026 (20260101013814.2312147-3-senozhatsky@chromium.org); chain 8 worked out",
  basis: "the same workload through real pools: 1,337 objects of each size from 32 to 4,080 bytes in steps of 16",
  reproduce: () => ({ cells: syntheticWorkload.flatMap((figures) => workloadCells(figures)) }),
};

function workloadCells([rule, chainSize, ...figures]: (typeof syntheticWorkload)[number]): Cell[] {
  const [poolPages, usedPermille, spanningObjects, copiedBytes] = figures;
  const found = runWorkload(rule, chainSize);
  const row = `${rule}, chain ${chainSize}`;
  return [
    exactCell(row, "objects", SYNTHETIC_OBJECTS, found.objects),
    exactCell(row, "pool pages", poolPages, found.poolPages),
    exactCell(row, "allocated bytes", SYNTHETIC_BYTES, found.allocatedBytes),
    exactCell(row, "used, per mille", usedPermille, found.usedPermille),
    exactCell(row, "spanning objects", spanningObjects, found.spanningObjects),
    exactCell(row, "memcpy bytes", copiedBytes, found.copiedBytes),
  ];
}

interface WorkloadFigures {
  readonly objects: number;
  readonly poolPages: number;
  readonly allocatedBytes: number;
  readonly usedPermille: number;
  readonly spanningObjects: number;
  readonly copiedBytes: number;
}

/** Bytes copied are the requests of the spanning objects, each mapped once. */
function runWorkload(rule: string, chainSize: number): WorkloadFigures {
  return withZsPool({ rule, chainSize }, (pool) => {
    let allocatedBytes = 0;
    let copiedBytes = 0;
    for (let bytes = SMALLEST_BYTES; bytes <= LARGEST_BYTES; bytes += STEP_BYTES) {
      const slotBytes = pool.plan.sizeBytesOf(pool.lookupClassIndex(bytes));
      for (let i = 0; i < OBJECTS_PER_SIZE; i++) {
        const handle = mustStore(pool, bytes);
        allocatedBytes += bytes;
        if (pool.placementOf(handle).offset + slotBytes > PAGE_BYTES) copiedBytes += bytes;
      }
    }
    const { objects, totalPages, spanningObjects } = pool.stats();
    const usedPermille = Math.floor((allocatedBytes * 1000) / (totalPages * PAGE_BYTES));
    return { objects, poolPages: totalPages, allocatedBytes, usedPermille, spanningObjects, copiedBytes };
  });
}

export const largePageTable: PublishedTable = {
  id: "T5",
  title: "16 KiB pages with steps of 64 and of 16 bytes between classes",
  source:
    "S. Senozhatsky, RFC of 1 January 2026 (20260101013814.2312147-2-senozhatsky@chromium.org); martinus/quetschn",
  basis: "class plans of this program at chain 8",
  reproduce: () => ({ cells: [...planCells(), ...largePageClasses.flatMap((row) => largePageCells(row))] }),
};

const largePlan = (classDeltaBytes: number): ReturnType<typeof planSizeClasses> =>
  planSizeClasses({
    pageBytes: 16384,
    chainSize: 8,
    rule: "min-waste",
    classDeltaBytes,
    merge: true,
    headerBytes: HEADER_BYTES,
  });

function planCells(): Cell[] {
  const plan = largePlan(64);
  const row = "steps of 64";
  return [
    exactCell(row, "nominal sizes", largePagePlan.indexCount, plan.indexCount),
    exactCell(row, "classes", largePagePlan.classCount, plan.classCount),
    exactCell(row, "huge_class_size", largePagePlan.hugeClassSizeBytes, plan.hugeClassSizeBytes!),
  ];
}

function largePageCells(figures: (typeof largePageClasses)[number]): Cell[] {
  const [deltaBytes, needBytes, slotBytes, pages, objects, tailWaste, mergeWaste] = figures;
  const plan = largePlan(deltaBytes);
  const index = plan.indexForRequest(needBytes - HEADER_BYTES);
  const row = `steps of ${deltaBytes}, need ${needBytes}`;
  const lost = (plan.sizeBytesOf(index) - needBytes) * plan.objectsPerZspageOf(index);
  return [
    exactCell(row, "slot", slotBytes, plan.sizeBytesOf(index)),
    exactCell(row, "pages", pages, plan.pagesPerZspageOf(index)),
    exactCell(row, "objects", objects, plan.objectsPerZspageOf(index)),
    exactCell(row, "tail waste", tailWaste, plan.wastedBytesOf(index)),
    exactCell(row, "merge waste", mergeWaste, lost),
  ];
}
