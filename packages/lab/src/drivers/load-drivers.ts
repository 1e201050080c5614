// Allocators from modules that somebody else wrote.

import type { ZpoolDriver } from "@zlab/zpool";
import type { BackendVariant } from "../compose.ts";
import { UsageError, fileError, messageOf } from "../errors.ts";
import { importModule } from "../modules/import-module.ts";

/** The drivers that an ES module exports: as default, as `driver`, or as the array `drivers`. `file` is resolved against `cwd`. Throws
 * a `UsageError` if the file isn't there, throws while loading, or exports no driver. */
export async function loadDrivers(file: string, cwd: string): Promise<ZpoolDriver[]> {
  const module = await importModule(file, cwd);
  return asDrivers(file, module["drivers"] ?? module["driver"] ?? module["default"]);
}

/** Narrows what a module exports to drivers; `file` is named in errors. Throws a `UsageError` for anything else, and for exports that
 * throw when they are looked at. */
export function asDrivers(file: string, exported: unknown): ZpoolDriver[] {
  try {
    const candidates: readonly unknown[] = Array.isArray(exported) ? exported : [exported];
    if (exported === undefined || candidates.length === 0) {
      throw fileError(file, "exports no driver; export a ZpoolDriver as default or as `driver`, or an array `drivers`");
    }
    return candidates.map((candidate) => asDriver(file, candidate));
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw fileError(file, `the exported driver throws when it is looked at: ${messageOf(error)}; mend it`);
  }
}

/** The drivers of several modules as backends beside the `known` ones. A driver with the name of one that is there already is told
 * apart by its file. */
export async function loadVariants(
  files: readonly string[],
  cwd: string,
  known: readonly BackendVariant[],
): Promise<BackendVariant[]> {
  const labels = new Set(known.map(({ label }) => label));
  const variants: BackendVariant[] = [];
  for (const file of files) {
    for (const driver of await loadDrivers(file, cwd)) {
      const label = labels.has(driver.type) ? `${driver.type} (${file})` : driver.type;
      labels.add(label);
      variants.push({ label, driver, options: {} });
    }
  }
  return variants;
}

/** Narrows an export to a driver by what it has; the class it is made of doesn't matter. */
function asDriver(file: string, candidate: unknown): ZpoolDriver {
  if ((typeof candidate !== "object" && typeof candidate !== "function") || candidate === null) {
    throw fileError(file, `exports ${String(candidate)} in the place of a driver; export a ZpoolDriver of @zlab/zpool`);
  }
  const members: Partial<Record<keyof ZpoolDriver, unknown>> = candidate;
  const missing = [
    typeof members.type === "string" && members.type !== "" ? [] : ["type (a name)"],
    typeof members.capabilities === "function" ? [] : ["capabilities(pageBytes, options)"],
    typeof members.create === "function" ? [] : ["create(machine, name, options)"],
  ].flat();
  if (missing.length === 0) return candidate as ZpoolDriver;
  throw fileError(file, `the exported driver lacks ${missing.join(" and ")}; export a ZpoolDriver of @zlab/zpool`);
}
