// The composition root: the only place of the program where machines, backends and codecs are put together in a container.

import "reflect-metadata";
import { CODEC_REGISTRY, type CodecRegistry, kernelCodecsModule } from "@zlab/codecs";
import { type Machine, type MachineOptions, largePages, machineModule, x86_64 } from "@zlab/hw-sim";
import { kmallocModule, kmallocSlabModule } from "@zlab/kmalloc-sim";
import { xvmallocModule } from "@zlab/xvmalloc";
import { z3foldModule } from "@zlab/z3fold";
import { zblockModule } from "@zlab/zblock";
import { zbudModule } from "@zlab/zbud";
import {
  type PoolOptions,
  ZPOOL_REGISTRY,
  type Zpool,
  type ZpoolDriver,
  type ZpoolRegistry,
  driverModule,
} from "@zlab/zpool";
import { type ZsPool, zsmallocDriver, zsmallocModule } from "@zlab/zsmalloc";
import { Container, type ContainerModule } from "inversify";

const GIB = 2 ** 30;
const DEFAULT_CHAIN_SIZE = 8;

/** The modules of all backends that come with zlab. */
function backendModules(): ContainerModule[] {
  return [
    zsmallocModule(),
    zbudModule(),
    z3foldModule(),
    kmallocModule(),
    kmallocSlabModule(),
    xvmallocModule(),
    zblockModule(),
  ];
}

/** The registry over a fresh machine: with all backends, or with the given drivers alone. */
export function createRegistry(machineOptions: MachineOptions, drivers?: readonly ZpoolDriver[]): ZpoolRegistry {
  const container = new Container();
  container.load(machineModule(machineOptions), ...(drivers?.map(driverModule) ?? backendModules()));
  return container.get<ZpoolRegistry>(ZPOOL_REGISTRY);
}

/** The registry of the codecs that come with zlab. */
export function createCodecs(): CodecRegistry {
  const container = new Container();
  container.load(kernelCodecsModule());
  return container.get<CodecRegistry>(CODEC_REGISTRY);
}

/** A machine with pages of `pageBytes` and ample memory to store `inputBytes` in any backend: an x86-64, or one zone of
 * larger pages. */
export function machineFor(pageBytes: number, inputBytes: number): MachineOptions {
  const memoryBytes = Math.ceil((GIB + 4 * inputBytes) / GIB) * GIB;
  return pageBytes === 4096 ? x86_64(memoryBytes) : largePages(pageBytes, memoryBytes);
}

/** A backend with options: one line of a comparison. */
export interface BackendVariant {
  /** Name in tables and on the command line. */
  readonly label: string;
  readonly driver: ZpoolDriver;
  readonly options: PoolOptions;
}

/** What `compare` compares: every registered backend, and beside it those of its variants that differ in substance. */
export function backendVariants(chainSize: number = DEFAULT_CHAIN_SIZE): BackendVariant[] {
  const drivers = createRegistry(machineFor(4096, 0)).drivers();
  return drivers.flatMap((driver) =>
    (variantOptions[driver.type] ?? plainVariant)(chainSize).map(({ suffix, options }) => ({
      label: `${driver.type}${suffix}`,
      driver,
      options,
    })),
  );
}

interface VariantOptions {
  readonly suffix: string;
  readonly options: PoolOptions;
}

function plainVariant(): VariantOptions[] {
  return [{ suffix: "", options: {} }];
}

const variantOptions: Readonly<Record<string, (chainSize: number) => VariantOptions[]>> = {
  zsmalloc: (chainSize) => [
    { suffix: "", options: { era: "linux-6.12", chainSize } },
    { suffix: "@linux-4.x", options: { era: "linux-4.x" } },
    { suffix: "@linux-3.10", options: { era: "linux-3.10" } },
  ],
};

/** A fresh machine for a variant, and what makes its pool there. */
export function createPool(
  { driver, options }: BackendVariant,
  machineOptions: MachineOptions,
): { machine: Machine; createZpool: () => Zpool } {
  const registry = createRegistry(machineOptions, [driver]);
  return { machine: registry.machine, createZpool: () => registry.create(driver.type, "zlab", options) };
}

/** A zsmalloc pool on a fresh machine. */
export function createZsPool(machineOptions: MachineOptions, options: PoolOptions): ZsPool {
  return createRegistry(machineOptions, [zsmallocDriver]).create(zsmallocDriver.type, "zlab", options)
    .backend as ZsPool;
}
