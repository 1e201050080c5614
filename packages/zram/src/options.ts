// How devices are made.

import type { CodecRegistry, WordBytes } from "@zlab/codecs";
import type { PoolOptions, ZpoolRegistry } from "@zlab/zpool";
import { type BackingOpener, hostFileOpener } from "./backing-device.ts";
import { type Clock, processClock } from "./clock.ts";

/** The kernel whose rules hold where they changed. */
export type ZramEra = "6.12" | "6.18";

/** How recompression finds the size classes that it compares: by the room that the object takes, its header included, or by the bare
 * length, as 6.18.15 does by mistake. */
export type ClassLookup = "with-header" | "bare";

/** What the kernel was built with. */
export interface ZramFeatures {
  /** Secondary algorithms and recompression. */
  readonly multiCompression: boolean;
  /** Backing devices. */
  readonly writeback: boolean;
  /** Access times and block_state. Costs 8 bytes for each slot that is accessed. */
  readonly tracking: boolean;
}

/** Settings of a device, all with defaults. */
export interface ZramOptions {
  /** Default "6.18". */
  readonly era?: ZramEra;
  /** Driver of the pool. Default "zsmalloc". */
  readonly backend?: string;
  readonly poolOptions?: PoolOptions;
  /** Algorithm of a new device. Default "lzo-rle", or the first codec if there is none of that name. */
  readonly defaultAlgorithm?: string;
  /** Default: everything. */
  readonly features?: Partial<ZramFeatures>;
  /** Default: by the era, "bare" for 6.18. */
  readonly classLookup?: ClassLookup;
  /** Bytes of the machine word that decides which pages are same-filled. Default 8. */
  readonly wordBytes?: WordBytes;
  /** Default: the time since the process started. */
  readonly clock?: Clock;
  /** Opens backing devices. Default: files of the host. */
  readonly openBacking?: BackingOpener;
}

/** What devices are built on. */
export interface ZramParts {
  readonly pools: ZpoolRegistry;
  readonly codecs: CodecRegistry;
}

/** Options and parts, complete. */
export interface ZramConfig extends ZramParts {
  readonly era: ZramEra;
  readonly backend: string;
  readonly poolOptions: PoolOptions | undefined;
  readonly defaultAlgorithm: string;
  readonly features: ZramFeatures;
  readonly classLookup: ClassLookup;
  readonly wordBytes: WordBytes;
  readonly clock: Clock;
  readonly openBacking: BackingOpener;
}

/** Fills the defaults in. */
export function resolveZramOptions(parts: ZramParts, options: ZramOptions = {}): ZramConfig {
  const era = options.era ?? "6.18";
  const [firstCodec = ""] = parts.codecs.names();
  return {
    ...parts,
    era,
    backend: options.backend ?? "zsmalloc",
    poolOptions: options.poolOptions,
    defaultAlgorithm: options.defaultAlgorithm ?? (parts.codecs.has("lzo-rle") ? "lzo-rle" : firstCodec),
    features: { multiCompression: true, writeback: true, tracking: true, ...options.features },
    classLookup: options.classLookup ?? (era === "6.18" ? "bare" : "with-header"),
    wordBytes: options.wordBytes ?? 8,
    clock: options.clock ?? processClock,
    openBacking: options.openBacking ?? hostFileOpener(),
  };
}
