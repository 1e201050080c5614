// Pools as a user gets them: from the registry that the container resolves.

import type { Machine } from "@zlab/hw-sim";
import { type BackendVariant, backendVariants, createPool, machineFor } from "@zlab/lab";
import type { ZpoolBackend } from "@zlab/zpool";

/** The backend of that label. Throws if there is none. */
export function variantOf(label: string): BackendVariant {
  const variants = backendVariants();
  const variant = variants.find((candidate) => candidate.label === label);
  if (variant !== undefined) return variant;
  throw new Error(`there is no backend "${label}"; there are: ${variants.map((known) => known.label).join(", ")}`);
}

/** A pool of the backend on a machine with ample memory for `inputBytes`. */
export function machineAndPool(label: string, inputBytes: number): { machine: Machine; pool: ZpoolBackend } {
  const { machine, createZpool } = createPool(variantOf(label), machineFor(4096, inputBytes));
  return { machine, pool: createZpool().backend };
}
