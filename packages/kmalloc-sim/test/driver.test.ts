// Both backends behind the zpool contract.

import {
  EINVAL,
  ENOSPC,
  GFP_KERNEL,
  Machine,
  __GFP_DMA32,
  __GFP_HIGHMEM,
  isErrno,
  machineModule,
  x86_32,
} from "@zlab/hw-sim";
import { kmallocDriver, kmallocModule, kmallocSlabDriver, kmallocSlabModule } from "@zlab/kmalloc-sim";
import {
  type Handle,
  MapMode,
  type PoolOptions,
  ZPOOL_REGISTRY,
  ZPoolError,
  type ZpoolBackend,
  type ZpoolRegistry,
} from "@zlab/zpool";
import { Container } from "inversify";
import { describe, expect, test } from "vitest";
import { smallMachine } from "./machines.ts";

function allocate(pool: ZpoolBackend, bytes: number): Handle {
  const handle = pool.malloc(bytes, GFP_KERNEL);
  if (isErrno(handle)) throw new Error(`malloc(${bytes}) returned ${handle}`);
  return handle;
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof ZPoolError) return error.code;
    throw error;
  }
  return "nothing thrown";
}

function messageOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing thrown";
}

describe.each([kmallocDriver, kmallocSlabDriver])("$type", (driver) => {
  test("size limits and refused flags", () => {
    const machine = smallMachine(8192);
    const pool = driver.create(machine, "pool");
    const { maxBytes } = driver.capabilities(4096);
    expect(maxBytes).toBe(4 * 1024 * 1024);
    expect(pool.capabilities).toEqual(driver.capabilities(4096));
    expect(pool.malloc(0, GFP_KERNEL)).toBe(EINVAL);
    expect(pool.malloc(100, GFP_KERNEL | __GFP_HIGHMEM)).toBe(EINVAL);
    expect(pool.malloc(100, GFP_KERNEL | __GFP_DMA32)).toBe(EINVAL);
    expect(pool.malloc(maxBytes + 1, GFP_KERNEL)).toBe(ENOSPC);
    expect(pool.malloc(0xffff_ffff, GFP_KERNEL)).toBe(ENOSPC);
    expect(pool.totalPages()).toBe(0);
    expect(isErrno(pool.malloc(maxBytes, GFP_KERNEL))).toBe(false);
    expect(pool.stats()).toMatchObject({
      objects: 1,
      slotBytes: maxBytes,
      mallocs: 1,
      failures: 5,
      spanningObjects: 0,
    });
  });

  test("handles that are not live are refused: zero, freed, within an object, of another pool, beyond memory", () => {
    const machine = smallMachine(1024, { cpus: 2 });
    const pool = driver.create(machine, "pool");
    const other = driver.create(machine, "other");
    const live = allocate(pool, 100);
    const freed = allocate(pool, 100);
    pool.free(freed);
    const wrong = [0, 16, freed, live + 1, live + 0.5, live + 64, allocate(other, 100), 2 ** 50, -4096, Number.NaN];
    const before = pool.stats();
    for (const handle of wrong as Handle[]) {
      expect([handle, codeOf(() => pool.free(handle))]).toEqual([handle, "ZLAB_BAD_HANDLE"]);
      expect([handle, codeOf(() => pool.map(handle, MapMode.RO))]).toEqual([handle, "ZLAB_BAD_HANDLE"]);
      expect([handle, codeOf(() => pool.read(handle, new Uint8Array(1), 0, 1))]).toEqual([handle, "ZLAB_BAD_HANDLE"]);
    }
    expect(pool.stats()).toEqual(before);
    pool.map(live, MapMode.RW);
    expect(codeOf(() => pool.free(0 as Handle))).toBe("ZLAB_BAD_HANDLE"); // though the other CPU's record says 0
    expect(codeOf(() => pool.free(live))).toBe("ZLAB_MAPPED");
    expect(codeOf(() => pool.destroy())).toBe("ZLAB_MAPPED");
    expect(codeOf(() => pool.map(live, MapMode.RW))).toBe("ZLAB_NESTED_MAP");
    pool.unmap(live);
    expect(codeOf(() => pool.unmap(live))).toBe("ZLAB_NOT_MAPPED");
    pool.free(live);
    pool.check(3);
  });

  test("messages name the pool, the operation and the handle", () => {
    const pool = driver.create(smallMachine(64), "pool");
    const live = allocate(pool, 100);
    const NOT_LIVE = "which is not live: it is 0, was freed before, or comes from elsewhere";
    const bytes = new Uint8Array(10);
    const messages: [string, () => unknown][] = [
      [`pool: free of handle 16, ${NOT_LIVE}`, () => pool.free(16 as Handle)],
      [`pool: free of handle 17, ${NOT_LIVE}`, () => pool.free(17 as Handle)],
      [`pool: map of handle 17, ${NOT_LIVE}`, () => pool.map(17 as Handle, MapMode.RW)],
      [`pool: read of handle 17, ${NOT_LIVE}`, () => pool.read(17 as Handle, bytes, 0, 1)],
      [`pool: write of handle 17, ${NOT_LIVE}`, () => pool.write(17 as Handle, bytes, 0, 1)],
    ];
    const whileMapped: typeof messages = [
      [`pool: free of handle 17, ${NOT_LIVE}`, () => pool.free(17 as Handle)],
      [`pool: free of object ${live}, which CPU 0 has mapped`, () => pool.free(live)],
      ["pool: destroy while 1 objects are mapped", () => pool.destroy()],
    ];
    for (const [message, action] of messages) expect(messageOf(action)).toBe(message);
    pool.map(live, MapMode.RW);
    for (const [message, action] of whileMapped) expect(messageOf(action)).toBe(message);
    pool.unmap(live);
    pool.destroy();
    expect(messageOf(() => pool.destroy())).toBe('pool "pool" is destroyed; make a new one');
  });

  test("its capabilities and its description", () => {
    expect(driver.capabilities(4096)).toEqual({
      maxBytes: 4 * 1024 * 1024,
      movable: false,
      sleepMapped: true,
      compact: false,
      crossPage: false,
      maxPageOrder: 10,
    });
    expect(driver.capabilities(65536).maxBytes).toBe(driver.type === "kmalloc" ? 64 * 1024 * 1024 : 32 * 1024 * 1024);
    expect(driver.description).toMatch(/^power-of-two caches of the/u);
    expect(driver.create(smallMachine(64), "pool", { cpus: undefined }).type).toBe(driver.type);
  });

  test("copies are counted, and what isn't supported counts as nothing", () => {
    const machine = smallMachine(64);
    const pool = driver.create(machine, "pool");
    const handle = allocate(pool, 100);
    pool.write(handle, new Uint8Array(100), 0, 100);
    pool.read(handle, new Uint8Array(100), 0, 28);
    expect(machine.cost.copiedBytes).toBe(128);
    expect(machine.ownerName(machine.pages.ownerOf(Math.floor(handle / 4096)))).toBe("pool");
    const owner = machine.pages.ownerOf(Math.floor(handle / 4096));
    machine.pages.setOwner(Math.floor(handle / 4096), 0);
    expect(codeOf(() => pool.check(3))).toBe("ZLAB_CORRUPT");
    machine.pages.setOwner(Math.floor(handle / 4096), owner);
    pool.free(handle);
    expect(pool.stats()).toEqual({
      totalPages: pool.totalPages(),
      objects: 0,
      slotBytes: 0,
      spanningObjects: 0,
      mallocs: 1,
      frees: 1,
      failures: 0,
      pagesCompacted: 0,
      objectsMoved: 0,
    });
    expect(pool.slabinfo()).toMatch(/^slabinfo - version: 2.1\n/u);
  });

  test("pages of a slab that was given back lead to no slab any more", () => {
    const machine = smallMachine(2048);
    const pool = driver.create(machine, "pool");
    const handles = Array.from({ length: 400 }, () => allocate(pool, 4096));
    for (const handle of handles) pool.free(handle);
    for (const handle of handles) expect(codeOf(() => pool.free(handle))).toBe("ZLAB_BAD_HANDLE");
    pool.destroy();
    expect(machine.freePageCount()).toBe(2048);
    for (let pfn = 0; pfn < machine.endPfn; pfn++) expect(machine.pages.ownerOf(pfn)).toBe(0);
    expect(codeOf(() => pool.malloc(1, GFP_KERNEL))).toBe("ZLAB_DESTROYED");
    expect(codeOf(() => pool.destroy())).toBe("ZLAB_DESTROYED");
  });

  test("an object that crosses pages is one contiguous piece of memory, through mappings and copies", () => {
    const pool = driver.create(smallMachine(1024), "pool");
    const handle = allocate(pool, 20_000);
    const mapping = pool.map(handle, MapMode.WO);
    expect(mapping.length).toBe(32_768);
    for (let i = 0; i < mapping.length; i++) mapping.bytes[mapping.offset + i] = i % 251;
    pool.unmap(handle);
    const copy = new Uint8Array(20_010);
    pool.read(handle, copy, 10, 20_000);
    expect(copy.subarray(10)).toEqual(Uint8Array.from({ length: 20_000 }, (_, i) => i % 251));
    pool.write(handle, copy, 10, 300);
    expect(codeOf(() => pool.read(handle, copy, 11, 20_000))).toBe("ZLAB_RANGE");
    expect(codeOf(() => pool.write(handle, new Uint8Array(40_000), 0, 32_769))).toBe("ZLAB_RANGE");
  });

  test("memory comes from the permanently mapped zone", () => {
    const machine = new Machine(x86_32());
    const pool = driver.create(machine, "pool");
    for (const bytes of [10, 1000, 8192, 100_000])
      expect(allocate(pool, bytes)).toBeLessThan(machine.highmemStartPfn * 4096);
  });

  test("addresses beyond 4 GiB are exact", () => {
    const machine = new Machine({ pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 2 ** 24 }], backing: "size-only" });
    const owner = machine.registerOwner("other");
    for (let block = 0; block < 2000; block++) machine.allocPages(10, 0, owner);
    const pool = driver.create(machine, "pool");
    const handles = Array.from({ length: 300 }, () => allocate(pool, 8192));
    expect(handles[0]).toBeGreaterThan(2 ** 32);
    pool.check(3);
    const mapping = pool.map(handles[7]!, MapMode.RW);
    expect([mapping.bytes.length, mapping.length]).toEqual([0, 8192]);
    pool.unmap(handles[7]!);
    for (const handle of handles) pool.free(handle);
    expect(pool.destroy()).toBe(0);
  });
});

