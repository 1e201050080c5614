// Every suite once, with the sizes of a trial and its cases in this process: that all of them run and report. The peers are left out,
// since they are installed only on request.

import { expect, test } from "vitest";
import { runCase } from "../src/cases.ts";
import { formatGoals, formatReport } from "../src/report.ts";
import { SUITES } from "../src/suites.ts";

const context = { backends: ["zbud"], isTrial: true, runCase, progress: () => {} };

test.each(SUITES.filter(({ name }) => name !== "peers"))("$name reports figures", async (suite) => {
  const report = await suite.run(context);
  expect(report.suite).toBe(suite.name);
  expect(report.figures.map(({ key }) => key)).not.toHaveLength(0);
  for (const { key, samples } of report.figures) {
    expect(key.startsWith(`${suite.name}/`), key).toBe(true);
    expect(samples.length, key).toBeGreaterThan(0);
    expect(samples.every(Number.isFinite), key).toBe(true);
  }
  expect(formatReport(report)).toContain(`${suite.name}: ${report.tables[0]!.title}`);
  expect(formatGoals([report]).split("\n").length).toBeGreaterThan(report.goals.length);
});
