// A pool of several threads. Its machine is divided into regions of page frames, and each thread has a shard of the pool on one of
// them: a zsmalloc pool of its own that nobody else changes. So malloc, and free of what is one's own, need no lock and nothing
// atomic. All tables are in shared memory, made here once for all; whoever has the description can follow any handle.

import { type Machine, type MachineShare, OpenTables, type SharedTable, openMachine } from "@zlab/hw-sim";
import { type PoolOptions, ZPoolError } from "@zlab/zpool";
import { resolveOptions } from "../eras.ts";
import { HandleTable } from "../handle-table.ts";
import { PoolTables } from "../pool-tables.ts";
import { MIN_SLOT_BYTES } from "../size-classes.ts";
import { ZspageTable } from "../zspage-table.ts";
import { OWNER, mailboxWords } from "./mailbox.ts";
import { MOST_SHARDS, ShardHandles } from "./shard-handles.ts";
import { ShardPool } from "./shard-pool.ts";
import { ShardReader } from "./shard-reader.ts";

/** A sharded pool as it goes to the threads: it can be posted. */
export interface ShardedPool {
  readonly name: string;
  readonly options: PoolOptions;
  readonly shardCount: number;
  readonly machine: MachineShare;
  readonly tables: readonly SharedTable[];
}

/** Makes a pool with a shard for each region of the machine, whose backing must be "shared-array-buffer". The options are those of
 * zsmalloc; objects must be able to move (not `era: "linux-3.10"`). Throws ZLAB_POOL_OPTIONS. */
export function createShardedPool(machine: Machine, name: string, options: PoolOptions = {}): ShardedPool {
  const config = resolveOptions(machine.pageBytes, options);
  if (config.era.handles === "direct") {
    throw wrongOption(`${config.era.name} can't be sharded: its handles have no room for the number of a shard`);
  }
  if (machine.memory.backing !== "shared-array-buffer") {
    throw wrongOption(
      `a sharded pool needs a machine with backing "shared-array-buffer", not "${machine.memory.backing}"`,
    );
  }
  const share = machine.share();
  const shardCount = share.options.region?.count ?? 1;
  if (shardCount > MOST_SHARDS) {
    throw wrongOption(`a pool has at most ${MOST_SHARDS} shards; the machine has ${shardCount} regions`);
  }
  const shardHandles = new ShardHandles(shardCount);
  const tables = Array.from({ length: shardCount }, (_, index) => {
    const region = openMachine(share, index); // makes the tables for its pages, and is given up
    const poolTables = new PoolTables(region, labelOf(name, index));
    const zspages = new ZspageTable(config.plan, config.bands, poolTables);
    const cellsPerPage = machine.pageBytes / MIN_SLOT_BYTES;
    void new HandleTable(zspages, poolTables, 0, cellsPerPage, shardHandles.cellsOf(index));
    region.tables.int32(mailboxWords(shardCount), mailboxOf(name, index));
    return region.tables.share();
  });
  return { name, options: { ...options }, shardCount, machine: share, tables: tables.flat() };
}

/** Opens a shard in the thread that is to own it; every other thread can do so with one of the others. `machine` is the thread's machine
 * for the region of the same number: give the one that the pool was created with if its region is the shard's, since a region
 * may have one machine only. Throws ZLAB_SHARD if there is no such shard, or a thread has it already. */
export function openShard(
  pool: ShardedPool,
  index: number,
  machine: Machine = openMachine(pool.machine, existingShard(pool, index)),
): ShardPool {
  const { name, shardCount } = pool;
  existingShard(pool, index);
  const config = resolveOptions(machine.pageBytes, pool.options);
  const opened = new OpenTables(pool.tables);
  const mailboxes = Array.from({ length: shardCount }, (_, shard) => opened.int32(mailboxOf(name, shard)));
  if (Atomics.compareExchange(mailboxes[index]!, OWNER, 0, 1) !== 0) {
    throw new ZPoolError("ZLAB_SHARD", `${labelOf(name, index)} was opened before; each shard has one thread`);
  }
  const handles = new ShardHandles(shardCount);
  const partOf = (shard: number): { tables: PoolTables; cells: { first: number; end: number } } => ({
    tables: new PoolTables(machine, labelOf(name, shard), opened),
    cells: handles.cellsOf(shard),
  });
  const readerOf = (shard: number): ShardReader => {
    return new ShardReader(machine, labelOf(name, shard), config, partOf(shard), mailboxes[shard]!);
  };
  return new ShardPool({
    machine,
    name,
    index,
    config,
    part: partOf(index),
    handles,
    mailboxes,
    readerOf,
  });
}

function existingShard({ name, shardCount }: ShardedPool, index: number): number {
  if (Number.isInteger(index) && index >= 0 && index < shardCount) return index;
  throw new ZPoolError("ZLAB_SHARD", `${name} has no shard ${index}: there are ${shardCount}, counted from 0`);
}

function labelOf(name: string, shard: number): string {
  return `${name} shard ${shard}`;
}

function mailboxOf(name: string, shard: number): string {
  return `${labelOf(name, shard)}: mailbox`;
}

function wrongOption(what: string): ZPoolError {
  return new ZPoolError("ZLAB_POOL_OPTIONS", what);
}
