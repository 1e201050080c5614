// The statistics files, to the blank.

import type { Zram } from "./device.ts";
import { type PageStore } from "./page-store.ts";
import { pagesCompacted } from "./pool-traits.ts";
import { LOGICAL_BLOCK_BYTES } from "./requests.ts";
import { SlotFlag } from "./slot-table.ts";

const COLUMN_WIDTH = 8;

/** The nine columns of mm_stat. */
export const MM_STAT_COLUMNS = [
  "orig_data_size",
  "compr_data_size",
  "mem_used_total",
  "mem_limit",
  "mem_used_max",
  "same_pages",
  "pages_compacted",
  "huge_pages",
  "huge_pages_since",
] as const;

/** Values of mm_stat: bytes, or counts of pages. */
export function mmStat({ store, limitPages, pageBytes }: Zram): number[] {
  const limit = limitPages * pageBytes;
  if (store === undefined) return [0, 0, 0, limit, 0, 0, 0, 0, 0];
  const { counters, backend } = store;
  return [
    counters.storedPages * pageBytes,
    counters.storedBytes,
    backend.totalPages() * pageBytes,
    limit,
    counters.peakPages * pageBytes,
    counters.samePages,
    pagesCompacted(backend),
    counters.hugePages,
    counters.hugeStores,
  ];
}

/** failed_reads, failed_writes, invalid_io, notify_free. */
export function ioStat({ store }: Zram): number[] {
  if (store === undefined) return [0, 0, 0, 0];
  const { failedReads, failedWrites, notifyFree } = store.counters;
  return [failedReads, failedWrites, 0, notifyFree];
}

/** bd_count, bd_reads, bd_writes, in blocks of 4 KiB. */
export function bdStat({ store, pageBytes }: Zram): number[] {
  if (store === undefined) return [0, 0, 0];
  const { backingReads, backingWrites } = store.counters;
  const blocksPerPage = pageBytes / LOGICAL_BLOCK_BYTES;
  return [store.backing?.usedBlocks ?? 0, backingReads, backingWrites].map((pages) => pages * blocksPerPage);
}

/** A line of columns, each at least 8 wide. */
export function formatColumns(values: readonly number[]): string {
  return `${values.map(padded).join(" ")}\n`;
}

function padded(value: number): string {
  return String(value).padStart(COLUMN_WIDTH);
}

/** io_stat; its third column has no meaning any more and no width. */
export function formatIoStat(zram: Zram): string {
  const [failedReads, failedWrites, invalidIo, notifyFree] = ioStat(zram).map(padded);
  return `${failedReads} ${failedWrites} ${invalidIo!.trim()} ${notifyFree}\n`;
}

/** debug_stat; in 6.18 nothing counts stalls any more, and what is left of the column is a bare 0. */
export function formatDebugStat({ store, era }: Zram): string {
  const stalls = padded(store?.counters.writeStalls ?? 0);
  return `version: 1\n${era === "6.12" ? stalls : "0"} ${padded(store?.counters.missFree ?? 0)}\n`;
}

/** The block layer's `stat`, 17 columns. Times are 0: the simulated device takes none. Discards and flushes are not counted. */
export function formatBlockStat({ store }: Zram): string {
  const counters = store?.counters;
  const reads = [counters?.readRequests ?? 0, 0, counters?.readSectors ?? 0, 0];
  const writes = [counters?.writeRequests ?? 0, 0, counters?.writeSectors ?? 0, 0];
  return formatColumns([...reads, ...writes, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
}

/** One allocated slot as block_state shows it. */
export interface BlockState {
  readonly index: number;
  /** Microseconds of the last access; 0 if there was none since the content was replaced. */
  readonly accessTime: number;
  /** Six letters "swhirn", a dot for each that is not set. */
  readonly flags: string;
}

/** The allocated slots in order. */
export function* blockStates(store: PageStore): Generator<BlockState> {
  const { slots } = store;
  for (let index = 0; index < slots.count; index++) {
    if (slots.isAllocated(index)) {
      yield { index, accessTime: slots.accessTimeOf(index), flags: flagLetters(store, index) };
    }
  }
}

function flagLetters({ slots }: PageStore, index: number): string {
  const letter = (flag: number, name: string): string => (slots.has(index, flag) ? name : ".");
  return [
    letter(SlotFlag.same, "s"),
    letter(SlotFlag.writtenBack, "w"),
    letter(SlotFlag.huge, "h"),
    letter(SlotFlag.idle, "i"),
    slots.priorityOf(index) > 0 ? "r" : ".",
    letter(SlotFlag.incompressible, "n"),
  ].join("");
}

/** A line of block_state. */
export function formatBlockState({ index, accessTime, flags }: BlockState): string {
  const seconds = Math.floor(accessTime / 1e6);
  const microseconds = Math.floor(accessTime % 1e6);
  return `${String(index).padStart(12)} ${String(seconds).padStart(12)}.${String(microseconds).padStart(6, "0")} ${flags}\n`;
}
