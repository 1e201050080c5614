// Devices come and go, and how the container makes them.

import { kernelCodecsModule } from "@zlab/codecs";
import { MACHINE, type Machine, machineModule } from "@zlab/hw-sim";
import { ZRAM_CONTROL, type ZramControl, ZramError, zramErrnoName, zramModule } from "@zlab/zram";
import { zsmallocModule } from "@zlab/zsmalloc";
import { Container } from "inversify";
import { expect, test } from "vitest";
import { noisePage } from "./devices.ts";

function makeContainer(): Container {
  const container = new Container();
  container.load(machineModule(), zsmallocModule(), kernelCodecsModule(), zramModule({ era: "6.12" }));
  return container;
}

test("the container makes one control over its pools and codecs", () => {
  const container = makeContainer();
  const control = container.get<ZramControl>(ZRAM_CONTROL);
  expect(container.get<ZramControl>(ZRAM_CONTROL)).toBe(control);
  expect(control.add().era).toBe("6.12");
});

test("numbers are the lowest that are free", () => {
  const control = makeContainer().get<ZramControl>(ZRAM_CONTROL);
  expect([0, 1, 2].map(() => control.attributes.read("hot_add"))).toEqual(["0\n", "1\n", "2\n"]);
  control.attributes.write("hot_remove", "1\n");
  expect(control.devices().map(({ id }) => id)).toEqual([0, 2]);
  expect(() => control.device(1)).toThrow("ENODEV");
  expect(control.attributes.read("hot_add")).toBe("1\n");
  expect(["hot_add", "hot_remove"].map((name) => control.attributes.modeOf(name))).toEqual([0o400, 0o200]);
});

test("a device is removed full, but not open", () => {
  const container = makeContainer();
  const machine = container.get<Machine>(MACHINE);
  const free = machine.freePageCount();
  const control = container.get<ZramControl>(ZRAM_CONTROL);
  const zram = control.add();
  zram.attributes.write("disksize", "1M");
  zram.write(0, noisePage(1, 1000));
  const node = zram.open();
  expect(() => control.attributes.write("hot_remove", "0")).toThrow("EBUSY");
  node.close();
  control.attributes.write("hot_remove", "0");
  expect(machine.freePageCount()).toBe(free);
  expect(() => control.attributes.write("hot_remove", "0")).toThrow("ENODEV");
});

test("an error has number, name and code", () => {
  const control = makeContainer().get<ZramControl>(ZRAM_CONTROL);
  let error: unknown;
  try {
    control.add().attributes.write("reset", "0");
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toBeInstanceOf(ZramError);
  expect(error).toMatchObject({ errno: -22, errnoName: "EINVAL", code: "ZLAB_ZRAM_EINVAL" });
  expect((error as Error).message).toBe("reset: 0 does nothing (EINVAL)");
  expect([-5, -34, -12, -1].map(zramErrnoName)).toEqual(["EIO", "ERANGE", "ENOMEM", "errno -1"]);
});
