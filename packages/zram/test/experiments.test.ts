// Every experiment that was done with real devices, done again. What is seen must be what was seen, number by number.

import { expect, test } from "vitest";
import { type Experiment, type Observation, golden } from "./experiments.ts";
import { ExperimentRunner } from "./runner.ts";

const ERAS = ["6.18", "6.12"] as const;

function expectations(experiment: Experiment, era: string): Observation[] {
  return experiment.steps.map((_, i) => {
    const observed = experiment.expect[i];
    return (era === "6.12" ? experiment.expect_6_12?.[i] : undefined) ?? observed!;
  });
}

test.each(ERAS.flatMap((era) => golden.experiments.map((experiment) => ({ era, id: experiment.id, experiment }))))(
  "$era: $id",
  ({ era, experiment }) => {
    const runner = new ExperimentRunner(era);
    const expected = expectations(experiment, era);
    const seen = experiment.steps.map((step, i) => runner.run(step, expected[i]!));
    runner.finish();
    expect(seen).toEqual(expected);
  },
);
