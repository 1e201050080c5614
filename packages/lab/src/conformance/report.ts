// A conformance report as text: a line per promise, and below a broken one what breaks it.

import type { ConformanceReport, PropertyVerdict } from "@zlab/zpool/testing";
import type { CommandContext } from "../context.ts";
import { type Painter, painterFor } from "../output/colour.ts";
import { formatPageSize } from "../output/format.ts";
import type { NamedSubject } from "./check-conformance.ts";

const VERDICT_WIDTH = "BROKEN".length;

export function writeReport(
  { name, argument }: Omit<NamedSubject, "subject">,
  report: ConformanceReport,
  { stdout, env }: CommandContext,
): void {
  const paint = painterFor(stdout, env);
  const { pageBytes, seed, runs, kept, broken, notApplicable, properties } = report;
  const idWidth = Math.max(...properties.map(({ id }) => id.length));
  stdout.write(
    `${paint.bold(name)}: pages of ${formatPageSize(pageBytes)}, seed ${seed}, ${runs} runs per promise\n\n`,
  );
  for (const property of properties) {
    const gate = property.verdict === "not applicable" ? paint.dim(` [only for: ${property.gate}]`) : "";
    stdout.write(`${verdictOf(property, paint)}  ${property.id.padEnd(idWidth)}  ${property.promise}${gate}\n`);
    if (property.verdict === "broken") stdout.write(describeBroken(property, argument, runs));
  }
  const brokenText = broken === 0 ? `${broken} broken` : paint.bad(`${broken} broken`);
  stdout.write(`\n${kept} kept, ${brokenText}, ${notApplicable} not applicable\n`);
}

function verdictOf({ verdict }: PropertyVerdict, paint: Painter): string {
  if (verdict === "kept") return paint.good("ok".padEnd(VERDICT_WIDTH));
  if (verdict === "broken") return paint.bad("BROKEN".padEnd(VERDICT_WIDTH));
  return paint.dim("-".padEnd(VERDICT_WIDTH));
}

function describeBroken({ id, counterexample, seed }: PropertyVerdict, argument: string, runs: number): string {
  const lines = (counterexample ?? "").split("\n").map((line) => `          ${line}\n`);
  const again = `zlab conformance ${argument} --property ${id} --seed ${seed} --runs ${runs}`;
  return `        smallest counterexample:\n${lines.join("")}        again: ${again}\n`;
}
