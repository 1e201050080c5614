// The suite "density": how much of the pool's pages is payload, for every backend.

import { backendVariants } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import { runInChild } from "../child.ts";
import type { SuiteReport } from "../report.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const OBJECTS = [2_000, 100_000];
const SHARES = ["full", "thinned", "compacted"] as const;

interface Row {
  readonly backend: string;
  readonly objects: number;
  readonly result: CaseResult;
}

export const densitySuite: Suite = {
  name: "density",
  summary: "stored bytes / pool bytes of every backend: full, half freed at random, compacted",
  isDefault: true,
  run: runDensity,
};

async function runDensity({ backends, isTrial, progress }: SuiteContext): Promise<SuiteReport> {
  const labels = backendVariants().map(({ label }) => label);
  const chosen = labels.filter((label) => backends.length === 0 || backends.includes(label));
  const rows: Row[] = [];
  for (const objects of isTrial ? [500] : OBJECTS) {
    for (const backend of chosen) {
      progress(`density: ${backend}, ${objects} objects`);
      rows.push({ backend, objects, result: await runInChild({ kind: "density", parameters: { backend, objects } }) });
    }
  }
  return { suite: "density", tables: [densityTable(rows)], notes: [], figures: rows.flatMap(figuresOf), goals: [] };
}

function densityTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  return {
    title: "stored bytes / pool bytes: full, half freed at random, then compacted; objects refused",
    columns: [
      { title: "objects" },
      { title: "backend", align: "left" },
      ...SHARES.map((title) => ({ title })),
      { title: "refused" },
    ],
    rows: rows.map(({ backend, objects, result }) => [
      objects.toLocaleString("en"),
      backend,
      ...SHARES.map((name) => result.facts[name]!.toFixed(3)),
      String(result.facts["refused"]),
    ]),
  };
}

function figuresOf({ backend, objects, result }: Row): SuiteReport["figures"] {
  return SHARES.map((name) => ({
    key: `density/${backend}/${objects}/${name}`,
    unit: "",
    better: "higher",
    samples: [result.facts[name]!],
  }));
}
