// What follows from the columns of mm_stat, with the size classes of zsmalloc as background.
//
// How much of the overhead is fragmentation can't be read off: mm_stat doesn't tell the lengths of the objects, only their mean. The
// estimate compares the device with one whose objects have lengths evenly around that mean, from half of it to one and a half,
// in full zspages. What the device has beyond that is slots which hold nothing.

import { type SizeClassPlan, resolveOptions } from "@zlab/zsmalloc";
import type { MmStat } from "./parse-mm-stat.ts";

export interface Figures {
  /** Pages that hold data. */
  readonly storedPages: number;
  /** Objects in the pool. Pages on a backing device count here too, since mm_stat doesn't tell them apart. */
  readonly objects: number;
  /** orig_data_size / compr_data_size. */
  readonly dataRatio: number;
  /** orig_data_size / mem_used_total: what the memory is worth. */
  readonly memoryRatio: number;
  /** Length of an object that is not huge. */
  readonly meanObjectBytes: number;
  /** mem_used_total beyond compr_data_size. */
  readonly overheadBytes: number;
  /** The part of it that is slots of zspages which hold nothing: an estimate. */
  readonly emptySlotBytes: number;
  readonly sameShare: number;
  /** Huge objects of all objects. */
  readonly hugeShare: number;
  /** mem_used_total / mem_limit; NaN without a limit. */
  readonly limitShare: number;
  /** mem_used_max beyond mem_used_total. */
  readonly belowPeakBytes: number;
}

/** Figures are NaN where there is nothing to divide. */
export function figuresOf(stat: MmStat, pageBytes: number, chainSize: number): Figures {
  const storedPages = stat.orig_data_size / pageBytes;
  const objects = storedPages - stat.same_pages;
  const hugeBytes = stat.huge_pages * pageBytes;
  const meanObjectBytes = (stat.compr_data_size - hugeBytes) / (objects - stat.huge_pages);
  const overheadBytes = stat.mem_used_total - stat.compr_data_size;
  const denseBytes =
    stat.compr_data_size + (objects - stat.huge_pages) * denseOverhead(meanObjectBytes, pageBytes, chainSize);
  return {
    storedPages,
    objects,
    dataRatio: stat.orig_data_size / stat.compr_data_size,
    memoryRatio: stat.orig_data_size / stat.mem_used_total,
    meanObjectBytes,
    overheadBytes,
    emptySlotBytes: Math.max(0, Math.round(stat.mem_used_total - denseBytes)),
    sameShare: stat.same_pages / storedPages,
    hugeShare: stat.huge_pages / objects,
    limitShare: stat.mem_used_total / (stat.mem_limit || Number.NaN),
    belowPeakBytes: Math.max(0, stat.mem_used_max - stat.mem_used_total),
  };
}

/** Bytes that an object takes beyond its length in full zspages, on average over lengths around `meanBytes`; 0 where there are none, or
 * where columns that contradict each other make the mean longer than a page. */
function denseOverhead(meanBytes: number, pageBytes: number, chainSize: number): number {
  if (!(meanBytes > 0 && meanBytes <= pageBytes)) return 0;
  const { plan } = resolveOptions(pageBytes, { era: "linux-6.12", chainSize });
  const most = (plan.hugeClassSizeBytes ?? pageBytes) - 1;
  const first = Math.max(1, Math.round(meanBytes / 2));
  const last = Math.max(first, Math.min(most, Math.round(meanBytes * 1.5)));
  let overhead = 0;
  for (let bytes = first; bytes <= last; bytes++) overhead += bytesPerObject(plan, bytes, pageBytes) - bytes;
  return overhead / (last - first + 1);
}

function bytesPerObject(plan: SizeClassPlan, bytes: number, pageBytes: number): number {
  const index = plan.indexForRequest(bytes);
  return (plan.pagesPerZspageOf(index) * pageBytes) / plan.objectsPerZspageOf(index);
}
