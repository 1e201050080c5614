// Where the memory of a pool goes: the parts add up to its pages, to the byte.

import type { ZpoolBackend } from "@zlab/zpool";
import { ZsPool } from "@zlab/zsmalloc";
import { accountOf } from "../experiments/pool-account.ts";

export interface Waste {
  /** From the end of objects to the end of their slots. */
  readonly roundingBytes: number;
  /** Ends of zspages in which no slot fits. */
  readonly tailBytes: number;
  /** Slots that hold nothing. */
  readonly freeBytes: number;
  /** The allocator's words in front of objects. */
  readonly headerBytes: number;
}

/** The account of a pool that stores so many bytes. Of allocators other than zsmalloc only what their objects occupy is known:
 * headers count as rounding, and all the rest as free. */
export function wasteOf(backend: ZpoolBackend, storedBytes: number, pageBytes: number): Waste {
  if (backend instanceof ZsPool) {
    const { roundingBytes, tailBytes, freeSlotBytes, headerBytes } = accountOf(backend, storedBytes);
    return { roundingBytes, tailBytes, freeBytes: freeSlotBytes, headerBytes };
  }
  const { slotBytes } = backend.stats();
  const roundingBytes = slotBytes - storedBytes;
  return { roundingBytes, tailBytes: 0, freeBytes: backend.totalPages() * pageBytes - slotBytes, headerBytes: 0 };
}
