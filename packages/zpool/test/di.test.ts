import { MACHINE, Machine, machineModule, x86_64 } from "@zlab/hw-sim";
import { Container } from "inversify";
import { expect, test } from "vitest";
import { ZPOOL_DRIVER, ZPOOL_REGISTRY, type ZpoolDriver, type ZpoolRegistry, driverModule } from "@zlab/zpool";

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
  expect(registry.machine).toBe(container.get<Machine>(MACHINE));
});
