// One combination: a zram device that keeps lengths only, and what it shows when all pages are in it.

import { CodecRegistry } from "@zlab/codecs";
import type { Errno, MachineOptions } from "@zlab/hw-sim";
import { type PageStore, Zram, resolveZramOptions } from "@zlab/zram";
import type { SizeTable } from "../sizing/size-table.ts";
import { createRegistry } from "../compose.ts";
import type { HistoryCost } from "./replayed-device.ts";
import type { Candidate } from "./candidates.ts";
import { type Waste, wasteOf } from "./waste.ts";

/** What a combination costs, as `--json` prints it. */
export interface Prediction {
  /** Place in the order of memory used, from 1. */
  readonly rank: number;
  readonly codec: string;
  readonly backend: string;
  readonly chainSize: number | null;
  readonly origBytes: number;
  readonly compressedBytes: number;
  readonly memoryUsedBytes: number;
  /** Original bytes / memory used. */
  readonly ratio: number;
  readonly sameFilledPages: number;
  readonly hugePages: number;
  /** Pages that the allocator would not take; the kernel's device would fail to write them. */
  readonly refusedPages: number;
  readonly waste: Waste;
  /** The line that the kernel would print. */
  readonly mmStat: string;
  /** Only with a history. */
  readonly history?: HistoryCost;
}

export class PredictedDevice {
  readonly candidate: Candidate;
  /** Slots, counters and pool. */
  readonly store: PageStore;
  readonly pageBytes: number;
  readonly #device: Zram;

  /** A device of so many slots. */
  constructor(candidate: Candidate, machineOptions: MachineOptions, slotCount: number) {
    const { codec, variant } = candidate;
    const pools = createRegistry({ ...machineOptions, backing: "size-only" }, [variant.driver]);
    const config = resolveZramOptions(
      { pools, codecs: new CodecRegistry([codec]) },
      {
        backend: variant.driver.type,
        poolOptions: variant.options,
        defaultAlgorithm: codec.name,
        features: { tracking: false },
      },
    );
    this.candidate = candidate;
    this.pageBytes = machineOptions.pageBytes;
    this.#device = new Zram(0, config);
    this.#device.initialise(BigInt(slotCount) * BigInt(machineOptions.pageBytes));
    this.store = this.#device.store!;
  }

  /** Writes pages of the input, each to the slot of its number. */
  writePages(sizes: SizeTable, firstPage: number, endPage: number): void {
    for (let pageIndex = firstPage; pageIndex < endPage; pageIndex++) this.write(pageIndex, sizes, pageIndex);
  }

  /** Writes a page of the input to a slot. The word of a same-filled page makes no difference to what is counted. Returns 0 or an errno. */
  write(slotIndex: number, sizes: SizeTable, pageIndex: number): 0 | Errno {
    if (!sizes.isSameFilled(pageIndex)) {
      return this.store.storeLength(slotIndex, sizes.sizeOf(this.candidate.codecIndex, pageIndex));
    }
    this.store.storeWord(slotIndex, 0, 0);
    return 0;
  }

  /** Compacts the pool; returns the pages freed. */
  compact(): number {
    return this.#device.compact();
  }

  /** What the device shows now, but for the rank. */
  result(): Omit<Prediction, "rank"> {
    const { codec, variant, chainSize } = this.candidate;
    const { counters, backend } = this.store;
    const origBytes = counters.storedPages * this.pageBytes;
    const memoryUsedBytes = backend.totalPages() * this.pageBytes;
    return {
      codec: codec.name,
      backend: variant.label,
      chainSize: chainSize ?? null,
      origBytes,
      compressedBytes: counters.storedBytes,
      memoryUsedBytes,
      ratio: origBytes / memoryUsedBytes,
      sameFilledPages: counters.samePages,
      hugePages: counters.hugePages,
      refusedPages: counters.failedWrites,
      waste: wasteOf(backend, counters.storedBytes, this.pageBytes),
      mmStat: this.#device.attributes.read("mm_stat").trimEnd(),
    };
  }
}
