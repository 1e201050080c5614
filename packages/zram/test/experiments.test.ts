// Every experiment that was done with real devices, done again. What is seen must be what was seen there, number by number.
// All steps are done; the few whose observation the simulator does not reproduce are named here, with the reason.

import type { ZramEra } from "@zlab/zram";
import { afterAll, describe, expect, test } from "vitest";
import { type Experiment, type Observation, type Step, golden } from "./experiments.ts";
import { ExperimentRunner } from "./runner.ts";

interface Exception {
  readonly reason: string;
  /** Whether it holds for a step, done before which the level of zstd was `zstdLevel`. */
  readonly holds: (era: ZramEra, step: Step, zstdLevel: string | undefined) => boolean;
}

const EXCEPTIONS: readonly Exception[] = [
  {
    reason: "a buffer that is not page-aligned: Linux 6.18 takes it and moves wrong bytes, which is a defect",
    holds: (_, step) => step.memoff !== undefined,
  },
  {
    reason: "a negative level of zstd: Linux 6.12 carries an older libzstd, whose lengths differ from those of 1.5.7",
    holds: (era, step, zstdLevel) => era === "6.12" && step.op === "write" && (zstdLevel ?? "").startsWith("-"),
  },
];

/** Steps compared, over all experiments. */
const CHECKED_STEPS: Readonly<Record<ZramEra, number>> = { "6.18": 2235, "6.12": 2234 };

function expectedAt(experiment: Experiment, era: ZramEra, i: number): Observation {
  return (era === "6.12" ? experiment.expect_6_12?.[i] : undefined) ?? experiment.expect[i]!;
}

/** Indices of the steps that an exception holds for. */
function exceptionsOf(experiment: Experiment, era: ZramEra): Set<number> {
  const found = new Set<number>();
  let algorithm = "";
  let level: string | undefined;
  for (const [i, step] of experiment.steps.entries()) {
    if (step.attr === "comp_algorithm") [algorithm, level] = [step.value, undefined];
    if (step.attr === "algorithm_params") level = /level=(\S+)/.exec(step.value)?.[1];
    const zstdLevel = algorithm === "zstd" ? level : undefined;
    if (EXCEPTIONS.some(({ holds }) => holds(era, step, zstdLevel))) found.add(i);
  }
  return found;
}

describe.each(["6.18", "6.12"] as const)("Linux %s", (era) => {
  let checked = 0;

  test.each(golden.experiments)("$id", (experiment) => {
    const runner = new ExperimentRunner(era);
    const exceptions = exceptionsOf(experiment, era);
    const expected = experiment.steps.map((_, i) => expectedAt(experiment, era, i));
    const seen = experiment.steps.map((step, i) => runner.run(step, expected[i]!));
    runner.finish();
    const isChecked = (_: unknown, i: number): boolean => !exceptions.has(i);
    expect(seen.filter(isChecked)).toEqual(expected.filter(isChecked));
    checked += seen.filter(isChecked).length;
  });

  afterAll(() => expect(checked).toBe(CHECKED_STEPS[era]));
});

test("there are as many experiments and steps as were done", () => {
  expect(golden.experiments.length).toBe(75);
  expect(golden.experiments.reduce((sum, { steps }) => sum + steps.length, 0)).toBe(2237);
});
