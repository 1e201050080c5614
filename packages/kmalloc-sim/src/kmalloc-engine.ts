// What the two allocators, SLUB and SLAB, have in common for those who drive them.

import { type Errno, __GFP_DMA32, __GFP_HIGHMEM } from "@zlab/hw-sim";
import type { CheckLevel } from "@zlab/zpool";

/** The address that `kmalloc(0)` gives: not null, but not to be used either. `kfree` accepts and ignores it. No page has
 * number 0, so no object ever has this address. */
export const ZERO_SIZE_PTR = 16;

/** Zones from which kmalloc memory can't come: it must be permanently mapped, and its slabs serve everyone. The
 * kernel reports such a request as a bug; here it is refused. */
export const GFP_SLAB_BUG_MASK: number = __GFP_DMA32 | __GFP_HIGHMEM;

export interface KmallocEngine {
  /** The largest request in bytes. */
  readonly largestBytes: number;
  /** Objects allocated to users now. */
  readonly objects: number;
  /** Bytes of their slots. */
  readonly slotBytes: number;
  /** Pages held now. */
  readonly totalPages: number;
  /** Allocates at least `bytes` bytes (at most `largestBytes`). Returns the object's physical address, ZERO_SIZE_PTR for 0
   * bytes, or ENOMEM. */
  kmalloc(bytes: number, gfp: number): number | Errno;
  /** Frees an object by its address. 0 and ZERO_SIZE_PTR are ignored. Throws ZLAB_BAD_HANDLE. */
  kfree(address: number): void;
  /** Usable bytes of the object at `address`; 0 if there is none. */
  ksize(address: number): number;
  /** The text of /proc/slabinfo for the pool's caches. */
  slabinfo(): string;
  /** Verifies the invariants; throws ZLAB_CORRUPT. */
  check(level: CheckLevel): void;
  /** Gives all pages back. */
  destroy(): void;
}
