// T1 and T2: what the kernel's document of zsmalloc says of the classes.

import { GFP_KERNEL } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { type ChainRule, type SizeClassPlan, type ZsPool, planSizeClasses } from "@zlab/zsmalloc";
import { withZsPool } from "../experiments/own-pages.ts";
import {
  CHAIN_OF_208,
  type StatisticsRow,
  chainWaste,
  classListings,
  clustersByChain,
  sampleRows,
} from "./published.ts";
import { type Cell, type PublishedTable, exactCell } from "./reproduction.ts";

const PAGE_BYTES = 4096;
const HEADER_BYTES = 8;

export const clustersTable: PublishedTable = {
  id: "T1",
  title: "chain size, clusters (distinct classes) and huge watermark",
  source: "Documentation/mm/zsmalloc.rst of Linux; clusters of today worked out from the rules",
  basis: "class plans of this program, under the rule before 6.3 (used per cent) and since (least waste)",
  reproduce: () => {
    const cells = clustersByChain.flatMap((row) => clustersOf(row));
    return { cells, remarks: [documentFinding(cells)] };
  },
};

const DOCUMENT_COLUMN = "clusters, document";
const TODAY_COLUMN = "clusters, today";
const WATERMARK_COLUMN = "watermark, today";

function clustersOf([chainSize, clusters, watermark, clustersToday]: (typeof clustersByChain)[number]): Cell[] {
  const before = planOf("used-percent", chainSize);
  const today = planOf("min-waste", chainSize);
  const row = `chain ${chainSize}`;
  return [
    exactCell(row, DOCUMENT_COLUMN, clusters, before.classCount),
    exactCell(row, TODAY_COLUMN, clustersToday, today.classCount),
    exactCell(row, "watermark, before 6.3", watermark, watermarkOf(before)),
    exactCell(row, WATERMARK_COLUMN, watermark, watermarkOf(today)),
  ];
}

/** The largest slot below the whole page; the threshold is one byte more than what fits in it. */
function watermarkOf(plan: SizeClassPlan): number {
  return plan.hugeClassSizeBytes! - 1 + HEADER_BYTES;
}

/** Which columns of the document are still those of the code; from the cells of T1. */
export function documentFinding(cells: readonly Cell[]): string {
  const column = (name: string): Cell[] => cells.filter((cell) => cell.column === name);
  const documented = column(DOCUMENT_COLUMN);
  const today = column(TODAY_COLUMN);
  const stale = documented.filter((cell, i) => cell.published !== today[i]!.reproduced).length;
  const oldRule = documented.filter((cell) => cell.verdict === "exact").length;
  const watermarks = column(WATERMARK_COLUMN);
  const right = watermarks.filter((cell) => cell.verdict === "exact").length;
  const rows = documented.length;
  const watermarkSentence = `The watermark column describes it in ${right} of ${rows} rows.`;
  if (stale === 0)
    return `The document's cluster column describes today's code in all ${rows} rows. ${watermarkSentence}`;
  return (
    `The document's cluster column no longer describes the code: today's rule gives other numbers in ${stale} of ${rows} rows. ` +
    `${oldRule} of ${rows} are those of the rule before Linux 6.3, which chose the pages of a zspage by used per cent; ` +
    `since January 2023 the least waste decides. ${watermarkSentence}`
  );
}

export const classListTable: PublishedTable = {
  id: "T2",
  title: "class listings, waste by chain, and sample rows of the statistics file",
  source: "Documentation/mm/zsmalloc.rst of Linux; commit message of the change of the chain rule",
  basis: "class plans, and pools filled and emptied to the sample rows' objects",
  reproduce: () => ({ cells: [...listingCells(), ...mergeCells(), ...wasteCells(), ...statisticsCells(sampleRows)] }),
};

function listingCells(): Cell[] {
  return classListings.flatMap(([rule, chainSize, rows]) => {
    const plan = planOf(rule as ChainRule, chainSize);
    return rows.flatMap(([index, sizeBytes, pages]) => {
      const row = `${rule}, chain ${chainSize}, class ${index}`;
      const owns = plan.ownerOf(index) === index;
      return [
        exactCell(row, "slot", sizeBytes, owns ? plan.sizeBytesOf(index) : Number.NaN),
        exactCell(row, "pages", pages, owns ? plan.pagesPerZspageOf(index) : Number.NaN),
      ];
    });
  });
}

/** Classes 95 to 99 merge into 100, which has five objects a zspage. */
function mergeCells(): Cell[] {
  const plan = planOf("min-waste", 4);
  const row = "chain 4, class 100";
  return [
    exactCell(row, "merged from", 95, plan.mergedFromLowestOf(100)),
    exactCell(row, "objects", 5, plan.objectsPerZspageOf(100)),
  ];
}

function wasteCells(): Cell[] {
  const cells = chainWaste.flatMap(({ slotBytes, wasteBytes, usedPercent }) =>
    wasteBytes.flatMap((waste, i) => {
      const bytes = (i + 1) * PAGE_BYTES;
      const found = bytes % slotBytes;
      const row = `slots of ${slotBytes} bytes on ${i + 1} pages`;
      const percent = Math.floor(((bytes - found) * 100) / bytes);
      return [exactCell(row, "waste", waste, found), exactCell(row, "used %", usedPercent[i]!, percent)];
    }),
  );
  const choices = Object.entries(CHAIN_OF_208).map(([rule, pages]) => {
    const plan = planOf(rule as ChainRule, 4);
    const index = plan.indexForRequest(208 - HEADER_BYTES);
    return exactCell(`slots of 208 bytes, ${rule}`, "pages", pages, plan.ownPagesPerZspageOf(index));
  });
  return [...cells, ...choices];
}

/** Makes a pool with the objects of each row and reads what it says. */
export function statisticsCells(rows: readonly StatisticsRow[]): Cell[] {
  return withZsPool({ rule: "used-percent", chainSize: 4 }, (pool) =>
    rows.flatMap(([slotBytes, allocated, used, pages, pagesPerZspage, freeable]) => {
      const classIndex = fillClass(pool, slotBytes, allocated, used);
      const found = pool.classRows().find((row) => row.classIndex === classIndex)!;
      const row = `class of ${slotBytes} bytes`;
      return [
        exactCell(row, "obj_allocated", allocated, found.objectsAllocated),
        exactCell(row, "obj_used", used, found.objectsUsed),
        exactCell(row, "pages_used", pages, found.pagesUsed),
        exactCell(row, "pages_per_zspage", pagesPerZspage, found.pagesPerZspage),
        exactCell(row, "freeable", freeable, found.freeablePages),
      ];
    }),
  );
}

/** Fills zspages of a class to the last slot and frees all but `used` objects, so that no zspage becomes empty. Returns the class. */
function fillClass(pool: ZsPool, slotBytes: number, allocated: number, used: number): number {
  const handles = Array.from({ length: allocated }, () => pool.malloc(slotBytes - HEADER_BYTES, GFP_KERNEL) as Handle);
  const classIndex = pool.lookupClassIndex(slotBytes - HEADER_BYTES);
  const capacity = pool.plan.objectsPerZspageOf(classIndex);
  const spare = handles.filter((_, i) => i % capacity !== 0);
  for (const handle of spare.slice(0, allocated - used)) pool.free(handle);
  return classIndex;
}

function planOf(rule: ChainRule, chainSize: number): SizeClassPlan {
  return planSizeClasses({
    pageBytes: PAGE_BYTES,
    chainSize,
    rule,
    classDeltaBytes: 16,
    merge: true,
    headerBytes: HEADER_BYTES,
  });
}
