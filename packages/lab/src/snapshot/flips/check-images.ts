// `npm run check:images`: flips single bits of pool images, from the command line to the exit code.

import { Command } from "commander";
import { examples } from "../../commands/examples.ts";
import type { ExitCode, RunEnvironment } from "../../context.ts";
import { messageOf } from "../../errors.ts";
import { integerOption, seedOption } from "../../options.ts";
import { writeJson } from "../../output/json.ts";
import { startProgress } from "../../output/progress.ts";
import { parseSideProgram } from "../../side-program.ts";
import { type FlipMode, chooseFlip, tryFlip } from "./campaign.ts";
import { FlipTally, talliesAsJson, writeTallies } from "./report.ts";
import { makeSubjects } from "./subjects.ts";

const DEFAULT_FLIPS = 10_000;
const MOST_FLIPS = 1_000_000_000;
const MODES: readonly FlipMode[] = ["as-is", "mended"];

interface Options {
  readonly flips: number;
  readonly seed: number;
  readonly flip?: number;
  readonly json?: boolean;
}

/** Runs a command line. Returns 0 if every flip was reported or harmless, 1 if one was not, 2 for misuse of the program. */
export function checkImages(argv: readonly string[], environment: RunEnvironment): ExitCode {
  try {
    const options = parseOptions(argv, environment);
    if (options === undefined) return 0;
    const tallies = flipBits(options, environment);
    if (options.json === true) writeJson(environment.stdout, talliesAsJson(tallies, options.seed));
    else writeTallies(tallies, options.seed, environment.stdout);
    return tallies.every(({ failures }) => failures.length === 0) ? 0 : 1;
  } catch (error) {
    environment.stderr.write(`check:images: ${messageOf(error)}\n`);
    return 2;
  }
}

/** Undefined if only help was asked for. */
function parseOptions(argv: readonly string[], { stdout }: RunEnvironment): Options | undefined {
  const command = new Command("npm run check:images --")
    .usage("[options]")
    .description(
      "Flips single bits in images of pools and restores them: first any bit of the file, then bits of the metadata with checksums " +
        "that were made right again. Each flip must be reported, or be of a kind that is known to be harmless: then the pool must " +
        "go on as the original, but for what the kind names.",
    )
    .option("--flips <n>", "flips of each of the two ways", integerOption("--flips", 1, MOST_FLIPS), DEFAULT_FLIPS)
    .option("--seed <n>", "seed of the images and the flips", seedOption, 1)
    .option("--flip <n>", "only this one, as a failure names it", integerOption("--flip", 0, MOST_FLIPS))
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      examples([
        ["npm run check:images", "10,000 flips of each way"],
        ["npm run check:images -- --flips 1000 --seed 7", "fewer, and others"],
      ]),
    );
  return parseSideProgram(command, argv, stdout) as Options | undefined;
}

function flipBits({ flips, seed, flip }: Options, { stderr }: RunEnvironment): FlipTally[] {
  const subjects = makeSubjects(seed);
  const [first, end] = flip === undefined ? [0, flips] : [flip, flip + 1];
  using progress = startProgress(stderr, MODES.length * (end - first));
  return MODES.map((mode, nth) => {
    const tally = new FlipTally(mode);
    for (let index = first; index < end; index++) {
      const subject = subjects[index % subjects.length]!;
      const chosen = chooseFlip(subject, mode, seed, index);
      tally.add(tryFlip(subject, mode, chosen), { ...chosen, index, subject: subject.name });
      progress.update(nth * (end - first) + tally.flips, `flips, ${tally.failures.length} failed`);
    }
    return tally;
  });
}
