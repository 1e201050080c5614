// zsmalloc in a container, and what it says of itself.

import { GFP_KERNEL, machineModule } from "@zlab/hw-sim";
import { type Handle, MapMode, ZPOOL, type Zpool, poolModule } from "@zlab/zpool";
import { ZsPool, zsmallocDriver, zsmallocModule } from "@zlab/zsmalloc";
import { Container } from "inversify";
import { expect, test } from "vitest";
import { smallMachine, zsPool } from "./fixtures.ts";

test("a container makes pools of it", () => {
  const container = new Container();
  container.load(machineModule(), zsmallocModule(), poolModule("zsmalloc", "zram0"));
  const pool = container.get<Zpool>(ZPOOL, { name: "zram0" });
  expect(pool.backend).toBeInstanceOf(ZsPool);
  expect([pool.type, pool.name]).toEqual(["zsmalloc", "zram0"]);
});

test.each([
  [{}, true],
  [{ era: "linux-3.10" }, false],
])("capabilities of %o", (options, compact) => {
  expect(zsmallocDriver.capabilities(4096, options)).toMatchObject({
    maxBytes: 4096,
    movable: true,
    sleepMapped: false,
    compact,
    crossPage: true,
    maxPageOrder: 0,
  });
  expect(zsmallocDriver.description).toMatch(/^chains of single pages/u);
});

const NOT_LIVE = "which is not live: it is 0, was freed before, or comes from elsewhere";

test.each<[string, (pool: ZsPool, live: Handle) => unknown]>([
  [`free of handle 5, ${NOT_LIVE}`, (pool) => pool.free(5 as Handle)],
  [`map of handle 5, ${NOT_LIVE}`, (pool) => pool.machine.cpus.runOn(1, () => pool.map(5 as Handle, MapMode.RW))],
  [`read of handle 5, ${NOT_LIVE}`, (pool) => pool.read(5 as Handle, new Uint8Array(1), 0, 1)],
  [`write of handle 5, ${NOT_LIVE}`, (pool) => pool.write(5 as Handle, new Uint8Array(1), 0, 1)],
  [`placementOf of handle 5, ${NOT_LIVE}`, (pool) => pool.placementOf(5 as Handle)],
  ["free of object LIVE, which CPU 0 has mapped", (pool, live) => pool.free(live)],
  ["destroy while 1 objects are mapped", (pool) => pool.destroy()],
])("%s", (message, action) => {
  const pool = zsPool(smallMachine());
  const live = pool.malloc(100, GFP_KERNEL) as Handle;
  pool.map(live, MapMode.RW);
  expect(() => action(pool, live)).toThrow(message.replace("LIVE", String(live)));
  pool.unmap(live);
  pool.check(3);
});
