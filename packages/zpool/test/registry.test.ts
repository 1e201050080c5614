// Drivers by name: duplicates, unknown ones, those in use.

import { Machine } from "@zlab/hw-sim";
import { type PoolOptions, ZpoolRegistry } from "@zlab/zpool";
import { ReferenceDriver, conformanceMachine } from "@zlab/zpool/testing";
import { expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

const newRegistry = (): ZpoolRegistry => new ZpoolRegistry(new Machine(conformanceMachine()));
const withCode = (code: string): unknown => expect.objectContaining({ code });

test("a driver can be registered, found and taken out again", () => {
  const registry = newRegistry();
  const driver = new ReferenceDriver();
  {
    using _registration = registry.register(driver);
    expect(registry.driver("reference")).toBe(driver);
    expect(registry.drivers()).toEqual([driver]);
  }
  expect(registry.has("reference")).toBe(false);
});

test("a second driver of the same name is refused, and the first stays", () => {
  const registry = newRegistry();
  const first = new ReferenceDriver();
  registry.register(first);
  expect(() => registry.register(new ReferenceDriver())).toThrow(withCode("ZLAB_DUPLICATE_DRIVER") as Error);
  expect(() => registry.register(new ReferenceDriver())).toThrow('a driver named "reference" is registered already');
  expect(registry.driver("reference")).toBe(first);
});

test("a driver in use can't be taken out before its last pool is destroyed", () => {
  const registry = newRegistry();
  const registration = registry.register(new ReferenceDriver());
  const pools = ["a", "b"].map((name) => registry.create("reference", name));
  for (const pool of pools) {
    expect(() => registration[Symbol.dispose]()).toThrow(withCode("ZLAB_DRIVER_BUSY") as Error);
    pool.destroy();
  }
  const last = registry.create("reference", "c");
  expect(() => registry.unregister("reference")).toThrow('"reference" is used by 1 pools; destroy them first');
  last.destroy();
  registration[Symbol.dispose]();
  expect(registry.drivers()).toEqual([]);
});

test("an unknown driver is refused with the names of those there are", () => {
  const registry = newRegistry();
  expect(() => registry.driver("zbud")).toThrow(/there is no backend "zbud"; registered: none/);
  registry.register(new ReferenceDriver());
  for (const action of [
    () => registry.driver("zbud"),
    () => registry.create("zbud", "pool"),
    () => registry.unregister("zbud"),
  ]) {
    expect(action).toThrow(withCode("ZLAB_NO_DRIVER") as Error);
    expect(action).toThrow(/registered: reference$/);
  }
  registry.register(new SlabDriver());
  expect(() => registry.driver("zbud")).toThrow(/registered: reference, slab-test$/);
});

test("a driver whose pool can't be made is not in use", () => {
  const registry = newRegistry();
  registry.register(new ReferenceDriver());
  const options: PoolOptions = { chainSize: 8 };
  expect(() => registry.create("reference", "pool", options)).toThrow(withCode("ZLAB_POOL_OPTIONS") as Error);
  registry.unregister("reference");
});
