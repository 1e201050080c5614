// The pages on which tables are reproduced whose own data are not public: the built-in corpus, enlarged by drawing its pages over
// and over with a seed; and what zram does with their sizes.

import { type Errno, type MachineOptions, NO_WATERMARKS, Prng, isErrno } from "@zlab/hw-sim";
import type { Handle, PoolOptions, ZpoolBackend } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { ExperimentFailure } from "./experiment.ts";
import { gfpFor, variantNamed, withPool } from "./with-pool.ts";
import type { PageSize } from "../pages/corpus-sizes.ts";

const PAGE_BYTES = 4096;

/** A machine without bytes, every page of which can be had: placements are the same, and a gibibyte costs little. */
export const SIZE_ONLY_MACHINE: MachineOptions = {
  pageBytes: PAGE_BYTES,
  zones: [{ kind: "NORMAL", pages: 2 ** 19, watermarks: NO_WATERMARKS }],
  backing: "size-only",
};

/** `count` sizes drawn from those of `pages`, with replacement. */
export function drawSizes(pages: readonly PageSize[], count: number, seed: number): number[] {
  const prng = new Prng(seed);
  return Array.from({ length: count }, () => pages[prng.below(pages.length)]!.bytes);
}

/** What zram stores for a page that compresses to `bytes`: the page itself where the object would take a whole one anyway. */
export function zramBytes(pool: ZsPool, bytes: number): number {
  return bytes >= (pool.hugeClassSize() ?? PAGE_BYTES) ? PAGE_BYTES : bytes;
}

/** Stores an object; the machine must have room and the backend must take the size. */
export function mustStore(pool: ZpoolBackend, bytes: number): Handle {
  const handle: Handle | Errno = pool.malloc(bytes, gfpFor(pool.capabilities));
  if (isErrno(handle)) throw new ExperimentFailure(`${pool.type} refused an object of ${bytes} bytes: ${handle}`);
  return handle;
}

/** Lets `use` work with a zsmalloc pool on a fresh machine without bytes, and requires that all pages come back. */
export function withZsPool<T>(options: PoolOptions, use: (pool: ZsPool) => T): T {
  return withPool(variantNamed("zsmalloc", options), SIZE_ONLY_MACHINE, (pool) => use(pool as ZsPool));
}
