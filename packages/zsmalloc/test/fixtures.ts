import { readFileSync } from "node:fs";
import { Machine, type MachineOptions, NO_WATERMARKS } from "@zlab/hw-sim";
import type { PoolOptions } from "@zlab/zpool";
import { type ZsPool, zsmallocDriver } from "@zlab/zsmalloc";

/** A machine with a little memory, every page of which can be had, whose mappings are all checked for nesting. */
export function smallMachine(options: Partial<MachineOptions> = {}): Machine {
  const zones = [{ kind: "NORMAL" as const, pages: 2048, watermarks: NO_WATERMARKS }];
  return new Machine({ pageBytes: 4096, zones, cpus: 2, forceKmap: true, panicOnWarn: true, ...options });
}

export function zsPool(machine: Machine, options: PoolOptions = {}): ZsPool {
  return zsmallocDriver.create(machine, "test", options) as ZsPool;
}

/** Rows of a golden table, without its comment and title lines, as text cells. */
export function tableRows(file: string): string[][] {
  const text = readFileSync(new URL(`../../../golden/tables/${file}`, import.meta.url), "utf8");
  const lines = text.trimEnd().split("\n");
  return lines.filter((line) => /^\d/.test(line)).map((line) => line.split(","));
}

/** The bytes of a pattern that depends on a seed in every position. */
export function pattern(seed: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7 + (i >> 8)) & 0xff);
}
