// A device: its settings before it has a disksize, the page store while it has one, and what the attributes and the block layer ask
// for. It reads like the life of the real one: uninitialised, disksize, use, reset.

import { EBUSY, EINVAL, ENOMEM, ENOSPC, type Errno } from "@zlab/hw-sim";
import { Algorithms } from "./algorithms.ts";
import { AttributeFiles } from "./attribute-files.ts";
import { zramAttributes } from "./attributes.ts";
import { BackingFaults, BackingStore } from "./backing-store.ts";
import { checkZram } from "./check.ts";
import { EAGAIN, ENODEV, EOPNOTSUPP } from "./errno.ts";
import { ZramError } from "./errors.ts";
import { bdStat, blockStates, formatBlockState, ioStat, mmStat } from "./formats.ts";
import { markIdle } from "./idle.ts";
import { ZramNode } from "./node.ts";
import type { ZramConfig, ZramEra } from "./options.ts";
import { PageCache } from "./page-cache.ts";
import { PageStore } from "./page-store.ts";
import { parseRecompress, recompress } from "./recompress.ts";
import { SECTOR_BYTES, discardRequest, readRequest, writeRequest } from "./requests.ts";
import { SlotTable } from "./slot-table.ts";
import {
  type WritebackBudget,
  parseWriteback,
  parseWriteback612,
  writeBackInSlotOrder,
  writeBackLargestFirst,
} from "./writeback.ts";

/** As many as typed arrays can have. */
const MAX_SLOTS = 2 ** 32;

export class Zram {
  /** Number of the device: 0 for zram0. */
  readonly id: number;
  readonly config: ZramConfig;
  readonly pageBytes: number;
  readonly algorithms: Algorithms;
  /** The files of /sys/block/zramN. */
  readonly attributes: AttributeFiles;
  /** Makes requests to the backing device fail. */
  readonly backingFaults: BackingFaults = new BackingFaults();
  /** How much may be written back. Reset leaves it as it is, contrary to the kernel's documentation. */
  readonly writebackBudget: WritebackBudget = { isEnabled: false, blocks: 0n };
  readonly pageCache: PageCache;
  #store: PageStore | undefined;
  #backing: BackingStore | undefined;
  #limitPages = 0;
  #isProcessing = false;
  #openNodes = 0;

  /** Use `ZramControl`, or give it a number yourself. */
  constructor(id: number, config: ZramConfig) {
    this.id = id;
    this.config = config;
    this.pageBytes = config.pools.machine.pageBytes;
    this.algorithms = new Algorithms(config.codecs, config.defaultAlgorithm);
    this.attributes = new AttributeFiles(zramAttributes(this));
    this.pageCache = new PageCache(this);
  }

  get era(): ZramEra {
    return this.config.era;
  }

  /** Slots, counters and pool of an initialised device. */
  get store(): PageStore | undefined {
    return this.#store;
  }

  get backing(): BackingStore | undefined {
    return this.#backing;
  }

  /** Pages that the pool may have; 0 for no limit. */
  get limitPages(): number {
    return this.#limitPages;
  }

