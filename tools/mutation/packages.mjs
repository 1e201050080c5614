// The packages whose mutants are judged, and where the reports go.

import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The allocator cores: what a plain `npm run mutate` judges. */
export const cores = ["hw-sim", "zpool", "zsmalloc", "zbud", "kmalloc-sim"];

/** All packages, by the names of their directories. */
export const packages = readdirSync(`${root}packages`);

/** Where Stryker's report of a package, or of a part of one ("zbud:check.ts:20-40"), goes. Seen from the root of the repository. */
export function reportFile(target) {
  return `.cache/mutation/${target.replaceAll(/[:/]/g, "-")}.json`;
}
