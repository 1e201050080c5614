// How backends and pools get into a container: one ContainerModule each, swapped in one line.

import { MACHINE, type Machine, containerModule } from "@zlab/hw-sim";
import type { ContainerModule, ContainerModuleLoadOptions } from "inversify";
import { ZpoolRegistry } from "./registry.ts";
import { ZPOOL, ZPOOL_DRIVER, ZPOOL_DRIVERS, ZPOOL_REGISTRY } from "./tokens.ts";
import type { Zpool } from "./zpool.ts";
import type { PoolOptions, ZpoolDriver } from "./zpool-driver.ts";

/** Binds a driver: among all drivers, by its type as name, and, once per container, the registry that collects them. */
export function driverModule(driver: ZpoolDriver): ContainerModule {
  return containerModule((options) => {
    options.bind<ZpoolDriver>(ZPOOL_DRIVERS).toConstantValue(driver);
    options.bind<ZpoolDriver>(ZPOOL_DRIVER).toConstantValue(driver).whenNamed(driver.type);
    bindRegistry(options);
  });
}

/** Binds one pool as a singleton under its name: `container.get(ZPOOL, { name: "zram0" })`. Exchanging the backend is
 * exchanging `type`. */
export function poolModule(type: string, name: string, poolOptions?: PoolOptions): ContainerModule {
  return containerModule((options) => {
    bindRegistry(options);
    options
      .bind<Zpool>(ZPOOL)
      .toResolvedValue((registry: ZpoolRegistry) => registry.create(type, name, poolOptions), [ZPOOL_REGISTRY])
      .inSingletonScope()
      .whenNamed(name);
  });
}

function bindRegistry({ bind, isBound }: ContainerModuleLoadOptions): void {
  if (isBound(ZPOOL_REGISTRY)) return;
  bind<ZpoolRegistry>(ZPOOL_REGISTRY)
    .toResolvedValue(
      (machine: Machine, drivers: ZpoolDriver[]) => new ZpoolRegistry(machine, drivers),
      [MACHINE, { isMultiple: true, serviceIdentifier: ZPOOL_DRIVERS }],
    )
    .inSingletonScope();
}
