// The heart of a device: slots, the pool and the codecs, from disksize to reset. A page that is written goes this way:
//
//   same-filled?  ── yes ──> the word into the slot; nothing is allocated, nothing can fail
//      │ no
//   compress ── at least the huge threshold ──> the page itself
//      │
//   allocate the new object ──> within mem_limit? ──> copy ──> free what the slot held ──> the new object into the slot
//
// The new object is there before the old one is freed, so a failure leaves the old content readable, an overwrite may need room
// for both, and the peak counts both.

import { CodecError, type CodecStream, isSameFilled } from "@zlab/codecs";
import { ENOMEM, type Errno, isErrno } from "@zlab/hw-sim";
import type { Handle, Zpool, ZpoolBackend } from "@zlab/zpool";
import type { Algorithms } from "./algorithms.ts";
import type { BackingStore } from "./backing-store.ts";
import { ZramCounters } from "./counters.ts";
import { EIO, EOPNOTSUPP } from "./errno.ts";
import { ZramError } from "./errors.ts";
import type { ZramConfig } from "./options.ts";
import { gfpFlags, hugeThresholdBytes, keepsBytes, sizeOrder } from "./pool-traits.ts";
import { SlotFlag, type SlotTable } from "./slot-table.ts";

const ACCESS_ENDS = SlotFlag.idle | SlotFlag.selected;

export class PageStore {
  readonly slots: SlotTable;
  readonly counters: ZramCounters = new ZramCounters();
  readonly pool: Zpool;
  readonly backend: ZpoolBackend;
  readonly algorithms: Algorithms;
  readonly backing: BackingStore | undefined;
  readonly pageBytes: number;
  /** Compressed lengths from here on are stored as whole pages. */
  readonly hugeThreshold: number;
  /** Orders lengths by the room that the pool gives them. */
  readonly sizeOrder: (bytes: number) => number;
  /** Whether contents are kept, not only their lengths. */
  readonly keepsBytes: boolean;
  /** Pages that the pool may have; 0 for no limit. */
  limitPages: number;
  readonly #config: ZramConfig;
  readonly #gfp: { readonly maySleep: number; readonly mustNot: number };
  readonly #page: Uint8Array; // a decompressed page, for partial writes and for reading what is to be replaced
  readonly #packed: Uint8Array; // a compressed one

  /** Takes over empty slots, an empty pool, and algorithms with streams. */
  constructor(
    config: ZramConfig,
    slots: SlotTable,
    pool: Zpool,
    algorithms: Algorithms,
    backing: BackingStore | undefined,
    limitPages: number,
  ) {
    const { machine } = config.pools;
    this.#config = config;
    this.slots = slots;
    this.pool = pool;
    this.backend = pool.backend;
    this.algorithms = algorithms;
    this.backing = backing;
    this.limitPages = limitPages;
    this.pageBytes = machine.pageBytes;
    this.hugeThreshold = hugeThresholdBytes(this.backend, this.pageBytes);
    this.sizeOrder = sizeOrder(this.backend, config.classLookup);
    this.keepsBytes = keepsBytes(machine);
    this.#gfp = gfpFlags(this.backend);
    this.#page = new Uint8Array(this.pageBytes);
    this.#packed = new Uint8Array(this.pageBytes);
  }

  // ---- Pages ------------------------------------------------------------------------------------------------------------

