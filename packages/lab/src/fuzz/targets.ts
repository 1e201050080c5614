// The targets by name: every registered backend, the front end over all of them, the zram device, and drivers of the user's.

import { createRegistry, machineFor } from "../compose.ts";
import { loadDrivers } from "../drivers/load-drivers.ts";
import { driverTarget, frontEndTarget } from "./pool-target.ts";
import type { FuzzTarget } from "./target.ts";
import type { WorkerSettings } from "./workers.ts";
import { zramTarget } from "./zram-target.ts";

/** All that come with zlab, in the order of the registry. */
export function builtInTargets(): FuzzTarget[] {
  const drivers = createRegistry(machineFor(4096, 0)).drivers();
  return [...drivers.map(driverTarget), frontEndTarget(drivers), zramTarget(drivers)];
}

/** The targets of the drivers that the modules `files` export. Throws `UsageError` as `loadDrivers` does. */
export async function foreignTargets(files: readonly string[], cwd: string): Promise<FuzzTarget[]> {
  const loaded = await Promise.all(files.map((file) => loadDrivers(file, cwd)));
  return loaded.flat().map(driverTarget);
}

/** The target that a worker is asked for. Throws if there is none of that name. */
export async function findTarget({ targetName, driverFiles, cwd }: WorkerSettings): Promise<FuzzTarget> {
  const targets = driverFiles.length > 0 ? await foreignTargets(driverFiles, cwd) : builtInTargets();
  const target = targets.find(({ name }) => name === targetName);
  if (target === undefined) throw new Error(`there is no target ${targetName}`);
  return target;
}
