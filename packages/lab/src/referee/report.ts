// A verification as text.

import type { Terminal } from "../context.ts";
import { formatBytes, thousands } from "../output/format.ts";
import { formatTable } from "../output/table.ts";
import type { KernelFacts } from "./kernel-facts.ts";
import { PAGE_BYTES } from "./operations.ts";
import type { Difference, RunResult } from "./referee.ts";

/** The run of one algorithm. */
export interface AlgorithmRun extends Readonly<RunResult> {
  readonly algorithm: string;
  /** Operations of the seeded mix; the others went over the corpus. */
  readonly seededCount: number;
  readonly seconds: number;
}

export interface Verification {
  readonly kernel: KernelFacts & { readonly device: string; readonly diskPages: number };
  readonly seed: number;
  /** Algorithms that were asked for and that the kernel lacks. */
  readonly missingAlgorithms: readonly string[];
  readonly runs: readonly AlgorithmRun[];
}

export function writeVerification(verification: Verification, stdout: Terminal): void {
  const { kernel, seed, missingAlgorithms, runs } = verification;
  const chainFrom = kernel.configFile ?? "taken for granted";
  stdout.write(
    `kernel     Linux ${kernel.release}, zspages of up to ${kernel.chainSize} pages (${chainFrom})\n` +
      `device     ${kernel.device} of ${formatBytes(kernel.diskPages * PAGE_BYTES)}, added for this and removed again\n` +
      `operations over the built-in corpus, then mixed from seed ${seed}\n\n`,
  );
  stdout.write(formatTable(COLUMNS, runs.map(rowOf)));
  for (const remark of remarks(verification)) stdout.write(`\n${remark}\n`);
  if (missingAlgorithms.length > 0) stdout.write(`\nnot in this kernel: ${missingAlgorithms.join(", ")}\n`);
  for (const { algorithm, difference } of runs) {
    if (difference !== undefined) stdout.write(`\n${algorithm}: ${describe(difference)}`);
  }
  stdout.write(`\n=> ${conclude(runs)}\n`);
}

const COLUMNS = [
  { title: "algorithm", align: "left" as const },
  { title: "seeded\noperations" },
  { title: "operations\nin all" },
  { title: "pages\nwritten" },
  { title: "refused\nrequests" },
  { title: "discards" },
  { title: "com-\npactions" },
  { title: "resets" },
  { title: "columns\ncompared" },
  { title: "pages\nread back" },
  { title: "differences" },
  { title: "seconds" },
];

function rowOf(run: AlgorithmRun): string[] {
  return [
    run.algorithm,
    thousands(run.seededCount),
    thousands(run.operationCount),
    thousands(run.pagesWritten),
    thousands(run.refusedCount),
    thousands(run.counts.discard),
    thousands(run.counts.compact),
    thousands(run.counts.restart),
    thousands(run.columnsCompared),
    thousands(run.pagesCompared),
    run.difference === undefined ? "0" : "found",
    run.seconds.toFixed(1),
  ];
}

function remarks({ kernel, runs }: Verification): string[] {
  const sum = (count: (run: AlgorithmRun) => number): number => runs.reduce((total, run) => total + count(run), 0);
  const lateCount = sum((run) => run.lateCount);
  const compactions = sum((run) => run.hostCompactionCount);
  return [
    ...(kernel.canDiscard
      ? []
      : ["blkdiscard is missing (util-linux has it): pages of zeros were written instead of discards."]),
    ...(lateCount === 0 ? [] : [`${thousands(lateCount)} looks at mm_stat agreed only the second time.`]),
    ...(compactions === 0
      ? []
      : [
          `Compactions that the kernel made unasked, for want of memory on this machine: ${thousands(compactions)}. ` +
            "They are no difference; both devices were emptied after each.",
        ]),
  ];
}

function describe({ operationNumber, operation, disagreement, hostWasShortOfMemory }: Difference): string {
  const head = `operation ${thousands(operationNumber)}, ${operation}:\n`;
  const hint = hostWasShortOfMemory
    ? "  The machine asked for memory back meanwhile, which may be the reason; run it again when it is idle.\n"
    : "";
  switch (disagreement.what) {
    case "columns": {
      const columns = [{ title: "", align: "left" as const }, { title: "kernel" }, { title: "simulator" }];
      const rows = disagreement.columns.map(({ column, kernel, simulator }) => [column, `${kernel}`, `${simulator}`]);
      return `${head}${formatTable(columns, rows)}${hint}`;
    }
    case "outcome":
      return `${head}  kernel: ${disagreement.kernel}; simulator: ${disagreement.simulator}\n${hint}`;
    default:
      return `${head}  page ${disagreement.pageIndex} has different contents\n${hint}`;
  }
}

function conclude(runs: readonly AlgorithmRun[]): string {
  const seeded = thousands(runs.reduce((sum, run) => sum + run.seededCount, 0));
  const all = thousands(runs.reduce((sum, run) => sum + run.operationCount, 0));
  const different = runs.filter(({ difference }) => difference !== undefined).map(({ algorithm }) => algorithm);
  if (different.length > 0) return `The simulator and the kernel differ with ${different.join(", ")}.`;
  return `After each of ${all} operations (${seeded} of them seeded) all nine columns of mm_stat were the kernel's.`;
}
