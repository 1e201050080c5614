// The modules that the packages make for a container, without having loaded one.

import { Container, ContainerModule } from "inversify";
import { expect, test } from "vitest";
import { MACHINE, type Machine, containerModule, machineModule, x86_64 } from "@zlab/hw-sim";

test("a module binds what its loader says, and takes only that along when it is unloaded", () => {
  const container = new Container();
  const [one, two] = ["one", "two"].map((id) => containerModule(({ bind }) => void bind(id).toConstantValue(1)));
  const inversifys = new ContainerModule(({ bind }) => void bind("three").toConstantValue(3));
  container.load(one!, two!, inversifys, machineModule(x86_64(2 ** 26)));
  container.unload(one!);
  expect([container.isBound("one"), container.isBound("two"), container.isBound("three")]).toEqual([false, true, true]);
  container.unload(inversifys);
  expect([container.isBound("two"), container.isBound("three")]).toEqual([true, false]);
  expect(container.get<Machine>(MACHINE)).toBe(container.get<Machine>(MACHINE));
});
