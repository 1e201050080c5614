// Experiment 8: where the bytes of a real zram device are. mm_stat tells how much the device stores and how much memory it takes; what
// lies between is explained here part by part, so that the sum is the kernel's number to the byte.

import { findCodec } from "../compare/select.ts";
import { formatPercent, thousands } from "../output/format.ts";
import { formatTable } from "../output/table.ts";
import { compressPages } from "../pages/compressed-pages.ts";
import { readCorpusSizesByPage } from "../pages/corpus-sizes.ts";
import { readPageFiles } from "../pages/page-files.ts";
import { DEVICE_STEPS, MM_STAT, type MmStat, SizedDevice, kernelMmStat, replayDevice } from "./device-history.ts";
import type { DeviceInput, Experiment, ExperimentOptions, View } from "./experiment.ts";
import { withZsPool } from "./own-pages.ts";
import type { PoolAccount } from "./pool-account.ts";

const PAGE_BYTES = 4096;
const CHAIN_SIZE = 8;
/** A handle is the address of a cell of so many bytes, which no column of mm_stat counts. */
const HANDLE_CELL_BYTES = 8;
const KERNEL_CODECS = ["lz4", "lzo", "lzo-rle"] as const;

export interface StatsVsKernelData {
  /** Whose numbers these are. */
  readonly device: string;
  readonly states: readonly DeviceState[];
}

/** A device at one moment: what the kernel says, and the parts that make it up. */
interface DeviceState {
  readonly name: string;
  /** Columns of mm_stat. */
  readonly comprDataBytes: number;
  readonly memUsedBytes: number;
  /** What the pool of this program has. */
  readonly account: PoolAccount;
  /** Memory that the kernel has beyond that: what a history unknown here left behind. 0 where all was replayed and agrees. */
  readonly unexplainedBytes: number;
  /** Cells of the handles, which lie outside the pool. */
  readonly handleCellBytes: number;
}

export const statsVsKernel: Experiment<StatsVsKernelData> = {
  name: "stats-vs-kernel",
  summary: "where does every byte of a real zram device go?",
  question:
    "A kernel's mm_stat says how many bytes zram stores (compr_data_size) and how many its pool takes (mem_used_total). Where are " +
    "those between: in headers, in rounding up to a class, at the ends of zspages, or in slots that are free? Without --mm-stat and " +
    "--pages: a kernel's device with the built-in pages, written, a third discarded, compacted, half overwritten.",

  run(options: ExperimentOptions): StatsVsKernelData {
    if (options.device !== undefined) return explainDevice(options.device);
    const states = KERNEL_CODECS.flatMap((codec, i) => {
      options.progress(i / KERNEL_CODECS.length, codec);
      const accounts = withZsPool({ chainSize: CHAIN_SIZE }, (pool) =>
        replayDevice(pool, readCorpusSizesByPage(codec)),
      );
      const mmStats = kernelMmStat(codec);
      return DEVICE_STEPS.map((step) => stateOf(`${codec}, ${step}`, mmStats[step], accounts[step]));
    });
    return { device: "Linux 6.18, the built-in pages", states };
  },

  render({ device, states }: StatsVsKernelData, view: View): string {
    return [
      `${device}; bytes:\n`,
      formatTable(COLUMNS, states.map(cellsOf), view.paint),
      "payload: what zram stored. headers: 8 bytes in front of each object, its handle. rounding: from the object to the slot of its",
      "class. tails: ends of zspages that no slot fits in. free slots: slots of zspages in use that hold nothing (fragmentation).",
      "history: what the kernel has beyond this program's pool. Beside the pool, and in no column: the handles' cells.\n",
    ].join("\n");
  },

  conclude({ states }: StatsVsKernelData): string {
    const exact = states.filter(({ unexplainedBytes }) => unexplainedBytes === 0).length;
    const state = states[0]!;
    const largest = states.reduce((most, each) => (overheadOf(each) > overheadOf(most) ? each : most));
    return (
      `In ${exact} of ${states.length} states the parts add up to the kernel's mem_used_total without a remainder; ` +
      `${state.name}, ${describeParts(state)}` +
      (largest === state ? "" : `; most is lost when ${largest.name}: ${describeParts(largest)}`) +
      `${mismatchOf(states)}.`
    );
  },
};

