// What `npm run check:images` prints: of each mode how many flips there were, and what became of them.

import process from "node:process";
import type { Terminal } from "../../context.ts";
import { thousands } from "../../output/format.ts";
import { formatTable } from "../../output/table.ts";
import type { Flip, FlipMode, FlipResult } from "./campaign.ts";
import { HARMLESS_KINDS } from "./harmless.ts";

/** A flip that was neither reported nor harmless, and how to see it again. */
export interface Failure extends Flip {
  readonly mode: FlipMode;
  readonly index: number;
  readonly subject: string;
  readonly where: string;
  readonly problem: string;
}

/** The flips of one mode, added up. */
export class FlipTally {
  readonly mode: FlipMode;
  flips = 0;
  slowestMs = 0;
  readonly reportedBy: Map<string, number> = new Map<string, number>();
  readonly harmlessKinds: Map<string, number> = new Map<string, number>();
  readonly failures: Failure[] = [];

  constructor(mode: FlipMode) {
    this.mode = mode;
  }

  add(result: FlipResult, flip: Flip & { readonly index: number; readonly subject: string }): void {
    this.flips++;
    this.slowestMs = Math.max(this.slowestMs, result.ms);
    if (result.verdict === "failed") {
      const { byte, bit, index, subject } = flip;
      this.failures.push({ byte, bit, index, subject, mode: this.mode, where: result.where, problem: result.by });
    } else {
      const counts = result.verdict === "reported" ? this.reportedBy : this.harmlessKinds;
      counts.set(result.by, (counts.get(result.by) ?? 0) + 1);
    }
  }
}

const TITLES: Readonly<Record<FlipMode, string>> = {
  "as-is": "any bit of the file",
  mended: "any bit of the metadata, and then right checksums",
};

/** Tables for people. */
export function writeTallies(tallies: readonly FlipTally[], seed: number, stdout: Terminal): void {
  stdout.write(`single bits of images flipped, seed ${seed}, Node ${process.versions.node}\n`);
  for (const tally of tallies) {
    const rows = [
      ...sorted(tally.reportedBy).map(([by, count]) => [thousands(count), "reported", by]),
      ...sorted(tally.harmlessKinds).map(([kind, count]) => [thousands(count), "harmless", explain(kind)]),
      [thousands(tally.failures.length), "failed", ""],
    ];
    const columns = [
      { title: "flips" },
      { title: "outcome", align: "left" as const },
      { title: "by", align: "left" as const },
    ];
    stdout.write(`\n${TITLES[tally.mode]}: ${thousands(tally.flips)}\n\n${formatTable(columns, rows)}`);
  }
  for (const failure of tallies.flatMap(({ failures }) => failures)) stdout.write(describe(failure, seed));
}

/** The same for programs. */
export function talliesAsJson(tallies: readonly FlipTally[], seed: number): object {
  return {
    seed,
    modes: tallies.map(({ mode, flips, reportedBy, harmlessKinds, failures }) => ({
      mode,
      flips,
      reported: Object.fromEntries(sorted(reportedBy)),
      harmless: Object.fromEntries(sorted(harmlessKinds)),
      failures,
    })),
  };
}

function sorted(counts: ReadonlyMap<string, number>): [string, number][] {
  return [...counts].toSorted(([, a], [, b]) => b - a);
}

function explain(kind: string): string {
  return `${kind}: ${HARMLESS_KINDS.find(({ name }) => name === kind)!.reason}`;
}

function describe({ mode, index, byte, bit, subject, where, problem }: Failure, seed: number): string {
  return `
FAILED ${mode}, bit ${bit} of byte ${byte} (${where}) of the image of ${subject}: ${problem}
  again: npm run check:images -- --seed ${seed} --flip ${index}
`;
}
