// Devices for tests.

import { CodecRegistry, kernelCodecs } from "@zlab/codecs";
import { Machine, type MachineOptions, x86_64 } from "@zlab/hw-sim";
import { ZpoolRegistry } from "@zlab/zpool";
import { zbudDriver } from "@zlab/zbud";
import { Zram, ZramError, type ZramOptions, resolveZramOptions } from "@zlab/zram";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { randomBytes } from "./experiments.ts";

export const MIB = 1024 * 1024;

/** Seed of the property tests. */
export const seed = Number(process.env["ZLAB_SEED"] ?? 1);

export interface TestDevice {
  readonly machine: Machine;
  readonly zram: Zram;
}

/** A device without disksize on a machine of its own. */
export function makeDevice(options: ZramOptions = {}, machineOptions: MachineOptions = x86_64(64 * MIB)): TestDevice {
  const machine = new Machine(machineOptions);
  const pools = new ZpoolRegistry(machine, [zsmallocDriver, zbudDriver]);
  const codecs = new CodecRegistry(kernelCodecs());
  return { machine, zram: new Zram(0, resolveZramOptions({ pools, codecs }, options)) };
}

/** A page of `randomCount` random bytes and zeros. */
export function noisePage(noiseSeed: number, randomCount: number, pageBytes = 4096): Uint8Array {
  const page = new Uint8Array(pageBytes);
  page.set(randomBytes(noiseSeed, randomCount));
  return page;
}

/** What writing to an attribute gives: the number of bytes, or the name of the error. */
export function written(zram: Zram, name: string, text: string): number | string {
  try {
    return zram.attributes.write(name, text);
  } catch (error) {
    if (error instanceof ZramError) return error.errnoName;
    throw error;
  }
}

/** What reading an attribute gives: the text, or the name of the error. */
export function readText(zram: Zram, name: string): string {
  try {
    return zram.attributes.read(name);
  } catch (error) {
    if (error instanceof ZramError) return error.errnoName;
    throw error;
  }
}
