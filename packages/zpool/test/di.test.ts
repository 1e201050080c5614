// Drivers and pools in a container.

import { GFP_KERNEL, MACHINE, type Machine, machineModule, x86_64 } from "@zlab/hw-sim";
import {
  ZPOOL,
  ZPOOL_DRIVER,
  ZPOOL_DRIVERS,
  ZPOOL_REGISTRY,
  type Zpool,
  type ZpoolDriver,
  type ZpoolRegistry,
  driverModule,
  poolModule,
} from "@zlab/zpool";
import { ReferenceDriver } from "@zlab/zpool/testing";
import { Container } from "inversify";
import { expect, test } from "vitest";
import { SlabDriver } from "./slab-driver.ts";

const stub = (type: string): ZpoolDriver => ({
  type,
  description: "",
  capabilities: () => {
    throw new Error("unused");
  },
  create: () => {
    throw new Error("unused");
  },
});

test("the registry collects every driver that is loaded, and knows each by name", () => {
  const container = new Container();
  container.load(machineModule(x86_64()), driverModule(stub("a")), driverModule(stub("b")));
  const registry = container.get<ZpoolRegistry>(ZPOOL_REGISTRY);
  expect(registry.drivers().map((driver) => driver.type)).toEqual(["a", "b"]);
  expect(container.get<ZpoolDriver>(ZPOOL_DRIVER, { name: "b" }).type).toBe("b");
  expect(container.getAll<ZpoolDriver>(ZPOOL_DRIVERS)).toHaveLength(2);
  expect(registry.machine).toBe(container.get<Machine>(MACHINE));
  expect(container.get(ZPOOL_REGISTRY)).toBe(registry);
});

test("a pool is bound under its name, and made once", () => {
  const container = new Container();
  container.load(machineModule(), driverModule(new ReferenceDriver()), poolModule("reference", "zram0"));
  container.load(poolModule("reference", "zram1"));
  const pool = container.get<Zpool>(ZPOOL, { name: "zram0" });
  expect(pool.name).toBe("zram0");
  expect(container.get(ZPOOL, { name: "zram0" })).toBe(pool);
  expect(container.get(ZPOOL, { name: "zram1" })).not.toBe(pool);
  expect(() => container.get(ZPOOL, { name: "zram2" })).toThrow(/zram2/);
});

test("modules can be loaded in any order", () => {
  const container = new Container();
  container.load(poolModule("reference", "zram0"), driverModule(new ReferenceDriver()), machineModule());
  expect(container.get<Zpool>(ZPOOL, { name: "zram0" }).type).toBe("reference");
});

test.each(["reference", "slab-test"])("a backend is swapped in one line: %s", (type) => {
  const container = new Container();
  container.load(machineModule(), driverModule(new ReferenceDriver()), driverModule(new SlabDriver()));
  container.load(poolModule(type, "zram0")); // the line
  const pool = container.get<Zpool>(ZPOOL, { name: "zram0" });
  expect(pool.type).toBe(type);
  expect(pool.malloc(100, GFP_KERNEL)).toBeGreaterThan(0);
  expect(pool.totalPages()).toBe(type === "reference" ? 1 : 2);
});

test("options reach the backend, and a wrong one keeps the pool from being made", () => {
  const container = new Container();
  container.load(machineModule(), driverModule(new ReferenceDriver()), poolModule("reference", "p", { chainSize: 8 }));
  expect(() => container.get(ZPOOL, { name: "p" })).toThrow(/no option "chainSize"/);
});

test("a pool without any driver is told what is missing, and the names are those of this library", () => {
  const container = new Container();
  container.load(machineModule(), poolModule("reference", "p"));
  expect(() => container.get(ZPOOL, { name: "p" })).toThrow(/there is no backend "reference"; registered: none/);
  expect([ZPOOL, ZPOOL_DRIVER, ZPOOL_DRIVERS, ZPOOL_REGISTRY].map((token) => Symbol.keyFor(token))).toEqual([
    "zlab.zpool",
    "zlab.zpool-driver",
    "zlab.zpool-drivers",
    "zlab.zpool-registry",
  ]);
});
