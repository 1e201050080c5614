// One combination under a history: a device that does what a block trace asks for, and what that has cost in the end.

import type { MachineOptions } from "@zlab/hw-sim";
import { SlotFlag } from "@zlab/zram";
import { type PageRequest, ZEROS } from "../history/page-request.ts";
import type { SizeTable } from "../sizing/size-table.ts";
import type { Candidate } from "./candidates.ts";
import { PredictedDevice, type Prediction } from "./prediction.ts";

/** What a history has done to a combination, as `--json` prints it. */
export interface HistoryCost {
  /** Requests that ended at a page that could not be written. */
  readonly failedRequests: number;
  /** These pages, and those behind them in the same request, which the kernel doesn't try. */
  readonly failedPages: number;
  /** The device when its pool was largest, in the middle of an overwrite perhaps. */
  readonly peak: {
    readonly origBytes: number;
    readonly compressedBytes: number;
    /** mem_used_max. */
    readonly memoryUsedBytes: number;
    readonly ratio: number;
  };
  /** A fresh device to which the contents at the end are written once, in order. */
  readonly writtenOnce: { readonly memoryUsedBytes: number; readonly mmStat: string };
  /** What the history costs: memory used beyond that of the fresh device. */
  readonly costBytes: number;
  /** What a compaction at the end gives back; null if the allocator has none. */
  readonly compaction: { readonly freedBytes: number; readonly memoryUsedBytes: number } | null;
}

export class ReplayedDevice {
  readonly #device: PredictedDevice;
  readonly #machineOptions: MachineOptions;
  readonly #slotCount: number;
  #failedPages = 0;
  #peakPages = 0;
  #storedPagesAtPeak = 0;
  #storedBytesAtPeak = 0;

  constructor(candidate: Candidate, machineOptions: MachineOptions, slotCount: number) {
    this.#device = new PredictedDevice(candidate, machineOptions, slotCount);
    this.#machineOptions = machineOptions;
    this.#slotCount = slotCount;
  }

  /** Does what a request asks for. A write ends at the first page that fails, as in the kernel. */
  perform(request: PageRequest, sizes: SizeTable): void {
    if (request.kind === "write") this.#write(request, sizes);
    else if (request.kind === "compact") this.#device.compact();
    else for (let i = 0; i < request.pageCount; i++) this.#device.store.free(request.slotAt(i));
  }

  #write(request: PageRequest, sizes: SizeTable): void {
    const { store } = this.#device;
    const { counters } = store;
    for (let i = 0; i < request.pageCount; i++) {
      const slot = request.slotAt(i);
      const content = request.contentAt(i);
      if (content === ZEROS) {
        store.storeWord(slot, 0, 0);
      } else if (this.#device.write(slot, sizes, content) !== 0) {
        this.#failedPages += request.pageCount - i;
        return;
      }
      if (counters.peakPages > this.#peakPages) {
        this.#peakPages = counters.peakPages;
        this.#storedPagesAtPeak = counters.storedPages;
        this.#storedBytesAtPeak = counters.storedBytes;
      }
    }
  }

  /** What the device shows now, but for the rank, and what the history has cost. Compacts it in the end. */
  result(): Omit<Prediction, "rank"> {
    const end = this.#device.result();
    const once = this.#writeOnce().result();
    const { capabilities } = this.#device.store.backend;
    const freedBytes = capabilities.compact ? this.#device.compact() * this.#device.pageBytes : 0;
    const memoryUsedBytes = end.memoryUsedBytes - freedBytes;
    return {
      ...end,
      refusedPages: this.#failedPages,
      history: {
        failedRequests: end.refusedPages,
        failedPages: this.#failedPages,
        peak: this.#peak(),
        writtenOnce: { memoryUsedBytes: once.memoryUsedBytes, mmStat: once.mmStat },
        costBytes: end.memoryUsedBytes - once.memoryUsedBytes,
        compaction: capabilities.compact ? { freedBytes, memoryUsedBytes } : null,
      },
    };
  }

  #peak(): HistoryCost["peak"] {
    const { pageBytes } = this.#device;
    const origBytes = this.#storedPagesAtPeak * pageBytes;
    const memoryUsedBytes = this.#peakPages * pageBytes;
    return { origBytes, compressedBytes: this.#storedBytesAtPeak, memoryUsedBytes, ratio: origBytes / memoryUsedBytes };
  }

  /** A fresh device with the same contents. */
  #writeOnce(): PredictedDevice {
    const { slots } = this.#device.store;
    const once = new PredictedDevice(this.#device.candidate, this.#machineOptions, this.#slotCount);
    for (let slot = 0; slot < this.#slotCount; slot++) {
      if (slots.has(slot, SlotFlag.same)) once.store.storeWord(slot, 0, 0);
      else if (slots.isAllocated(slot)) once.store.storeLength(slot, slots.lengthOf(slot));
    }
    return once;
  }
}
