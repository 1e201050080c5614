// The kit must find each planted bug, name the promise that it breaks, and show a short way to it.

import { describe, expect, test } from "vitest";
import { runConformance } from "@zlab/zpool/testing";
import { PLANTED_BUGS, type PlantedBug } from "./planted-bugs.ts";
import { SlabDriver } from "./slab-driver.ts";

const bugs = Object.entries(PLANTED_BUGS) as [PlantedBug, string][];

describe.each(bugs)("%s", (bug, property) => {
  test(`breaks ${property}`, () => {
    const { properties } = runConformance({ driver: new SlabDriver(bug) }, { only: [property] });
    const [verdict] = properties;
    expect(verdict).toMatchObject({ id: property, verdict: "broken" });
    expect(verdict!.counterexample!.split("\n").length).toBeLessThanOrEqual(LONGER_COUNTEREXAMPLES[bug] ?? 14);
  });
});

/** Bugs that need many objects or operations to show. */
const LONGER_COUNTEREXAMPLES: Partial<Record<PlantedBug, number>> = {
  "slot handed out although taken, after long use": 51,
  "failed malloc loses a slot": 25,
  "fractional handle": 25,
};