  /** Size of the virtual disk in bytes; 0 on an uninitialised device. */
  get disksizeBytes(): number {
    return (this.#store?.slots.count ?? 0) * this.pageBytes;
  }

  get sectorCount(): number {
    return this.disksizeBytes / SECTOR_BYTES;
  }

  /** Nodes that are open now. */
  get openNodes(): number {
    return this.#openNodes;
  }

  // ---- Life -------------------------------------------------------------------------------------------------------------

  /** Gives the device its size, rounded up to whole pages. Throws EINVAL for 0 or if a codec refuses its parameters, EBUSY on an
   * initialised device, ENOMEM. A failure takes the settings of the algorithms with it. */
  initialise(bytes: bigint): void {
    if (bytes === 0n) throw new ZramError(EINVAL, "disksize must not be 0");
    if (this.#store !== undefined) throw new ZramError(EBUSY, "disksize: the device has one; reset it first");
    const slotCount = pagesOf(bytes, this.pageBytes);
    if (slotCount === 0n || slotCount > MAX_SLOTS) throw noSlots();
    try {
      this.algorithms.createStreams();
      this.#store = this.#createStore(Number(slotCount));
    } catch (error) {
      this.algorithms.forget();
      throw error;
    }
  }

  #createStore(slotCount: number): PageStore {
    const { pools, backend, poolOptions, features } = this.config;
    const slots = createSlots(slotCount, features.tracking);
    const pool = pools.create(backend, `zram${this.id}`, poolOptions);
    return new PageStore(this.config, slots, pool, this.algorithms, this.#backing, this.#limitPages);
  }

  /** Gives all memory and blocks back and forgets every setting but the writeback budget. Throws EBUSY while a node is open. */
  reset(): void {
    if (this.#openNodes > 0) throw new ZramError(EBUSY, "reset: the device is open");
    this.#store?.destroy();
    this.#store = undefined;
    this.#backing?.device.close();
    this.#backing = undefined;
    this.#limitPages = 0;
    this.algorithms.forget();
  }

  /** Opens /dev/zramN. Until it is closed, the device can't be reset or removed. */
  open(): ZramNode {
    this.#openNodes++;
    return new ZramNode(this, () => this.#openNodes--);
  }

  // ---- Settings ---------------------------------------------------------------------------------------------------------

  /** Limits the pool, from the next store on; 0 for no limit. Rounded up to pages. */
  setLimit(bytes: bigint): void {
    this.#limitPages = Number(pagesOf(bytes, this.pageBytes));
    if (this.#store !== undefined) this.#store.limitPages = this.#limitPages;
  }

  /** Opens a backing device, in place of the one before. Throws EBUSY on an initialised device, and what opening throws. */
  setBacking(path: string): void {
    if (this.#store !== undefined)
      throw new ZramError(EBUSY, "backing_dev: the device has its disksize; reset it first");
    const device = this.config.openBacking(path, this.pageBytes);
    this.#backing?.device.close();
    this.#backing = new BackingStore(device, this.backingFaults);
  }

  /** Sets the peak of memory use to the current use. */
  resetPeak(): void {
    if (this.#store !== undefined) this.#store.counters.peakPages = this.#store.backend.totalPages();
  }

  // ---- Work -------------------------------------------------------------------------------------------------------------

  /** Compacts the pool; returns the pages freed, 0 for a backend that can't. */
  compact(): number {
    return this.#initialised("compact").pool.compact();
  }

  /** Marks slots as idle: all, or those not accessed for so many seconds. */
  markIdle(ageSeconds?: number): void {
    const store = this.#initialised("idle");
    const cutoff = ageSeconds === undefined ? undefined : this.config.clock() - ageSeconds * 1e6;
    markIdle(store, cutoff, this.era);
  }

  /** Recompresses as the text asks. Throws EINVAL, ERANGE, EAGAIN, ENOMEM; EOPNOTSUPP without contents. */
  recompress(text: string): void {
    const request = parseRecompress(text, this.#store?.hugeThreshold ?? Infinity);
    const store = this.#initialised("recompress");
    this.#exclusively("recompress", () => recompress(store, request, this.era));
  }

  /** Writes back as the text asks. Throws EINVAL, ERANGE, EAGAIN, ENODEV, EIO, ENOSPC; EOPNOTSUPP without contents. */
  writeBack(text: string): void {
    const store = this.#initialised("writeback");
    const { count } = store.slots;
    const scan = this.era === "6.12" ? parseWriteback612(text, count) : undefined;
    this.#exclusively("writeback", () => {
      const backing = this.#backing;
      if (backing === undefined) throw new ZramError(ENODEV, "writeback: the device has no backing device");
      if (scan !== undefined) return writeBackInSlotOrder(store, backing, this.writebackBudget, scan);
      return writeBackLargestFirst(store, backing, this.writebackBudget, parseWriteback(text, count));
    });
  }

  // ---- The block layer's side -------------------------------------------------------------------------------------------

  /** Reads bytes; offset and length are multiples of 4096 within the device. Returns 0, EIO, or ENOSPC outside. */
  read(offsetBytes: number, target: Uint8Array): 0 | Errno {
    if (this.#store === undefined || offsetBytes + target.length > this.disksizeBytes) return ENOSPC;
    return readRequest(this.#store, offsetBytes, target);
  }

  /** Writes bytes; offset and length are multiples of 4096 within the device. Returns 0, EIO, or ENOSPC outside. */
  write(offsetBytes: number, source: Uint8Array): 0 | Errno {
    if (this.#store === undefined || offsetBytes + source.length > this.disksizeBytes) return ENOSPC;
    return writeRequest(this.#store, offsetBytes, source);
  }

  /** Discards the whole pages of a range within the device. Returns 0, or ENOSPC outside. Zeroing is the same. */
  discard(offsetBytes: number, lengthBytes: number): 0 | Errno {
    if (this.#store === undefined || offsetBytes + lengthBytes > this.disksizeBytes) return ENOSPC;
    discardRequest(this.#store, offsetBytes, lengthBytes);
    return 0;
  }

  /** Tells the device that it is used for swap and a slot has become free. */
  notifySlotFree(index: number): void {
    const store = this.#store;
    if (store === undefined || index >= store.slots.count) return;
    store.counters.notifyFree++;
    store.free(index);
  }

  // ---- Looking in -------------------------------------------------------------------------------------------------------

  /** The columns of mm_stat. */
  mmStat(): number[] {
    return mmStat(this);
  }

  /** The columns of io_stat. */
  ioStat(): number[] {
    return ioStat(this);
  }

  /** The columns of bd_stat. */
  bdStat(): number[] {
    return bdStat(this);
  }

  /** The text of block_state in the debug file system. Throws EINVAL on an uninitialised device. */
  blockState(): string {
    return Array.from(blockStates(this.#initialised("block_state")), formatBlockState).join("");
  }

  /** Verifies the equations between slots, counters, pool and backing device. Throws ZLAB_CORRUPT with the one that does not hold. */
  check(): void {
    if (this.#store !== undefined) checkZram(this.#store);
  }

  #initialised(what: string): PageStore {
    if (this.#store === undefined) throw new ZramError(EINVAL, `${what}: the device has no disksize yet`);
    return this.#store;
  }

  /** Recompression and writeback exclude each other. */
  #exclusively(what: string, work: () => 0 | Errno): void {
    if (this.#store?.keepsBytes !== true)
      throw new ZramError(EOPNOTSUPP, `${what}: a size-only machine has no contents`);
    if (this.#isProcessing) throw new ZramError(EAGAIN, `${what}: another recompression or writeback is running`);
    this.#isProcessing = true;
    try {
      const result = work();
      if (result !== 0) throw new ZramError(result, `${what} did not do everything`);
    } finally {
      this.#isProcessing = false;
    }
  }
}

function createSlots(count: number, tracksAccessTime: boolean): SlotTable {
  try {
    return new SlotTable(count, tracksAccessTime);
  } catch (error) {
    if (error instanceof RangeError) throw noSlots();
    throw error;
  }
}

function noSlots(): ZramError {
  return new ZramError(ENOMEM, "disksize: no memory for the slots");
}

/** Bytes in pages, rounded up with the wrap of 64 bits. */
function pagesOf(bytes: bigint, pageBytes: number): bigint {
  const page = BigInt(pageBytes);
  return BigInt.asUintN(64, bytes + page - 1n) / page;
}
