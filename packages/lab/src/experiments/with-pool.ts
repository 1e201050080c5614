// Pools for experiments, with an account of every page.

import { GFP_KERNEL, type Machine, type MachineOptions, __GFP_HIGHMEM, __GFP_MOVABLE } from "@zlab/hw-sim";
import type { Capabilities, PoolOptions, ZpoolBackend } from "@zlab/zpool";
import { type BackendVariant, backendVariants, createPool } from "../compose.ts";
import { ExperimentFailure } from "./experiment.ts";

/** Makes a pool on a fresh machine, lets `use` work with it and takes both down; what `use` leaves in the pool is freed with it.
 * `prepare` may take pages before the pool is made and returns what gives them back. Throws `ExperimentFailure` if the machine
 * does not have every page back in the end, or if one of its invariants is broken. */
export function withPool<T>(
  variant: BackendVariant,
  machineOptions: MachineOptions,
  use: (pool: ZpoolBackend, machine: Machine) => T,
  prepare?: (machine: Machine) => () => void,
): T {
  const { machine, createZpool } = createPool(variant, machineOptions);
  return accountForPages(machine, variant.label, () => {
    const restore = prepare?.(machine);
    const result = accountForPages(machine, variant.label, () => {
      const pool = createZpool();
      const used = use(pool.backend, machine);
      pool.destroy();
      return used;
    });
    restore?.();
    return result;
  });
}

/** Runs `action` and requires that the machine has as many free pages after it as before, and is sound. */
function accountForPages<T>(machine: Machine, label: string, action: () => T): T {
  const before = machine.freePageCount();
  const result = action();
  const after = machine.freePageCount();
  if (after !== before) {
    throw new ExperimentFailure(
      `${label}: ${before} pages were free before, and ${after} are after the pool was destroyed`,
    );
  }
  machine.check();
  return result;
}

/** The flags with which a user of the backend asks for pages: HIGHMEM and movable ones where the backend can use them. */
export function gfpFor({ movable }: Capabilities): number {
  return movable ? GFP_KERNEL | __GFP_HIGHMEM | __GFP_MOVABLE : GFP_KERNEL;
}

/** A backend that comes with zlab, by the name that `zlab compare` shows, or with other options under a name of its own. */
export function variantNamed(label: string, options?: PoolOptions, newLabel: string = label): BackendVariant {
  const variant = backendVariants().find((candidate) => candidate.label === label);
  if (variant === undefined) throw new ExperimentFailure(`there is no backend "${label}"`);
  return { ...variant, label: newLabel, options: { ...variant.options, ...options } };
}
