// `npm run fuzz:readers`: damaged files for every reader of zlab. Each must be refused with a clear error or be read rightly: no crash, no
// stack trace, no hang, and no more memory than is stated.

import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Command } from "commander";
import { messageOf } from "../errors.ts";
import { counted, formatBytes, thousands } from "../output/format.ts";
import { startProgress } from "../output/progress.ts";
import { formatTable } from "../output/table.ts";
import { choiceOption, integerOption, seedOption } from "../options.ts";
import { parseSideProgram } from "../side-program.ts";
import { HEAP_MIB, runCampaign } from "./campaign.ts";
import type { InputResult } from "./campaign-thread.ts";
import { READERS, readerIndexOf } from "./readers.ts";
import { Tally } from "./tally.ts";
import { createInput } from "./try-input.ts";

/** Most resident memory of the process, all inputs included. */
const MAX_PROCESS_BYTES = 2 ** 30;
const DEFAULT_INPUTS = 100_000;

interface Options {
  readonly inputs: number;
  readonly seed: number;
  readonly reader?: string;
  readonly input?: number;
}

function parseOptions(argv: readonly string[]): Options | undefined {
  const names = READERS.map(({ name }) => name);
  const command = new Command("fuzz:readers")
    .description("Reads damaged files with every reader of zlab; each must be refused clearly or read rightly.")
    .option("--inputs <n>", "how many", integerOption("--inputs", 1, 1_000_000_000), DEFAULT_INPUTS)
    .option("--seed <n>", "seed of the damages", seedOption, 1)
    .option("--reader <name>", `one of ${names.join(", ")} (default: all)`, choiceOption("--reader", names))
    .option("--input <n>", "this one alone, to see again why it failed", integerOption("--input", 0, 1_000_000_000));
  return parseSideProgram(command, argv, process.stdout) as Options | undefined;
}

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === undefined) return 0;
  const { inputs, seed, reader, input } = options;
  const readers = READERS.filter(({ name }) => reader === undefined || name === reader);
  const names = readers.map(({ name }) => name);
  const nameOf = (inputIndex: number): string => names[readerIndexOf(inputIndex, readers)]!;
  const tally = new Tally(names);
  const inputCount = input === undefined ? inputs : 1;
  const startMs = Date.now();
  {
    using progress = startProgress(process.stderr, inputCount);
    await runCampaign({ seed, firstInput: input ?? 0, inputCount, readers: names }, (result) => {
      tally.add({ ...result, reader: nameOf(result.inputIndex) });
      progress.update(tally.count, `inputs, ${tally.failures.length} failed`);
    });
  }
  const peakBytes = process.resourceUsage().maxRSS * 1024;
  process.stdout.write(report(tally, seed, (Date.now() - startMs) / 1000, peakBytes));
  for (const failure of tally.failures) process.stdout.write(describeFailure(failure, seed, reader));
  return tally.failures.length === 0 && peakBytes <= MAX_PROCESS_BYTES ? 0 : 1;
}

function report(tally: Tally, seed: number, seconds: number, peakBytes: number): string {
  const columns = [
    { title: "reader", align: "left" as const },
    ...["inputs", "accepted", "refused", "failed", "slowest\nms", "largest\nmemory"].map((title) => ({ title })),
  ];
  const rows = tally
    .summaries()
    .map(({ reader, inputs, accepted, refused, failed, slowestMs, largestBytes }) => [
      reader,
      ...[inputs, accepted, refused, failed].map(thousands),
      slowestMs.toFixed(1),
      formatBytes(largestBytes),
    ]);
  return `${counted(tally.count, "damaged input")}, seed ${seed}, Node ${process.versions.node}, ${seconds.toFixed(1)} s

${formatTable(columns, rows)}
The process had ${formatBytes(peakBytes)} at most, of the ${formatBytes(MAX_PROCESS_BYTES)} allowed, and ${HEAP_MIB} MiB of heap for the inputs.
`;
}

/** Saves the input and says how to see its failure again. */
function describeFailure({ inputIndex, problem }: InputResult, seed: number, reader: string | undefined): string {
  const readers = READERS.filter(({ name }) => reader === undefined || name === reader);
  const failed = readers[readerIndexOf(inputIndex, readers)]!;
  const directory = join(tmpdir(), "zlab-fuzz-readers");
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${failed.name}-${seed}-${inputIndex}.bin`);
  writeFileSync(file, createInput(failed, failed.samples(), seed, inputIndex).bytes);
  const only = reader === undefined ? "" : ` --reader ${reader}`;
  return `
FAILED ${failed.name}, input ${inputIndex}: ${problem}
  the input: ${file}
  again:     npm run fuzz:readers -- --seed ${seed}${only} --input ${inputIndex}
`;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`fuzz:readers: ${messageOf(error)}\n`);
  process.exitCode = 2;
}
