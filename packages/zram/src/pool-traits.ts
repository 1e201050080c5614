// What zram asks of zsmalloc beyond the contract of zpool, and what it does with a backend that has no answer.

import {
  type Machine,
  GFP_KERNEL,
  __GFP_HIGHMEM,
  __GFP_KSWAPD_RECLAIM,
  __GFP_MOVABLE,
  __GFP_NOWARN,
} from "@zlab/hw-sim";
import { HardenedPool, type ZpoolBackend } from "@zlab/zpool";
import type { ClassLookup } from "./options.ts";

/** Bytes of the handle that zsmalloc puts before each object. */
const OBJECT_HEADER_BYTES = 8;

/** Calls of zsmalloc that other backends lack. */
interface SizeClassed {
  hugeClassSize(): number | undefined;
  lookupClassIndex(bytes: number): number;
  poolStats(): { readonly pagesCompacted: number };
}

function isSizeClassed(backend: ZpoolBackend): backend is ZpoolBackend & SizeClassed {
  return "hugeClassSize" in backend && "lookupClassIndex" in backend && "poolStats" in backend;
}

/** The backend's own pool: a hardened one passes only the contract on. */
function plainOf(backend: ZpoolBackend): ZpoolBackend {
  return backend instanceof HardenedPool ? backend.plain : backend;
}

/** Compressed pages of this length and more are stored as they are: zsmalloc's own threshold; a page for other backends, which
 * have no rule. */
export function hugeThresholdBytes(backend: ZpoolBackend, pageBytes: number): number {
  const plain = plainOf(backend);
  return (isSizeClassed(plain) ? plain.hugeClassSize() : undefined) ?? pageBytes;
}

/** Orders lengths by the room that the pool gives them: the index of the size class; for other backends the length itself. */
export function sizeOrder(backend: ZpoolBackend, lookup: ClassLookup): (bytes: number) => number {
  const plain = plainOf(backend);
  if (!isSizeClassed(plain)) return (bytes) => bytes;
  if (lookup === "with-header") return (bytes) => plain.lookupClassIndex(bytes);
  return (bytes) => plain.lookupClassIndex(Math.max(1, bytes - OBJECT_HEADER_BYTES));
}

/** Pages given back by compaction so far. */
export function pagesCompacted(backend: ZpoolBackend): number {
  const plain = plainOf(backend);
  return (isSizeClassed(plain) ? plain.poolStats() : plain.stats()).pagesCompacted;
}

/** What stores ask the page allocator for, when they may sleep and when they may not. */
export function gfpFlags(backend: ZpoolBackend): { readonly maySleep: number; readonly mustNot: number } {
  const place = backend.capabilities.movable ? __GFP_HIGHMEM | __GFP_MOVABLE : 0;
  return {
    maySleep: GFP_KERNEL | __GFP_NOWARN | place,
    mustNot: __GFP_KSWAPD_RECLAIM | __GFP_NOWARN | place,
  };
}

/** Whether stored bytes can be had back from the machine. */
export function keepsBytes(machine: Machine): boolean {
  return machine.memory.hasBytes;
}
