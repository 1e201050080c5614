// The options of `zlab experiment`.

import type { RegisterCommand } from "../context.ts";
import { UsageError } from "../errors.ts";
import { seedOption } from "../options.ts";
import { examples } from "./examples.ts";

export interface ExperimentCommandOptions {
  readonly seed: number;
  readonly scale: number;
  readonly list?: boolean;
  readonly mmStat?: readonly number[];
  readonly pages?: string;
  readonly codec?: string;
  readonly json?: boolean;
}

export const register: RegisterCommand = (program, context) => {
  program
    .command("experiment")
    .summary("answers questions about the allocators by measuring them")
    .description(
      "Runs experiments on simulated machines. Each prints what was asked, a table, a plot where a curve says more, and a sentence " +
        "made from the numbers. The same seed and scale give the same output, byte for byte. After every experiment all pages " +
        "of the machine must be back; if not, the exit code is 1.",
    )
    .argument("[names...]", "experiments (see --list); without names all of them")
    .option("--list", "list the experiments")
    .option("--seed <n>", "seed of everything that is random", seedOption, 1)
    .option("--scale <x>", "amount of work: 1 takes seconds, 10 about ten times as long", scaleOption, 1)
    .option("--mm-stat <line>", "stats-vs-kernel: the mm_stat of a zram device, with --pages", mmStatOption)
    .option("--pages <file>", "stats-vs-kernel: the raw pages that the device holds")
    .option("--codec <name>", "stats-vs-kernel: the compressor of the device (default: zstd)")
    .option("--json", "print the raw data as JSON")
    .addHelpText(
      "after",
      examples([
        ["zlab experiment --list", "what can be asked"],
        ["zlab experiment sixty-percent", "memory per stored byte, by object size"],
        ["zlab experiment --seed 7", "all experiments, with other random numbers"],
        ["zlab experiment pressure --json | jq .experiments[0].data", "numbers for a program"],
      ]),
    )
    .action(
      context.action(async (names: string[], options: ExperimentCommandOptions) => {
        const { runExperiments } = await import("../experiments/run-experiments.ts");
        return runExperiments(names, options, context);
      }),
    );
};

function scaleOption(text: string): number {
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 0.01 && value <= 1000) return value;
  throw new UsageError(`--scale must be a number from 0.01 to 1000, not "${text}"`);
}

/** The line as the kernel prints it: numbers separated by blanks, seven to nine of them by version. */
function mmStatOption(text: string): number[] {
  const words = text.trim().split(/\s+/);
  if (words.length >= 7 && words.length <= 9 && words.every((word) => /^\d+$/.test(word))) return words.map(Number);
  throw new UsageError(`--mm-stat must be the seven to nine numbers of a device's mm_stat, not "${text}"`);
}