  /** Stores a page. Returns 0, or ENOMEM (no memory, or the limit), ENOSPC (a backend that can't take the length), EIO (the codec); then
   * the slot keeps what it held. */
  write(index: number, page: Uint8Array): 0 | Errno {
    if (isSameFilled(page, this.#config.wordBytes)) {
      this.storeWord(index, wordAt(page, 0), wordAt(page, this.#config.wordBytes - 4));
      return 0;
    }
    if (!this.keepsBytes) {
      const length = orUndefined(() => this.#streamOf(0).compressedSize(page));
      return length === undefined ? this.#writeFailed(EIO) : this.storeLength(index, length);
    }
    const compressed = this.compress(0, page);
    if (compressed === undefined) return this.#writeFailed(EIO);
    if (compressed.length >= this.hugeThreshold) return this.#store(index, page, this.pageBytes);
    return this.#store(index, compressed, compressed.length);
  }

  /** Stores a page of one word, given as its halves. */
  storeWord(index: number, low: number, high: number): void {
    this.free(index);
    this.slots.installWord(index, low, high);
    this.counters.samePages++;
    this.counters.storedPages++;
    this.#touch(index);
  }

  /** Stores a page of which only the compressed length is known, without content. Returns as `write` does. */
  storeLength(index: number, compressedBytes: number): 0 | Errno {
    return this.#store(index, undefined, compressedBytes >= this.hugeThreshold ? this.pageBytes : compressedBytes);
  }

  /** Fills `target`, a page long. Returns 0 or EIO. */
  read(index: number, target: Uint8Array): 0 | Errno {
    const isWrittenBack = this.slots.has(index, SlotFlag.writtenBack);
    const result = this.load(index, target);
    if (result !== 0 && !isWrittenBack) {
      this.counters.failedReads++;
      return result;
    }
    // The backing device answers later: its error reaches the reader, but the device knows nothing of it.
    this.#touch(index);
    return result;
  }

  /** Writes a part of a page: reads the page, changes it, stores it. Returns as `write` does. */
  writePart(index: number, offset: number, bytes: Uint8Array): 0 | Errno {
    const result = this.load(index, this.#page);
    if (result !== 0) return this.#writeFailed(result);
    this.#page.set(bytes, offset);
    return this.write(index, this.#page);
  }

  /** Reads a part of a page. Returns as `read` does. */
  readPart(index: number, offset: number, target: Uint8Array): 0 | Errno {
    const result = this.read(index, this.#page);
    if (result === 0) target.set(this.#page.subarray(offset, offset + target.length));
    return result;
  }

  /** The content of a slot, without any trace of the access but the count of reads from the backing device. */
  load(index: number, target: Uint8Array): 0 | Errno {
    const { slots } = this;
    if (!slots.isAllocated(index)) {
      target.fill(0);
      return 0;
    }
    if (slots.has(index, SlotFlag.same)) {
      fillWords(target, slots.lowWordOf(index), slots.highWordOf(index));
      return 0;
    }
    if (slots.has(index, SlotFlag.writtenBack)) {
      this.counters.backingReads++;
      return this.backing!.read(slots.handleOf(index), target);
    }
    return this.#loadObject(index, target);
  }

  /** Empties a slot, whatever it holds. */
  free(index: number): void {
    const { slots, counters } = this;
    slots.setAccessTime(index, 0);
    if (!slots.isAllocated(index)) return;
    counters.storedPages--;
    if (slots.has(index, SlotFlag.same)) counters.samePages--;
    else if (slots.has(index, SlotFlag.writtenBack)) this.backing!.release(slots.handleOf(index));
    else {
      this.backend.free(slots.handleOf(index) as Handle);
      counters.storedBytes -= slots.lengthOf(index);
      if (slots.has(index, SlotFlag.huge)) counters.hugePages--;
    }
    slots.clear(index);
  }

  /** Gives everything back. Returns the number of objects that were in the pool. */
  destroy(): number {
    return this.pool.destroy();
  }

  // ---- For recompression and writeback ------------------------------------------------------------------------------------

  /** The page compressed by an algorithm, good until the algorithm is used again; undefined if the codec fails. */
  compress(priority: number, page: Uint8Array): Uint8Array | undefined {
    return orUndefined(() => this.#streamOf(priority).compress(page));
  }

  /** Replaces the content of a slot by the same page compressed otherwise. Neither limit nor peak know of it. Returns 0 or ENOMEM. */
  replaceCompressed(index: number, compressed: Uint8Array, priority: number): 0 | Errno {
    const { length } = compressed;
    const handle = this.backend.malloc(length, this.#gfp.maySleep);
    if (isErrno(handle)) return handle;
    this.backend.write(handle, compressed, 0, length);
    this.free(index);
    this.slots.install(index, handle, length, 0, priority);
    this.counters.storedPages++;
    this.counters.storedBytes += length;
    return 0;
  }

  /** Replaces the content of a slot by a block of the backing device that holds the page. */
  replaceWrittenBack(index: number, block: number): void {
    this.free(index);
    this.slots.install(index, block, 0, SlotFlag.writtenBack, 0);
    this.counters.storedPages++;
  }

  // ---- Details ----------------------------------------------------------------------------------------------------------

  #loadObject(index: number, target: Uint8Array): 0 | Errno {
    const { slots, backend } = this;
    if (!this.keepsBytes) throw new ZramError(EOPNOTSUPP, "a size-only machine has no contents to read");
    const handle = slots.handleOf(index) as Handle;
    const length = slots.lengthOf(index);
    if (slots.has(index, SlotFlag.huge)) {
      backend.read(handle, target, 0, length);
      return 0;
    }
    backend.read(handle, this.#packed, 0, length);
    const stream = this.#streamOf(slots.priorityOf(index));
    const packed = this.#packed.subarray(0, length);
    const isDone = orUndefined(() => {
      stream.decompress(packed, target);
      return true;
    });
    return isDone === true ? 0 : EIO;
  }

  #store(index: number, content: Uint8Array | undefined, length: number): 0 | Errno {
    const { counters } = this;
    const handle = this.#allocate(length);
    if (isErrno(handle)) return this.#writeFailed(handle);
    const totalPages = this.backend.totalPages();
    if (totalPages > counters.peakPages) counters.peakPages = totalPages;
    if (this.limitPages !== 0 && totalPages > this.limitPages) {
      this.backend.free(handle);
      return this.#writeFailed(ENOMEM);
    }
    if (content !== undefined) this.backend.write(handle, content, 0, length);
    this.free(index);
    this.#install(index, handle, length);
    this.#touch(index);
    return 0;
  }

  /** In 6.12 the first try holds the CPU's stream and must not sleep; the second one may. */
  #allocate(bytes: number): Handle | Errno {
    if (this.#config.era === "6.12") {
      const handle = this.backend.malloc(bytes, this.#gfp.mustNot);
      if (!isErrno(handle)) return handle;
      this.counters.writeStalls++;
    }
    return this.backend.malloc(bytes, this.#gfp.maySleep);
  }

  #install(index: number, handle: Handle, length: number): void {
    const { counters } = this;
    const isHuge = length === this.pageBytes;
    this.slots.install(index, handle, length, isHuge ? SlotFlag.huge : 0, 0);
    counters.storedPages++;
    counters.storedBytes += length;
    if (!isHuge) return;
    counters.hugePages++;
    counters.hugeStores++;
  }

  #touch(index: number): void {
    this.slots.unset(index, ACCESS_ENDS);
    if (this.#config.features.tracking) this.slots.setAccessTime(index, this.#config.clock());
  }

  #streamOf(priority: number): CodecStream {
    return this.algorithms.streamOf(priority)!;
  }

  #writeFailed(errno: Errno): Errno {
    this.counters.failedWrites++;
    return errno;
  }
}

/** What a codec gives; undefined if it fails. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (CodecError.is(error)) return undefined;
    throw error;
  }
}

/** Four bytes of a page as a little-endian number. */
function wordAt(page: Uint8Array, offset: number): number {
  return (page[offset]! | (page[offset + 1]! << 8) | (page[offset + 2]! << 16) | (page[offset + 3]! << 24)) >>> 0;
}

/** Fills a page with a word of 8 bytes. */
function fillWords(target: Uint8Array, low: number, high: number): void {
  if (low === high && low === (low & 0xff) * 0x01010101) {
    target.fill(low & 0xff);
    return;
  }
  for (let i = 0; i < 4; i++) {
    target[i] = low >>> (8 * i);
    target[i + 4] = high >>> (8 * i);
  }
  for (let filled = 8; filled < target.length; filled *= 2) {
    target.copyWithin(filled, 0, Math.min(filled, target.length - filled));
  }
}
