// What a kernel's zram device was put through, done again with a pool: written once, a third discarded, compacted, half overwritten
// (corpus/device-truth.json says how), with the kernel's mm_stat after each step.

import { readFileSync } from "node:fs";
import type { Handle } from "@zlab/zpool";
import type { ZsPool } from "@zlab/zsmalloc";
import { mustStore, zramBytes } from "./own-pages.ts";
import { type PoolAccount, accountOf } from "./pool-account.ts";

export const DEVICE_STEPS = ["written", "discarded", "compacted", "overwritten"] as const;
export type DeviceStep = (typeof DEVICE_STEPS)[number];

/** Columns of mm_stat that are used here. */
export const MM_STAT = { comprDataSize: 1, memUsedTotal: 2 } as const;

export type MmStat = readonly number[];

/** What the kernel printed for the built-in pages under a compressor. */
export function kernelMmStat(codec: string): Readonly<Record<DeviceStep, MmStat>> {
  const file = new URL("../../corpus/device-truth.json", import.meta.url);
  const truth = JSON.parse(readFileSync(file, "utf8")) as {
    corpora: { pages: Record<string, Record<DeviceStep, MmStat>> };
  };
  return truth.corpora.pages[codec]!;
}

/** A device of zram over a pool, as far as sizes go. */
export class SizedDevice {
  readonly #pool: ZsPool;
  readonly #handles: (Handle | null)[];
  readonly #bytes: number[];

  constructor(pool: ZsPool, slotCount: number) {
    this.#pool = pool;
    this.#handles = Array.from({ length: slotCount }, () => null);
    this.#bytes = Array.from({ length: slotCount }, () => 0);
  }

  /** Writes a page that compresses to so many bytes; 0 for a same-filled page, for which nothing is stored. The new object is
   * stored before the old one is freed. */
  write(slot: number, bytes: number): void {
    const stored = bytes === 0 ? 0 : zramBytes(this.#pool, bytes);
    const handle = stored === 0 ? null : mustStore(this.#pool, stored);
    this.discard(slot);
    this.#handles[slot] = handle;
    this.#bytes[slot] = stored;
  }

  discard(slot: number): void {
    const handle = this.#handles[slot]!;
    if (handle !== null) this.#pool.free(handle);
    this.#handles[slot] = null;
    this.#bytes[slot] = 0;
  }

  account(): PoolAccount {
    return accountOf(
      this.#pool,
      this.#bytes.reduce((sum, bytes) => sum + bytes, 0),
    );
  }
}

/** Goes through the steps with pages that compress to `sizes` and returns the account after each. */
export function replayDevice(pool: ZsPool, sizes: readonly number[]): Record<DeviceStep, PoolAccount> {
  const device = new SizedDevice(pool, sizes.length);
  for (const [slot, bytes] of sizes.entries()) device.write(slot, bytes);
  const written = device.account();
  for (let slot = 2; slot < sizes.length; slot += 3) device.discard(slot);
  const discarded = device.account();
  pool.compact();
  const compacted = device.account();
  const half = sizes.length / 2;
  for (let slot = 0; slot < half; slot++) device.write(slot, sizes[half + slot]!);
  return { written, discarded, compacted, overwritten: device.account() };
}
