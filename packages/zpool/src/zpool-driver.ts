// THE contract of a backend. A driver makes pools; a pool stores byte blobs, "objects", of up to about a page and names
// each by a handle. It is the kernel's zpool interface of Linux 6.12, with the copying calls of later kernels beside the mapping.
//
// What a pool promises (and the conformance kit of `@zlab/zpool/testing` checks):
//   1. A handle is a positive integer, unique among the live objects of the pool, and stays the same for the object's life,
//      wherever the object is moved to. 0 is never a handle.
//   2. An object's bytes change only by writes to that object. The bytes of a new object are undefined until written.
//   3. Expected failures are returned as a negative `Errno` and change nothing: EINVAL for a size of 0 (or a GFP flag that the
//      backend refuses), ENOSPC for a size above `capabilities.maxBytes`, ENOMEM when a page cannot be had.
//   4. Programmer's errors throw a `ZPoolError` at once and change nothing (codes: errors.ts).
//   5. Every page taken from the machine is counted in `totalPages` and given back: all of them when the last object is
//      freed and the pool destroyed.
//   6. The same calls on the same machine give the same handles, placements and statistics.

import type { Errno, Machine, StateTables } from "@zlab/hw-sim";
import type { PoolStats } from "./stats.ts";

declare const handleBrand: unique symbol;

/** Names one live object of one pool. Opaque: its bits mean something to the backend only. */
export type Handle = number & { readonly [handleBrand]: true };

/** What the caller will do with a mapping. A hint, not a protection: it matters only where the mapping is a copy.
 * RW: the bytes are there, and changes stay. RO: the bytes are there, changes may be lost. WO: changes stay, the bytes are
 * undefined before: what isn't written may hold anything afterwards. The numbers are the kernel's. */
export const MapMode = { RW: 0, RO: 1, WO: 2 } as const;

export type MapMode = (typeof MapMode)[keyof typeof MapMode];

/** Where a mapped object's bytes are: `length` usable bytes of `bytes` from `offset`. `length` is at least what was asked for
 * in malloc; a backend may round up. The record belongs to the pool and is used again by the next `map` on the same CPU.
 * On a machine without bytes (size-only) `bytes` is empty. */
export interface Mapping {
  readonly bytes: Uint8Array;
  readonly offset: number;
  readonly length: number;
}

/** What a backend can do. Each flag carries obligations and gates its section of the conformance kit. */
export interface Capabilities {
  /** Largest object in bytes. malloc of one byte more is ENOSPC. */
  readonly maxBytes: number;
  /** The caller may ask for __GFP_HIGHMEM and __GFP_MOVABLE pages, since objects are reached through handles and temporary
   * mappings only (the kernel's malloc_support_movable). If false, malloc with __GFP_HIGHMEM returns EINVAL. */
  readonly movable: boolean;
  /** A caller may sleep while an object is mapped. If false, preemption is off from map to unmap. */
  readonly sleepMapped: boolean;
  /** The pool has `compact`. */
  readonly compact: boolean;
  /** Objects may span pages, so that a mapping may be a copy: WO then shows stale bytes and RO loses changes. If false every
   * mapping is direct: changes through any mode stay. */
  readonly crossPage: boolean;
  /** Highest order of a page block that the backend asks for; 0: single pages only. */
  readonly maxPageOrder: number;
  /** The space of a freed object may be too small, as the backend counts, for an object of the same size (xvmalloc). Default
   * false: when no page is left, a malloc of that size succeeds after the free. */
  readonly looseFit?: boolean;
  /** The pool has `image`, and its driver `restore`: on a machine that was restored as well, the pool made again goes on exactly as
   * the original, with the same handles, placements and statistics. Default false. */
  readonly images?: boolean;
}

/** A pool, written down. What carries no state is 0 in the tables, so that equal states have equal images. */
export interface PoolImage {
  /** For `restore`; complete, so that a change of defaults doesn't matter. */
  readonly options: PoolOptions;
  /** By which the machine knows the pool's pages. */
  readonly ownerNumber: number;
  readonly tables: StateTables;
}

/** How thorough `check` is. 1: the pool's totals. 2: every table, list and slot. 3: also against the machine's page descriptors. */
export type CheckLevel = 1 | 2 | 3;

/** One pool of one backend. Every method acts on the machine's current CPU. */
export interface ZpoolBackend {
  readonly type: string;
  readonly name: string;
  readonly capabilities: Capabilities;

  /** Allocates an object of `bytes` bytes; `gfp` says where its pages may come from. Returns its handle, or EINVAL, ENOSPC, ENOMEM. */
  malloc(bytes: number, gfp: number): Handle | Errno;

  /** Frees an object. Throws ZLAB_BAD_HANDLE, or ZLAB_MAPPED while it is mapped on any CPU. */
  free(handle: Handle): void;

  /** Makes the object's bytes reachable until `unmap`. One object at a time per CPU: throws ZLAB_NESTED_MAP for a second, and
   * ZLAB_BAD_HANDLE. While mapped the object does not move. */
  map(handle: Handle, mode: MapMode): Mapping;

  /** Ends the mapping of the object on this CPU. Throws ZLAB_NOT_MAPPED if there is none. */
  unmap(handle: Handle): void;

  /** Copies the first `length` bytes of the object to `target` at `targetOffset`. Needs no mapping and may be called while
   * other objects are mapped. Throws ZLAB_BAD_HANDLE, or ZLAB_RANGE beyond the slot or the target. */
  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void;

  /** Copies `length` bytes of `source` from `sourceOffset` to the start of the object; bytes beyond stay as they were.
   * Throws as `read` does. */
  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void;

  /** Pages that the pool owns now. */
  totalPages(): number;

  /** Moves objects together and gives the emptied pages back; returns their number. Present if `capabilities.compact`. */
  compact?(): number;

  stats(): PoolStats;

  /** Writes the pool's state down; the bytes of objects are in the machine's pages. Present if `capabilities.images`. Throws
   * ZLAB_IMAGE_REFUSED while an object is mapped or after `destroy`. */
  image?(): PoolImage;

  /** Verifies the pool's invariants. Throws ZLAB_CORRUPT with the equation that does not hold. */
  check(level: CheckLevel): void;

  /** Gives all pages back; the pool can't be used any more. Returns the number of objects that were still live (the kernel
   * only complains about them). Throws ZLAB_MAPPED while an object is mapped. */
  destroy(): number;
}

/** Makes pools of one type. Options are the backend's own; unknown ones or bad values throw ZLAB_POOL_OPTIONS. */
export interface ZpoolDriver {
  /** Name by which the registry knows the driver. */
  readonly type: string;
  /** One line about the allocator, for lists. */
  readonly description: string;
  /** What its pools can do on pages of this size with these options. */
  capabilities(pageBytes: number, options?: PoolOptions): Capabilities;
  create(machine: Machine, name: string, options?: PoolOptions): ZpoolBackend;
  /** Makes a pool of an image on a machine that was restored together with it: it takes the number over by which the machine knows the
   * pages. Throws ZLAB_IMAGE_STATE for tables that no pool can have. The pool is to be trusted after `check(3)`, which stands any
   * content of the tables. Present if pools have images. */
  restore?(machine: Machine, name: string, image: PoolImage): ZpoolBackend;
}

/** Options of a pool, named in the backend's README. */
export type PoolOptions = Readonly<Record<string, string | number | boolean | undefined>>;
