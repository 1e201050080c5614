// The command line of `npm run fuzz`.

import { availableParallelism } from "node:os";
import { Command } from "commander";
import { examples } from "../commands/examples.ts";
import type { Terminal } from "../context.ts";
import { integerOption, listOption, repeatedOption, seedOption } from "../options.ts";
import { parseSideProgram } from "../side-program.ts";

export interface FuzzOptions {
  /** Names of targets, or "all". */
  readonly backend: readonly string[];
  readonly driver: readonly string[];
  readonly commands: number;
  readonly seed: number;
  readonly run?: number;
  readonly minutes?: number;
  readonly jobs: number;
  readonly json: boolean;
  /** Every page allocation fails once, instead of random commands. */
  readonly sweep: boolean;
  /** Length of the sweep's scenarios. */
  readonly scale: number;
}

const DEFAULT_COMMANDS = 20_000;
const MOST_COMMANDS = 1_000_000_000;
const MOST_JOBS = 64;

/** Undefined if only help was asked for. Throws a `UsageError` for misuse. */
export function parseFuzzOptions(argv: readonly string[], stdout: Terminal): FuzzOptions | undefined {
  const command = new Command("npm run fuzz --")
    .usage("[options]")
    .description(
      "Random commands against allocators, on random machines and with random options; after every command everything is checked, " +
        "down to the page descriptors of the machine. What fails is cut down to a short list of commands, and the line that replays it is printed.",
    )
    .option(
      "--backend <names>",
      "backends, separated by commas; zpool: live switching; zram: the device",
      listOption("--backend"),
      ["all"],
    )
    .option("--driver <module>", "drivers of an ES module of yours instead; may be repeated", repeatedOption, [])
    .option(
      "--commands <n>",
      "commands for each backend",
      integerOption("--commands", 1, MOST_COMMANDS),
      DEFAULT_COMMANDS,
    )
    .option("--minutes <n>", "end after so many minutes, shared by the backends", integerOption("--minutes", 1, 10_000))
    .option("--seed <n>", "seed of the campaign", seedOption, 1)
    .option("--run <n>", "only this run of the campaign, as a failure reported it", integerOption("--run", 0, 2 ** 31))
    .option(
      "--jobs <n>",
      "threads (default: one for each CPU)",
      integerOption("--jobs", 1, MOST_JOBS),
      availableParallelism(),
    )
    .option("--sweep", "no random commands: every page allocation of fixed scenarios fails once", false)
    .option("--scale <n>", "length of the scenarios of --sweep", integerOption("--scale", 1, 100), 1)
    .option("--json", "print the result as JSON", false)
    .addHelpText(
      "after",
      `
Exit codes: 0 nothing fails, 1 something does, 2 misuse, 130 interrupted (with the counts so far).
${examples([
  ["npm run fuzz", "20,000 commands for each backend"],
  ["npm run fuzz -- --backend zsmalloc,zbud --commands 1000000", "a campaign against two backends"],
  ["npm run fuzz -- --backend zbud --seed 5 --run 17", "one run again, as a failure names it"],
  ["npm run fuzz -- --sweep", "every page allocation fails once, for all backends"],
  ["npm run fuzz -- --driver ./my-driver.js --minutes 10", "ten minutes against an allocator of yours"],
])}`,
    );
  return parseSideProgram(command, argv, stdout) as FuzzOptions | undefined;
}
