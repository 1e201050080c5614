// The options of a hardened pool, as they stand among the options of its backend.

import { ZPoolError } from "../errors.ts";
import type { PoolOptions } from "../zpool-driver.ts";

/** How a pool is hardened. */
export interface Hardening {
  /** Ended mappings whose bytes are watched for later writes: 1 to 4096; default 16 (fewer if their objects are larger than a
   * page). The latest four are looked at before every operation, the others in turn and by `check`. */
  readonly keptMappings: number;
  /** Freed objects that are held back from the backend beyond the next operation, to see late writes to their memory: 0 to
   * 65536; default 0. More than 0 changes placement, and a malloc that finds no memory gives them back first. */
  readonly quarantineObjects: number;
  /** Whether to record the call stacks of malloc and free for reports; default false. */
  readonly recordStacks: boolean;
  /** Whether a write through an RO mapping, which the contract allows to be lost, is reported; default false. */
  readonly strictReadOnly: boolean;
}

const DEFAULTS: Hardening = { keptMappings: 16, quarantineObjects: 0, recordStacks: false, strictReadOnly: false };
const OWN_OPTIONS = ["hardened", ...Object.keys(DEFAULTS)];

/** Whether the options ask for a hardened pool. Throws ZLAB_POOL_OPTIONS if `hardened` is neither true nor false. */
export function asksForHardening(options: PoolOptions = {}): boolean {
  return flag("hardened", options["hardened"], false);
}

/** The options without `hardened`, for a pool that is not hardened; unchanged if it isn't there. */
export function withoutHardened(options: PoolOptions | undefined): PoolOptions | undefined {
  return options === undefined || !("hardened" in options) ? options : without(options, ["hardened"]);
}

/** Takes the options of a hardened pool apart. Throws ZLAB_POOL_OPTIONS for a bad value; options that it doesn't know are the
 * backend's. */
export function splitOptions(options: PoolOptions = {}): {
  readonly hardening: Hardening;
  readonly backendOptions: PoolOptions;
} {
  const { keptMappings, quarantineObjects, recordStacks, strictReadOnly } = options;
  const hardening: Hardening = {
    keptMappings: count("keptMappings", keptMappings, 1, 4096, DEFAULTS.keptMappings),
    quarantineObjects: count("quarantineObjects", quarantineObjects, 0, 65536, DEFAULTS.quarantineObjects),
    recordStacks: flag("recordStacks", recordStacks, DEFAULTS.recordStacks),
    strictReadOnly: flag("strictReadOnly", strictReadOnly, DEFAULTS.strictReadOnly),
  };
  return { hardening, backendOptions: without(options, OWN_OPTIONS) };
}

function without(options: PoolOptions, names: readonly string[]): PoolOptions {
  return Object.fromEntries(Object.entries(options).filter(([name]) => !names.includes(name)));
}

function flag(name: string, value: PoolOptions[string], fallback: boolean): boolean {
  if (value === undefined) return fallback;
  if (typeof value === "boolean") return value;
  throw new ZPoolError("ZLAB_POOL_OPTIONS", `hardened pool: ${name} must be true or false, not ${value}`);
}

function count(name: string, value: PoolOptions[string], least: number, most: number, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
  throw new ZPoolError(
    "ZLAB_POOL_OPTIONS",
    `hardened pool: ${name} must be an integer from ${least} to ${most}, not ${value}`,
  );
}
