// The front end: one pool whose backend can be exchanged while it is in use.

import { type Errno, isErrno, errnoName } from "@zlab/hw-sim";
import { ZPoolError } from "./errors.ts";
import { hardenedDriver } from "./hardened/hardened-driver.ts";
import { asksForHardening, withoutHardened } from "./hardened/hardened-options.ts";
import type { ZpoolRegistry } from "./registry.ts";
import type { PoolStats } from "./stats.ts";
import type { Capabilities, CheckLevel, Handle, MapMode, Mapping, PoolOptions, ZpoolBackend } from "./zpool-driver.ts";

/** A live object and how many of its bytes matter; the pool itself doesn't know what was asked for. */
export interface LiveObject {
  readonly handle: Handle;
  readonly bytes: number;
}

export class Zpool implements ZpoolBackend {
  readonly #registry: ZpoolRegistry;
  #backend: ZpoolBackend;
  #driverType: string; // the registry's name of the driver that is pinned; the backend may call itself otherwise
  #destroyed = false;

  /** Use `ZpoolRegistry.create`. */
  constructor(registry: ZpoolRegistry, type: string, name: string, options?: PoolOptions) {
    this.#registry = registry;
    this.#backend = createPinned(registry, type, name, options);
    this.#driverType = type;
  }

  get type(): string {
    return this.#backend.type;
  }

  get name(): string {
    return this.#backend.name;
  }

  get capabilities(): Capabilities {
    return this.#backend.capabilities;
  }

  /** The pool behind the front end, for hot loops and for what only one backend has. Valid until `switchTo` or `destroy`. */
  get backend(): ZpoolBackend {
    return this.#backend;
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    return this.#backend.malloc(bytes, gfp);
  }

  free(handle: Handle): void {
    this.#backend.free(handle);
  }

  map(handle: Handle, mode: MapMode): Mapping {
    return this.#backend.map(handle, mode);
  }

  unmap(handle: Handle): void {
    this.#backend.unmap(handle);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    this.#backend.read(handle, target, targetOffset, length);
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    this.#backend.write(handle, source, sourceOffset, length);
  }

  totalPages(): number {
    return this.#backend.totalPages();
  }

  /** Compacts if the backend can; otherwise 0 pages. */
  compact(): number {
    return this.#backend.compact?.() ?? 0;
  }

  stats(): PoolStats {
    return this.#backend.stats();
  }

  check(level: CheckLevel): void {
    this.#backend.check(level);
  }

  /** Destroys the pool and releases its driver. Throws ZLAB_DESTROYED the second time. */
  destroy(): number {
    this.#assertAlive();
    const leftovers = this.#backend.destroy();
    this.#registry.unpin(this.#driverType);
    this.#destroyed = true;
    return leftovers;
  }

  /** Exchanges the backend: makes a pool of the other type, moves every object of `live` over, and destroys the old pool.
   * Returns the new handle of each old one. If an object does not fit or memory runs out, the new pool is given up, the
   * old one stays as it was, and ZLAB_SWITCH is thrown; until the end both pools hold the objects. Throws ZLAB_DESTROYED,
   * ZLAB_NO_DRIVER, ZLAB_POOL_OPTIONS, ZLAB_MAPPED and ZLAB_BAD_HANDLE too, with the old pool as it was. */
  switchTo(type: string, live: Iterable<LiveObject>, gfp: number, options?: PoolOptions): Map<Handle, Handle> {
    this.#assertAlive();
    const target = createPinned(this.#registry, type, this.name, options);
    try {
      const moved = copyObjects(this.#backend, target, live, gfp);
      this.#retire(moved.size);
      this.#backend = target;
      this.#driverType = type;
      return moved;
    } catch (error) {
      target.destroy();
      this.#registry.unpin(type);
      throw error;
    }
  }

  #assertAlive(): void {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `pool "${this.name}" is destroyed already`);
  }

  /** Destroys the old backend once all of its objects have been moved. */
  #retire(movedCount: number): void {
    const { objects } = this.#backend.stats();
    if (objects !== movedCount) {
      throw new ZPoolError(
        "ZLAB_SWITCH",
        `pool "${this.name}" holds ${objects} objects, but ${movedCount} were named to be moved; name every live object once`,
      );
    }
    this.#backend.destroy();
    this.#registry.unpin(this.#driverType);
  }
}

function createPinned(registry: ZpoolRegistry, type: string, name: string, options?: PoolOptions): ZpoolBackend {
  const driver = registry.pin(type);
  try {
    if (asksForHardening(options)) return hardenedDriver(driver).create(registry.machine, name, options);
    return driver.create(registry.machine, name, withoutHardened(options));
  } catch (error) {
    registry.unpin(type);
    throw error;
  }
}

function copyObjects(
  source: ZpoolBackend,
  target: ZpoolBackend,
  live: Iterable<LiveObject>,
  gfp: number,
): Map<Handle, Handle> {
  const moved = new Map<Handle, Handle>();
  let buffer = new Uint8Array(4096);
  for (const { handle, bytes } of live) {
    if (moved.has(handle)) {
      throw new ZPoolError("ZLAB_SWITCH", `object ${handle} of pool "${source.name}" was named twice; name each once`);
    }
    const copy = target.malloc(bytes, gfp);
    if (isErrno(copy)) {
      throw new ZPoolError(
        "ZLAB_SWITCH",
        `${target.type} refuses object ${handle} of ${bytes} bytes: ${errnoName(copy)}; the pool stays with ${source.type}`,
      );
    }
    if (bytes > buffer.length) buffer = new Uint8Array(bytes);
    source.read(handle, buffer, 0, bytes);
    target.write(copy, buffer, 0, bytes);
    moved.set(handle, copy);
  }
  return moved;
}
