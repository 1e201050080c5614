// What a history was and what it has cost, as text.

import type { Painter } from "../output/colour.ts";
import { counted, formatBytes, formatRatio, signedPercent, thousands } from "../output/format.ts";
import { type Column, formatTable } from "../output/table.ts";
import type { HistorySummary } from "./history-summary.ts";
import type { Prediction } from "./prediction.ts";

const COLUMNS: readonly Column[] = [
  { title: "" },
  { title: "codec", align: "left" },
  { title: "backend", align: "left" },
  { title: "chain" },
  { title: "memory\nat the end" },
  { title: "written\nonce" },
  { title: "the history\ncosts" },
  { title: "" },
  { title: "compaction\ngives back" },
  { title: "at the\npeak" },
  { title: "ratio\nthen" },
  { title: "failed\nrequests" },
];

const LEGEND = `written once  the same contents, written to a fresh device in order        peak  the most memory at any time
`;

/** The lines of the head that tell about the history. */
export function describeHistory(history: HistorySummary): string[] {
  const { file, format, disks, operations, compactions } = history;
  const compacted = compactions === 0 ? "" : `, ${counted(compactions, "compaction")}`;
  return [
    `history  ${file} (${format}): ${counted(operations, "operation")} on ${counted(disks.length, "disk")}`,
    `         ${counted(history.writtenPages, "page")} written, ${thousands(history.overwrittenPages)} of them over others; ` +
      `${thousands(history.pages)} different ones`,
    `         ${counted(history.discardedPages, "page")} discarded, ${thousands(history.discardedHeldPages)} of which held ` +
      `something${compacted}`,
  ];
}

/** A table of what the history has cost each combination. */
export function historyTable(predictions: readonly Prediction[], paint: Painter): string {
  return `${formatTable(COLUMNS, predictions.map(cellsOf), paint)}\n${paint.dim(LEGEND)}\n`;
}

function cellsOf({ rank, codec, backend, chainSize, memoryUsedBytes, history }: Prediction): string[] {
  const { writtenOnce, costBytes, compaction, peak, failedRequests } = history!;
  return [
    String(rank),
    codec,
    backend,
    chainSize === null ? "-" : String(chainSize),
    formatBytes(memoryUsedBytes),
    formatBytes(writtenOnce.memoryUsedBytes),
    `${costBytes < 0 ? "-" : ""}${formatBytes(Math.abs(costBytes))}`,
    signedPercent(costBytes / writtenOnce.memoryUsedBytes),
    compaction === null ? "-" : formatBytes(compaction.freedBytes),
    formatBytes(peak.memoryUsedBytes),
    formatRatio(peak.ratio),
    thousands(failedRequests),
  ];
}
