// What a history was, as `--json` prints it.

import type { History } from "../history/history.ts";
import type { Traffic } from "../history/traffic.ts";

export interface HistorySummary {
  readonly file: string;
  readonly format: string;
  /** Operations that change something; reads, flushes and the like are not counted. */
  readonly operations: number;
  readonly disks: readonly string[];
  /** Different pages that were written. */
  readonly pages: number;
  readonly writtenPages: number;
  /** Of these, those over a page that held something. */
  readonly overwrittenPages: number;
  /** Whole pages that were discarded or zeroed, whether they held something or not. */
  readonly discardedPages: number;
  /** Of these, those that held something. */
  readonly discardedHeldPages: number;
  readonly compactions: number;
}

export function summariseHistory(history: History, traffic: Traffic): HistorySummary {
  return {
    file: history.file,
    format: history.format.name,
    operations: history.operationCount,
    disks: history.diskNames,
    pages: history.slotCount,
    writtenPages: traffic.writtenPages,
    overwrittenPages: traffic.overwrittenPages,
    discardedPages: traffic.freedPages,
    discardedHeldPages: traffic.freedHeldPages,
    compactions: traffic.compactions,
  };
}
