// Columns and figures in words.

import { counted, formatBytes, formatPercent, isOrAre, thousands } from "../output/format.ts";
import type { Figures } from "./figures.ts";
import type { MmStat, MmStatColumn } from "./parse-mm-stat.ts";

/** What each column says about the device, in the order of the line. */
export function meanings(stat: MmStat, figures: Figures): Readonly<Record<MmStatColumn, string>> {
  const { storedPages, objects, overheadBytes, sameShare, hugeShare, limitShare } = figures;
  return {
    orig_data_size:
      `${formatBytes(stat.orig_data_size)} of data in ${counted(storedPages, "page")}, as they would lie in memory; same-filled ` +
      "pages and pages on a backing device included, pages never written or discarded not.",
    compr_data_size:
      `${formatBytes(stat.compr_data_size)} is what they were compressed to` +
      (stat.compr_data_size > 0 ? `, a ratio of ${ratio(figures.dataRatio)}` : "") +
      `: ${counted(objects, "object")}${figures.meanObjectBytes > 0 && objects > 0 ? ` of ${thousands(figures.meanObjectBytes)} bytes on average, huge ones aside` : ""}.`,
    mem_used_total:
      `${formatBytes(stat.mem_used_total)} is what the pool takes for that, in whole pages` +
      (stat.compr_data_size > 0
        ? `: ${formatBytes(overheadBytes)} (${formatPercent(overheadBytes / stat.compr_data_size)}) beyond the compressed data.`
        : ".") +
      " Not in here: 8 bytes for each object's handle, and the device's table of slots.",
    mem_limit:
      stat.mem_limit === 0
        ? "0: there is no limit; only the machine's memory ends the device's growth."
        : `${formatBytes(stat.mem_limit)} is what the pool may take; it has ${formatPercent(limitShare)} of it.`,
    mem_used_max:
      `${formatBytes(stat.mem_used_max)} was the most that the pool had since the peak was reset, stores that failed ` +
      `and the moment of overwriting included; ${formatBytes(figures.belowPeakBytes)} more than now.`,
    same_pages: `${counted(stat.same_pages, "page")} (${formatPercent(sameShare)}) ${isOrAre(stat.same_pages)} one machine word over and over, mostly zeros, which takes no memory.`,
    pages_compacted: `${counted(stat.pages_compacted, "page")} ${stat.pages_compacted === 1 ? "was" : "were"} given back by compaction since the device was set up.`,
    huge_pages:
      `${counted(stat.huge_pages, "page")} (${formatPercent(hugeShare)} of the objects) would not compress enough and ${isOrAre(stat.huge_pages)} stored as ` +
      "they are, a page each.",
    huge_pages_since: `${counted(stat.huge_pages_since, "time")} a page was stored so; ${thousands(Math.max(0, stat.huge_pages_since - stat.huge_pages))} of them are gone.`,
  };
}

const NEAR_LIMIT = 0.9;
const MANY_EMPTY = 0.1;
const MANY_HUGE = 0.2;
const POOR_RATIO = 1.5;
const HIGH_PEAK = 1.25;

/** What deserves a look, the most pressing first. Never empty. */
export function advice(stat: MmStat, figures: Figures): string[] {
  if (stat.orig_data_size === 0) return ["The device is empty: nothing has been written, or all was discarded."];
  const found = [
    ...contradictions(stat, figures),
    ...limitAdvice(figures),
    `The pool holds ${ratio(figures.memoryRatio)} times its own size in data (${ratio(figures.dataRatio)} times without its overhead).` +
      (figures.memoryRatio < POOR_RATIO
        ? " That is little: another compressor, or less to swap, may serve better."
        : ""),
  ];
  if (figures.emptySlotBytes > MANY_EMPTY * stat.mem_used_total) {
    found.push(
      `About ${formatBytes(figures.emptySlotBytes)} (${formatPercent(figures.emptySlotBytes / stat.mem_used_total)} of the pool) ` +
        "seem to be slots that hold nothing: fragmentation, or a device with little in it. Writing 1 to its file compact gives a part back.",
    );
  }
  if (figures.hugeShare > MANY_HUGE) {
    found.push(
      `${formatPercent(figures.hugeShare)} of the objects are incompressible and take a page each: recompression with a stronger ` +
        "algorithm (recompress type=huge) or writeback to disk (writeback huge) would help most.",
    );
  }
  if (stat.mem_used_max > HIGH_PEAK * stat.mem_used_total) {
    found.push(
      `The peak is ${formatBytes(figures.belowPeakBytes)} above the present use; size the machine by the peak. Writing 0 to mem_used_max starts it anew.`,
    );
  }
  return found;
}

function limitAdvice({ limitShare }: Figures): string[] {
  if (limitShare > 1) {
    return [
      "The pool is above its limit: stores fail with an I/O error, except for same-filled pages, until pages are freed.",
    ];
  }
  if (limitShare >= NEAR_LIMIT) return ["The limit is near: when it is reached, stores fail with an I/O error."];
  return [];
}

/** Relations of the columns that hold on every device at rest. */
function contradictions(stat: MmStat, { objects, storedPages }: Figures): string[] {
  const broken = [
    stat.same_pages > storedPages ? "more same-filled pages than pages" : "",
    stat.huge_pages > Math.max(0, objects) ? "more huge pages than objects" : "",
    stat.huge_pages > stat.huge_pages_since ? "more huge pages than were ever stored" : "",
    stat.compr_data_size > stat.mem_used_total ? "more compressed data than memory" : "",
  ].filter(Boolean);
  if (broken.length === 0) return [];
  return [
    `The columns contradict each other (${broken.join("; ")}): the line was changed, or read in the midst of stores.`,
  ];
}

function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "-";
}
