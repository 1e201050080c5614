// The cases by name. Each runs in a process of its own, since call sites that have seen several backends are slower than any one
// backend deserves, and loads its code only there.

import type { CaseResult } from "./case-result.ts";
import type { CodecParameters } from "./cases/codec.ts";
import type { CompactionParameters } from "./cases/compaction.ts";
import type { ConstructionParameters } from "./cases/construction.ts";
import type { DensityParameters } from "./cases/density.ts";
import type { GarbageParameters } from "./cases/garbage.ts";
import type { MemoryParameters } from "./cases/memory.ts";
import type { PressureParameters } from "./cases/pressure.ts";
import type { ScaleParameters } from "./cases/scale.ts";
import type { SpeedParameters } from "./cases/speed.ts";
import type { ThreadShape } from "./cases/thread-work.ts";

/** What each case takes. */
interface CaseParameters {
  readonly speed: SpeedParameters;
  readonly garbage: GarbageParameters;
  readonly density: DensityParameters;
  readonly memory: MemoryParameters;
  readonly pressure: PressureParameters;
  readonly compaction: CompactionParameters;
  readonly scale: ScaleParameters;
  readonly codec: CodecParameters;
  readonly construction: ConstructionParameters;
  readonly threads: ThreadShape;
}

type CaseKind = keyof CaseParameters;

/** A case with its parameters. */
export type CaseRequest<K extends CaseKind = CaseKind> = {
  [Kind in K]: { readonly kind: Kind; readonly parameters: CaseParameters[Kind] };
}[K];

type CaseRunner<K extends CaseKind> = (parameters: CaseParameters[K]) => Promise<CaseResult>;

const loaders: { readonly [K in CaseKind]: () => Promise<CaseRunner<K>> } = {
  speed: async () => (await import("./cases/speed.ts")).runSpeedCase,
  garbage: async () => (await import("./cases/garbage.ts")).runGarbageCase,
  density: async () => (await import("./cases/density.ts")).runDensityCase,
  memory: async () => (await import("./cases/memory.ts")).runMemoryCase,
  pressure: async () => (await import("./cases/pressure.ts")).runPressureCase,
  compaction: async () => (await import("./cases/compaction.ts")).runCompactionCase,
  scale: async () => (await import("./cases/scale.ts")).runScaleCase,
  codec: async () => (await import("./cases/codec.ts")).runCodecCase,
  construction: async () => (await import("./cases/construction.ts")).runConstructionCase,
  threads: async () => (await import("./cases/threads.ts")).runThreadsCase,
};

/** Runs a case in this process. */
export async function runCase<K extends CaseKind>({ kind, parameters }: CaseRequest<K>): Promise<CaseResult> {
  const run = await loaders[kind]();
  return run(parameters);
}
