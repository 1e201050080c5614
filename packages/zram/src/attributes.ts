// The files of /sys/block/zramN by name.

import { EINVAL } from "@zlab/hw-sim";
import type { Attribute } from "./attribute-files.ts";
import { parameterAttributes } from "./algorithm-attributes.ts";
import { ZramError } from "./errors.ts";
import type { Zram } from "./device.ts";
import { formatBlockStat, formatColumns, formatDebugStat, formatIoStat } from "./formats.ts";
import { U16_MAX, U64_MAX, parseInteger, parseIntegerOr, parseMemorySize, show, withoutNewline } from "./parse.ts";
import { LOGICAL_BLOCK_BYTES, SECTOR_BYTES } from "./requests.ts";

type Files = Readonly<Record<string, Attribute>>;

const U64 = { min: 0n, max: U64_MAX } as const;

/** All files of a device; which there are depends on the era and on what the kernel was built with. */
export function zramAttributes(zram: Zram): Map<string, Attribute> {
  const { features } = zram.config;
  return new Map(
    Object.entries({
      ...lifeFiles(zram),
      ...parameterAttributes(zram),
      ...workFiles(zram),
      ...(features.writeback ? writebackFiles(zram) : {}),
      ...statisticsFiles(zram),
      ...(zram.era === "6.12" ? streamFiles(zram) : {}),
      ...queueFiles(zram),
    }),
  );
}

function lifeFiles(zram: Zram): Files {
  return {
    disksize: {
      read: () => `${zram.disksizeBytes}\n`,
      write: (text) => zram.initialise(parseMemorySize(text) ?? 0n),
    },
    initstate: { read: () => (zram.store === undefined ? "0\n" : "1\n") },
    reset: {
      write(text) {
        if (parseInteger("reset", text, { min: 0n, max: U16_MAX }) === 0n)
          throw new ZramError(EINVAL, "reset: 0 does nothing");
        zram.reset();
      },
    },
  };
}

function workFiles(zram: Zram): Files {
  return {
    mem_limit: {
      write(text) {
        const bytes = parseMemorySize(text);
        if (bytes === undefined) throw new ZramError(EINVAL, `mem_limit: no size: ${show(text)}`);
        zram.setLimit(bytes);
      },
    },
    mem_used_max: {
      write(text) {
        parseIntegerOr(EINVAL, "mem_used_max", text, { min: 0n, max: 0n });
        zram.resetPeak();
      },
    },
    compact: { write: () => void zram.compact() },
    idle: { write: (text) => zram.markIdle(idleAge(zram, text)) },
    ...(zram.config.features.multiCompression ? { recompress: { write: (text) => zram.recompress(text) } } : {}),
  };
}

/** Seconds, or undefined for all slots. */
function idleAge(zram: Zram, text: string): number | undefined {
  if (withoutNewline(text) === "all") return undefined;
  if (!zram.config.features.tracking)
    throw new ZramError(EINVAL, 'idle: without tracking of accesses there is only "all"');
  return Number(parseIntegerOr(EINVAL, "idle", text, { ...U64, anyBase: true }));
}

function writebackFiles(zram: Zram): Files {
  const budget = zram.writebackBudget;
  return {
    backing_dev: {
      read: () => `${zram.backing?.device.path ?? "none"}\n`,
      write: (text) => zram.setBacking(withoutNewline(text)),
    },
    writeback: { write: (text) => zram.writeBack(text) },
    writeback_limit: {
      read: () => `${budget.blocks}\n`,
      write: (text) => void (budget.blocks = parseIntegerOr(EINVAL, "writeback_limit", text, U64)),
    },
    writeback_limit_enable: {
      read: () => (budget.isEnabled ? "1\n" : "0\n"),
      write: (text) => void (budget.isEnabled = parseIntegerOr(EINVAL, "writeback_limit_enable", text, U64) !== 0n),
    },
    bd_stat: { read: () => formatColumns(zram.bdStat()) },
  };
}

function statisticsFiles(zram: Zram): Files {
  return {
    mm_stat: { read: () => formatColumns(zram.mmStat()) },
    io_stat: { read: () => formatIoStat(zram) },
    debug_stat: { read: () => formatDebugStat(zram) },
    stat: { read: () => formatBlockStat(zram) },
    size: { read: () => `${zram.sectorCount}\n` },
  };
}

function streamFiles(zram: Zram): Files {
  return {
    max_comp_streams: {
      read: () => `${zram.config.pools.machine.cpus.count}\n`,
      write() {
        // Streams are one per CPU; the file is there for old scripts.
      },
    },
  };
}

/** What the block layer says of the device. None of it ever changes. */
function queueFiles({ pageBytes }: Zram): Files {
  const mostBytes = (2 ** 32 - 1) * SECTOR_BYTES;
  const values: Readonly<Record<string, string | number>> = {
    "queue/logical_block_size": LOGICAL_BLOCK_BYTES,
    "queue/physical_block_size": pageBytes,
    "queue/minimum_io_size": pageBytes,
    "queue/optimal_io_size": pageBytes,
    "queue/discard_granularity": pageBytes,
    "queue/discard_max_bytes": mostBytes,
    "queue/write_zeroes_max_bytes": pageBytes === LOGICAL_BLOCK_BYTES ? mostBytes : 0,
    "queue/dma_alignment": SECTOR_BYTES - 1,
    "queue/write_cache": "write through",
    "queue/fua": 0,
    "queue/rotational": 0,
    "queue/stable_writes": 1,
    "queue/max_sectors_kb": 124,
    ro: 0,
    discard_alignment: 0,
    alignment_offset: 0,
  };
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, { read: () => `${value}\n` }]));
}
