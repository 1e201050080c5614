// How the services of zlab get into a container, without loading it: of inversify only the types are imported here and in the other
// packages' module.ts. Who composes has imported it anyway, and who uses the library without a container is spared
// two thirds of the time that importing it would take.

import type { ContainerModule, ContainerModuleLoadOptions } from "inversify";
import type { MachineOptions } from "./machine-options.ts";
import { Machine } from "./machine.ts";
import { x86_64 } from "./presets.ts";
import { MACHINE } from "./tokens.ts";

let modulesMade = 0;

/** A module for `Container.load`, which asks of one a number of its own and that it can be loaded. inversify's own modules count
 * upwards from 0, these downwards from -1. */
export function containerModule(load: (options: ContainerModuleLoadOptions) => void): ContainerModule {
  return { id: -++modulesMade, load } as ContainerModule;
}

/** The machine that all backends of the container share; by default an x86-64 with 1 GiB. */
export function machineModule(options: MachineOptions = x86_64()): ContainerModule {
  return containerModule(({ bind }) => {
    bind<Machine>(MACHINE)
      .toResolvedValue(() => new Machine(options))
      .inSingletonScope();
  });
}
