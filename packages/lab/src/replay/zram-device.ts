// The part of a zram device that decides where memory goes: slots that hold nothing, a fill word, a compressed object or a
// whole page, over a pool. (zram of Linux 6.18: a write allocates the new object before it frees the old one, and the peak is
// sampled in between.) Compression is not part of it; the caller says what each page compressed to.

import { type Errno, GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import type { Payload } from "./payload.ts";

/** What a slot holds. */
export const SlotKind = { empty: 0, sameFilled: 1, compressed: 2, huge: 3 } as const;
export type SlotKind = (typeof SlotKind)[keyof typeof SlotKind];

/** The nine columns of mm_stat, in their order. */
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

export class ZramDevice {
  readonly slotCount: number;
  readonly #pool: ZpoolBackend;
  readonly #pageBytes: number;
  readonly #payload: Payload | undefined;
  readonly #kinds: Uint8Array;
  readonly #handles: Float64Array;
  readonly #lengths: Int32Array; // stored bytes
  readonly #contentIds: Int32Array; // number of the write that stored the object
  readonly #slotsOfKind: Float64Array = new Float64Array(4);
  #writes = 0;
  #storedBytes = 0;
  #peakPages = 0;
  #hugeWrites = 0;
  #pagesCompacted = 0;

  /** A device of `slotCount` empty slots. `payload`, if present, gives every object a content of its own. */
  constructor(pool: ZpoolBackend, pageBytes: number, slotCount: number, payload: Payload | undefined) {
    this.slotCount = slotCount;
    this.#pool = pool;
    this.#pageBytes = pageBytes;
    this.#payload = payload;
    this.#kinds = new Uint8Array(slotCount);
    this.#handles = new Float64Array(slotCount);
    this.#lengths = new Int32Array(slotCount);
    this.#contentIds = new Int32Array(slotCount);
  }

  /** Stores a page that compressed to `bytes` (`huge`: it is kept as it is, `bytes` is the page). On an error the slot keeps
   * what it held. */
  storeObject(slot: number, kind: SlotKind, bytes: number): 0 | Errno {
    const handle = this.#pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) return handle;
    const contentId = this.#writes++;
    this.#payload?.fill(handle, contentId, bytes);
    this.#peakPages = Math.max(this.#peakPages, this.#pool.totalPages());
    this.discard(slot);
    this.#kinds[slot] = kind;
    this.#handles[slot] = handle;
    this.#lengths[slot] = bytes;
    this.#contentIds[slot] = contentId;
    this.#slotsOfKind[kind]!++;
    this.#storedBytes += bytes;
    if (kind === SlotKind.huge) this.#hugeWrites++;
    return 0;
  }

  /** Stores a page all of whose words are equal: no object. */
  storeSameFilled(slot: number): void {
    this.discard(slot);
    this.#kinds[slot] = SlotKind.sameFilled;
    this.#slotsOfKind[SlotKind.sameFilled]!++;
  }

  /** Empties a slot. */
  discard(slot: number): void {
    const kind = this.#kinds[slot]!;
    if (kind === SlotKind.empty) return;
    this.#kinds[slot] = SlotKind.empty;
    this.#slotsOfKind[kind]!--;
    if (kind === SlotKind.sameFilled) return;
    const handle = this.#handles[slot]! as Handle;
    this.#storedBytes -= this.#lengths[slot]!;
    this.#payload?.release(handle, this.#contentIds[slot]!);
    this.#pool.free(handle);
  }

  /** Compacts the pool if it can be; returns the pages freed. */
  compact(): number {
    const pagesFreed = this.#pool.compact?.() ?? 0;
    this.#pagesCompacted += pagesFreed;
    return pagesFreed;
  }

  /** The columns of mm_stat. The devices of the traces have no limit. */
  mmStat(): number[] {
    const [, sameFilled, compressed, huge] = this.#slotsOfKind as unknown as [number, number, number, number];
    return [
      (sameFilled + compressed + huge) * this.#pageBytes,
      this.#storedBytes,
      this.#pool.totalPages() * this.#pageBytes,
      0,
      this.#peakPages * this.#pageBytes,
      sameFilled,
      this.#pagesCompacted,
      huge,
      this.#hugeWrites,
    ];
  }
}
