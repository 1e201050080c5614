// The simplest backend that keeps every promise of the contract: each object has a page of its own. It wastes memory and does
// everything else right, so it is a starting point for your own: copy it, and replace "one object, one page" by something
// better. What each method must do, and why, is said where it is done.
//
//   handle 7 ──► page frame 1031   [ the object's bytes .............. unused to the end of the page ]
//   handle 9 ──► page frame 1024   [ ............................................................... ]

import {
  EINVAL,
  ENOSPC,
  type Errno,
  type Machine,
  type PageBytes,
  type Pfn,
  __GFP_HIGHMEM,
  isErrno,
  toPageBytes,
} from "@zlab/hw-sim";
import { ZPoolError, badHandle, corrupt } from "../errors.ts";
import { CpuMappings, assertCopyRange } from "../mapping.ts";
import type { PoolStats } from "../stats.ts";
import type {
  Capabilities,
  CheckLevel,
  Handle,
  MapMode,
  Mapping,
  PoolOptions,
  ZpoolBackend,
  ZpoolDriver,
} from "../zpool-driver.ts";

/** What pools of this type can do. Every flag is a promise, and switches a section of the conformance kit on or off. */
function capabilitiesFor(pageBytes: PageBytes): Capabilities {
  return {
    maxBytes: pageBytes,
    movable: false, // objects stay on their page, so __GFP_HIGHMEM is refused with EINVAL
    sleepMapped: true, // map needs no per-CPU resource, so preemption stays on while an object is mapped
    compact: false, // hence the pool has no method `compact`
    crossPage: false, // every mapping is the page itself, never a copy
    maxPageOrder: 0, // single pages only
  };
}

/** The driver makes pools. It holds no state of its own, so one driver serves any number of machines. */
export class ReferenceDriver implements ZpoolDriver {
  readonly type: string = "reference";
  readonly description: string = "one object on each page: the simplest backend that is correct";

  capabilities(pageBytes: number, options?: PoolOptions): Capabilities {
    refuseOptions(options);
    return capabilitiesFor(toPageBytes(pageBytes));
  }

  create(machine: Machine, name: string, options?: PoolOptions): ZpoolBackend {
    refuseOptions(options);
    return new ReferencePool(machine, name);
  }
}

/** Unknown options are mistakes (a misspelled name would otherwise be ignored in silence). */
function refuseOptions(options: PoolOptions = {}): void {
  const [unknown] = Object.keys(options);
  if (unknown === undefined) return;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `the reference backend has no option "${unknown}"; it has none at all`);
}

class ReferencePool implements ZpoolBackend {
  readonly type: string = "reference";
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly #machine: Machine;
  readonly #owner: number; // marks our pages in the machine's page descriptors
  readonly #mappings: CpuMappings; // at most one open mapping per CPU, as the contract says
  // A real backend keeps its state in typed arrays. A Map is slower, and easier to read.
  readonly #pageOf = new Map<number, Pfn>();
  #lastHandle = 0;
  #mallocs = 0;
  #frees = 0;
  #failures = 0;

  constructor(machine: Machine, name: string) {
    this.name = name;
    this.capabilities = capabilitiesFor(machine.pageBytes);
    this.#machine = machine;
    this.#owner = machine.registerOwner(name);
    this.#mappings = new CpuMappings(machine, name);
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    // Expected failures are returned, not thrown, and counted. Nothing else may change.
    if (bytes === 0 || (gfp & __GFP_HIGHMEM) !== 0) return this.#refuse(EINVAL);
    if (bytes > this.capabilities.maxBytes) return this.#refuse(ENOSPC);
    const pfn = this.#machine.allocPages(0, gfp, this.#owner);
    if (isErrno(pfn)) return this.#refuse(pfn); // a backend that needs several pages gives back those it has got already
    // Handles are never used again here, so that a stale one can't be taken for a live one.
    const handle = ++this.#lastHandle;
    this.#pageOf.set(handle, pfn);
    this.#mallocs++;
    return handle as Handle;
  }

  #refuse(errno: Errno): Errno {
    this.#failures++;
    return errno;
  }

  free(handle: Handle): void {
    const pfn = this.#page(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
    this.#pageOf.delete(handle);
    this.#machine.freePages(pfn, 0);
    this.#frees++;
  }

  map(handle: Handle, mode: MapMode): Mapping {
    // Look for mistakes first, act afterwards: what throws must change nothing.
    const pfn = this.#page(handle, "map");
    const record = this.#mappings.available();
    // The object is never moved and its page is always mapped (no HIGHMEM), so the bytes are used in place, whatever the mode.
    // A backend with HIGHMEM pages calls machine.kmap.mapLocal here, and one whose callers may not sleep machine.cpus.preemptDisable.
    record.bytes = this.#machine.memory.chunkOf(pfn);
    record.offset = this.#machine.memory.offsetOf(pfn);
    record.length = this.#machine.pageBytes;
    this.#mappings.begin(record, handle, mode);
    return record;
  }

  unmap(handle: Handle): void {
    this.#mappings.end(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const pfn = this.#page(handle, "read");
    assertCopyRange(this.name, this.#machine.pageBytes, target, targetOffset, length);
    this.#machine.memory.copyOut(pfn, 0, target, targetOffset, length);
    this.#machine.cost.copy(length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const pfn = this.#page(handle, "write");
    assertCopyRange(this.name, this.#machine.pageBytes, source, sourceOffset, length);
    this.#machine.memory.copyIn(pfn, 0, source, sourceOffset, length);
    this.#machine.cost.copy(length);
  }

  /** The page of a live object. Every call with a handle comes through here, so that no bad one gets further. */
  #page(handle: Handle, operation: string): Pfn {
    const pfn = this.#pageOf.get(handle);
    if (pfn === undefined) throw badHandle(this.name, operation, handle);
    return pfn;
  }

  totalPages(): number {
    return this.#pageOf.size;
  }

  stats(): PoolStats {
    return {
      totalPages: this.#pageOf.size,
      objects: this.#pageOf.size,
      slotBytes: this.#pageOf.size * this.#machine.pageBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: 0,
      objectsMoved: 0,
    };
  }

  /** Level 1: totals. Level 2: every table (here: no page serves two objects). Level 3: the machine's view of our pages. */
  check(level: CheckLevel): void {
    const live = this.#mallocs - this.#frees;
    if (live !== this.#pageOf.size)
      throw corrupt(this.name, `mallocs - frees = ${live}, objects = ${this.#pageOf.size}`);
    if (level >= 2 && new Set(this.#pageOf.values()).size !== live)
      throw corrupt(this.name, "a page serves two objects");
    if (level < 3) return;
    for (const [handle, pfn] of this.#pageOf) {
      if (this.#machine.pages.ownerOf(pfn) !== this.#owner) throw corrupt(this.name, `page of ${handle} isn't ours`);
    }
  }

  destroy(): number {
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#pageOf.size;
    for (const pfn of this.#pageOf.values()) this.#machine.freePages(pfn, 0);
    this.#pageOf.clear();
    return leftovers;
  }
}
