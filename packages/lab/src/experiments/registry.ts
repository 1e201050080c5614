// All experiments, in the order in which they are run and listed.

import { UsageError } from "../errors.ts";
import { chainSize } from "./chain-size.ts";
import { compaction } from "./compaction.ts";
import type { Experiment } from "./experiment.ts";
import { fragmentationOverTime } from "./fragmentation-over-time.ts";
import { highmem } from "./highmem.ts";
import { mapping } from "./mapping.ts";
import { pressure } from "./pressure.ts";
import { sixtyPercent } from "./sixty-percent.ts";
import { statsVsKernel } from "./stats-vs-kernel.ts";

export const EXPERIMENTS: readonly Experiment[] = [
  sixtyPercent,
  pressure,
  highmem,
  mapping,
  chainSize,
  fragmentationOverTime,
  compaction,
  statsVsKernel,
];

/** The experiments named, each once; all if none are. */
export function selectExperiments(
  names: readonly string[],
  known: readonly Experiment[] = EXPERIMENTS,
): readonly Experiment[] {
  if (names.length === 0) return known;
  return [...new Set(names)].map((name) => {
    const experiment = known.find((candidate) => candidate.name === name);
    if (experiment !== undefined) return experiment;
    throw new UsageError(
      `there is no experiment "${name}"; there are: ${known.map((candidate) => candidate.name).join(", ")}`,
    );
  });
}