/** A device of the user's: its pages in a new device, and what mm_stat has beyond that. */
function explainDevice({ mmStat, pagesFile, codec, cwd }: DeviceInput): StatsVsKernelData {
  const pages = readPageFiles([pagesFile], cwd, PAGE_BYTES);
  const { objects } = compressPages(pages, findCodec(codec));
  const account = withZsPool({ chainSize: CHAIN_SIZE }, (pool) => {
    const device = new SizedDevice(pool, objects.length);
    for (const [slot, object] of objects.entries()) device.write(slot, object.length);
    return device.account();
  });
  return {
    device: `mm_stat as given, the pages of ${pagesFile} by ${codec}`,
    states: [stateOf("now", mmStat, account)],
  };
}

function stateOf(name: string, mmStat: MmStat, account: PoolAccount): DeviceState {
  const memUsedBytes = mmStat[MM_STAT.memUsedTotal]!;
  return {
    name,
    comprDataBytes: mmStat[MM_STAT.comprDataSize]!,
    memUsedBytes,
    account,
    unexplainedBytes: memUsedBytes - account.totalBytes,
    handleCellBytes: account.objects * HANDLE_CELL_BYTES,
  };
}

function overheadOf({ memUsedBytes, account }: DeviceState): number {
  return 1 - account.payloadBytes / memUsedBytes;
}

/** The parts beside the payload, the largest first: "of 4,751,360 bytes 70.6 % are payload, 21.0 % free slots, …". */
function describeParts({ memUsedBytes, account, unexplainedBytes }: DeviceState): string {
  const parts: [string, number][] = [
    ["headers", account.headerBytes],
    ["rounding", account.roundingBytes],
    ["tails", account.tailBytes],
    ["free slots", account.freeSlotBytes],
    ["history", unexplainedBytes],
  ];
  const texts = parts
    .filter(([, bytes]) => bytes !== 0)
    .toSorted((a, b) => b[1] - a[1])
    .map(([name, bytes]) => `${formatPercent(bytes / memUsedBytes)} ${name}`);
  const payload = formatPercent(account.payloadBytes / memUsedBytes);
  const freeable = thousands(account.freeablePages);
  return (
    `of ${thousands(memUsedBytes)} bytes ${payload} are payload, ${texts.join(", ")}, and compaction could free ` +
    `${freeable} pages`
  );
}

/** A warning if the pages can't be those of the device. */
function mismatchOf(states: readonly DeviceState[]): string {
  const wrong = states.filter(({ comprDataBytes, account }) => comprDataBytes !== account.payloadBytes);
  if (wrong.length === 0) return "";
  const { name, comprDataBytes, account } = wrong[0]!;
  return (
    `; but the pages are not exactly those of the device (${name}): they compress to ${thousands(account.payloadBytes)} bytes, ` +
    `and compr_data_size is ${thousands(comprDataBytes)}`
  );
}

const COLUMNS = [
  { title: "state", align: "left" as const },
  { title: "payload" },
  { title: "headers" },
  { title: "rounding" },
  { title: "tails" },
  { title: "free slots" },
  { title: "history" },
  { title: "sum" },
  { title: "mem_used_total" },
  { title: "handles' cells" },
];

function cellsOf({ name, account, unexplainedBytes, memUsedBytes, handleCellBytes }: DeviceState): string[] {
  const { payloadBytes, headerBytes, roundingBytes, tailBytes, freeSlotBytes } = account;
  const parts = [payloadBytes, headerBytes, roundingBytes, tailBytes, freeSlotBytes, unexplainedBytes];
  const sum = parts.reduce((total, part) => total + part, 0);
  return [name, ...[...parts, sum, memUsedBytes, handleCellBytes].map(thousands)];
}
