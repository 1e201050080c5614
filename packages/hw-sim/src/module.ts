// Binds one machine as a singleton of the container.

import "reflect-metadata";
import { ContainerModule } from "inversify";
import type { MachineOptions } from "./machine-options.ts";
import { Machine } from "./machine.ts";
import { x86_64 } from "./presets.ts";
import { MACHINE } from "./tokens.ts";

/** The machine that all backends of the container share; by default an x86-64 with 1 GiB. */
export function machineModule(options: MachineOptions = x86_64()): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind<Machine>(MACHINE)
      .toResolvedValue(() => new Machine(options))
      .inSingletonScope();
  });
}