test("both are registered by their modules, and unknown or wrong options are refused", () => {
  const container = new Container();
  container.load(machineModule(), kmallocModule(), kmallocSlabModule());
  const registry = container.get<ZpoolRegistry>(ZPOOL_REGISTRY);
  expect(registry.drivers().map((driver) => driver.type)).toEqual(["kmalloc", "kmalloc-slab"]);
  registry.create("kmalloc", "a", { cpus: 64, randomizeFreelist: true, seed: 7, fallback: false }).destroy();
  for (const options of [
    { cpus: 0 },
    { cpus: "2" },
    { randomizeFreelist: 1 },
    { fallback: 0 },
    { seed: -1 },
    { chainSize: 8 },
  ]) {
    expect(codeOf(() => registry.create("kmalloc", "b", options))).toBe("ZLAB_POOL_OPTIONS");
    expect(codeOf(() => kmallocDriver.capabilities(4096, options))).toBe("ZLAB_POOL_OPTIONS");
  }
  expect(codeOf(() => registry.create("kmalloc-slab", "b", { cpus: 2 }))).toBe("ZLAB_POOL_OPTIONS");
  expect(codeOf(() => kmallocSlabDriver.capabilities(4096, { cpus: 2 }))).toBe("ZLAB_POOL_OPTIONS");
});

