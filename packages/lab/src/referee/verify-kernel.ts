// `npm run verify:kernel`: the simulated zram device against the one of the running kernel, for each algorithm, from the command line
// to the exit code.

import { setTimeout } from "node:timers/promises";
import { Command } from "commander";
import { Prng } from "@zlab/hw-sim";
import { kernelCodecs } from "@zlab/codecs";
import type { ExitCode, RunEnvironment } from "../context.ts";
import { UsageError, messageOf } from "../errors.ts";
import { integerOption, listOption, seedOption } from "../options.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { readCorpus } from "../pages/corpus.ts";
import { parseSideProgram } from "../side-program.ts";
import { Contents } from "./contents.ts";
import type { Host } from "./host.ts";
import { NoReferee, kernelFacts, slabScans } from "./kernel-facts.ts";
import { KernelZram } from "./kernel-zram.ts";
import { type Operation, PAGE_BYTES } from "./operations.ts";
import { Referee } from "./referee.ts";
import { type AlgorithmRun, type Verification, writeVerification } from "./report.ts";
import { SimulatedZram } from "./simulated-zram.ts";
import { type WorkloadShape, corpusWorkload, mixedWorkload } from "./workloads.ts";

/** Pages of the devices: enough for every page of the corpus twice, and no burden to a small machine. */
const SLOT_COUNT = 4096;
const DEFAULT_OPERATIONS = 20_000;
const MOST_OPERATIONS = 10_000_000;
/** The algorithms whose lengths are the kernel's on every machine. */
const ALGORITHMS: readonly string[] = ["lz4", "lzo", "lzo-rle"];
/** A signal that ended a command reaches this process within that time. */
const SIGNAL_MS = 10;

interface Options {
  readonly operations: number;
  readonly seed: number;
  readonly algorithm: readonly string[];
  readonly json?: boolean;
}

/** Runs a command line. Returns 0 if nothing differs or there is nothing to compare with, 1 if something differs, 2 for misuse or a
 * failure. Throws the reason of `signal` when that comes; the device is gone by then, as it is in every other case. */
export async function verifyKernel(
  argv: readonly string[],
  environment: RunEnvironment,
  host: Host,
  signal: AbortSignal,
): Promise<ExitCode> {
  let options: Options | undefined;
  try {
    options = parseOptions(argv, environment);
    if (options === undefined) return 0;
    const verification = await verify(options, environment, host, signal);
    if (options.json === true) writeJson(environment.stdout, verification);
    else writeVerification(verification, environment.stdout);
    return verification.runs.some(({ difference }) => difference !== undefined) ? 1 : 0;
  } catch (error) {
    if (error instanceof NoReferee) {
      if (options?.json === true) writeJson(environment.stdout, { skipped: error.message });
      else environment.stdout.write(`skipped: ${error.message}\n`);
      return 0;
    }
    await setTimeout(SIGNAL_MS);
    signal.throwIfAborted();
    environment.stderr.write(`verify:kernel: ${messageOf(error)}\n`);
    return 2;
  }
}

/** Undefined if only help was asked for. */
function parseOptions(argv: readonly string[], { stdout }: RunEnvironment): Options | undefined {
  const command = new Command("verify:kernel")
    .usage("[-- options]")
    .description(
      "Adds a zram device to this machine, performs the same operations on it and on the simulated one, compares all columns " +
        "of mm_stat after each, and removes the device. Needs Linux 6.12 or later with zram, and root; elsewhere it says what is missing.",
    )
    .option("--operations <n>", "operations in all, over all algorithms", operationsOption, DEFAULT_OPERATIONS)
    .option("--seed <n>", "seed of the operations", seedOption, 1)
    .option("--algorithm <names>", "some of lz4, lzo, lzo-rle, zstd, deflate", algorithmOption, ALGORITHMS)
    .option("--json", "print the result as JSON");
  return parseSideProgram(command, argv, stdout) as Options | undefined;
}

const operationsOption = integerOption("--operations", 1, MOST_OPERATIONS);

function algorithmOption(text: string): string[] {
  const known = kernelCodecs().map(({ name }) => name);
  const names = listOption("--algorithm")(text);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return names;
  throw new UsageError(`--algorithm must be some of ${known.join(", ")}, not "${unknown}"`);
}

async function verify(
  { operations, seed, algorithm }: Options,
  { stderr }: RunEnvironment,
  host: Host,
  signal: AbortSignal,
): Promise<Verification> {
  const facts = kernelFacts(host);
  const contents = new Contents(readCorpus(PAGE_BYTES).pages);
  using device = KernelZram.add(host);
  host.onExit(() => device.remove());
  const known = device.algorithms();
  const algorithms = algorithm.filter((name) => known.includes(name));
  if (algorithms.length === 0) throw new NoReferee(`this kernel's zram has none of ${algorithm.join(", ")}`);

  const shape = { slotCount: SLOT_COUNT, corpusCount: contents.corpusCount, canDiscard: facts.canDiscard };
  const seeds = new Prng(seed);
  const runs: AlgorithmRun[] = [];
  for (const [i, name] of algorithms.entries()) {
    const seededCount =
      Math.floor((operations * (i + 1)) / algorithms.length) - Math.floor((operations * i) / algorithms.length);
    const workload = workloadOf(seeds.next(), shape, seededCount);
    using progress = startProgress(stderr, workload.totalCount);
    const referee = new Referee(device, new SimulatedZram(facts.era, facts.chainSize), {
      algorithm: name,
      slotCount: SLOT_COUNT,
      contents,
      hostScans: () => slabScans(host),
      signal,
      onProgress: (count) => progress.update(count, name),
    });
    const startMs = performance.now();
    const result = await referee.run(workload.operations);
    const seconds = (performance.now() - startMs) / 1000;
    const seededDone = Math.max(0, result.operationCount - workload.corpusCount);
    runs.push({ algorithm: name, seededCount: seededDone, seconds, ...result });
  }
  return {
    kernel: { ...facts, device: device.name, diskPages: SLOT_COUNT },
    seed,
    missingAlgorithms: algorithm.filter((name) => !known.includes(name)),
    runs,
  };
}

/** First the corpus, then the mix. */
function workloadOf(
  seed: number,
  shape: WorkloadShape,
  seededCount: number,
): { operations: Iterable<Operation>; corpusCount: number; totalCount: number } {
  const corpus = [...corpusWorkload(shape)];
  return {
    operations: inTurn(corpus, mixedWorkload(seed, shape), seededCount),
    corpusCount: corpus.length,
    totalCount: corpus.length + seededCount,
  };
}

/** All of the first, then so many of the second. */
function* inTurn(first: Iterable<Operation>, second: Iterable<Operation>, secondCount: number): Generator<Operation> {
  yield* first;
  let left = secondCount;
  for (const operation of second) {
    if (left-- === 0) return;
    yield operation;
  }
}
