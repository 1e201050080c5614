// Drivers by name, and the pools made from them.

import type { Machine } from "@zlab/hw-sim";
import { ZPoolError } from "./errors.ts";
import { Zpool } from "./zpool.ts";
import type { PoolOptions, ZpoolDriver } from "./zpool-driver.ts";

interface Entry {
  readonly driver: ZpoolDriver;
  users: number; // pools made from the driver and not destroyed yet
}

export class ZpoolRegistry {
  readonly machine: Machine;
  readonly #entries = new Map<string, Entry>();

  constructor(machine: Machine, drivers: readonly ZpoolDriver[] = []) {
    this.machine = machine;
    for (const driver of drivers) this.register(driver);
  }

  /** Makes a driver available; disposing the result takes it out again. Throws ZLAB_DUPLICATE_DRIVER for a known name (the
   * kernel lets the later one win, which hides mistakes). */
  register(driver: ZpoolDriver): Disposable {
    if (this.#entries.has(driver.type)) {
      throw new ZPoolError("ZLAB_DUPLICATE_DRIVER", `a driver named "${driver.type}" is registered already`);
    }
    this.#entries.set(driver.type, { driver, users: 0 });
    return { [Symbol.dispose]: () => this.unregister(driver.type) };
  }

  /** Takes a driver out. Throws ZLAB_DRIVER_BUSY while a pool uses it (the kernel's EBUSY). */
  unregister(type: string): void {
    const { users } = this.#entry(type);
    if (users > 0)
      throw new ZPoolError("ZLAB_DRIVER_BUSY", `driver "${type}" is used by ${users} pools; destroy them first`);
    this.#entries.delete(type);
  }

  has(type: string): boolean {
    return this.#entries.has(type);
  }

  /** Throws ZLAB_NO_DRIVER, naming those there are. */
  driver(type: string): ZpoolDriver {
    return this.#entry(type).driver;
  }

  /** All drivers, in the order of registration. */
  drivers(): ZpoolDriver[] {
    return Array.from(this.#entries.values(), (entry) => entry.driver);
  }

  /** Makes a pool. The driver stays pinned until the pool is destroyed. */
  create(type: string, name: string, options?: PoolOptions): Zpool {
    return new Zpool(this, type, name, options);
  }

  /** Takes a reference on a driver; released by `unpin`. For `Zpool`. */
  pin(type: string): ZpoolDriver {
    const entry = this.#entry(type);
    entry.users++;
    return entry.driver;
  }

  unpin(type: string): void {
    this.#entry(type).users--;
  }

  #entry(type: string): Entry {
    const entry = this.#entries.get(type);
    if (entry !== undefined) return entry;
    const known = [...this.#entries.keys()].join(", ") || "none";
    throw new ZPoolError("ZLAB_NO_DRIVER", `there is no backend "${type}"; registered: ${known}`);
  }
}