test.each<[PoolOptions, string]>([
  [{ cpus: 0 }, "kmalloc: cpus must be an integer from 1 to 8192, not 0"],
  [{ cpus: 8193 }, "kmalloc: cpus must be an integer from 1 to 8192, not 8193"],
  [{ cpus: 1.5 }, "kmalloc: cpus must be an integer from 1 to 8192, not 1.5"],
  [{ seed: -1 }, "kmalloc: seed must be an integer from 0 to 4294967295, not -1"],
  [{ seed: 2 ** 32 }, "kmalloc: seed must be an integer from 0 to 4294967295, not 4294967296"],
  [{ randomizeFreelist: "no" }, "kmalloc: randomizeFreelist must be true or false, not no"],
  [{ fallback: 0 }, "kmalloc: fallback must be true or false, not 0"],
  [
    { chainSize: 8, era: "6.1" },
    "kmalloc does not know the options chainSize, era: it has cpus, randomizeFreelist, seed, fallback",
  ],
])("kmalloc refuses %j", (options, message) => {
  expect(messageOf(() => kmallocDriver.create(smallMachine(64), "pool", options))).toBe(message);
});

test("kmalloc accepts the limits of its options, kmalloc-slab nothing", () => {
  for (const options of [
    { cpus: 1, seed: 0 },
    { cpus: 8192, seed: 2 ** 32 - 1 },
  ]) {
    kmallocDriver.create(smallMachine(64), "pool", options).check(3);
  }
  expect(messageOf(() => kmallocSlabDriver.create(smallMachine(64), "pool", { cpus: 2 }))).toBe(
    "kmalloc-slab does not know the options cpus: it has none",
  );
});
