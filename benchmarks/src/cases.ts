// The cases by name. Each runs in a process of its own, since call sites that have seen several backends are slower than any one
// backend deserves, and loads its code only there.

import type { CaseResult } from "./case-result.ts";
import type { DensityParameters } from "./cases/density.ts";
import type { SpeedParameters } from "./cases/speed.ts";

/** A case with its parameters. */
export type CaseRequest =
  | { readonly kind: "speed"; readonly parameters: SpeedParameters }
  | { readonly kind: "density"; readonly parameters: DensityParameters };

/** Runs a case in this process. */
export async function runCase({ kind, parameters }: CaseRequest): Promise<CaseResult> {
  if (kind === "speed") return (await import("./cases/speed.ts")).runSpeedCase(parameters);
  return (await import("./cases/density.ts")).runDensityCase(parameters);
}
