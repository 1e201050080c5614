// `zlab experiment`: runs experiments one after the other and reports each as soon as it is done.

import { ZlabError } from "@zlab/hw-sim";
import type { ExperimentCommandOptions } from "../commands/experiment.ts";
import type { CommandContext, ExitCode } from "../context.ts";
import { Interrupted, UsageError, checkpointOf } from "../errors.ts";
import { painterFor } from "../output/colour.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { formatTable } from "../output/table.ts";
import { wrapText } from "../output/wrap.ts";
import { type Experiment, ExperimentFailure, type View } from "./experiment.ts";
import { EXPERIMENTS, selectExperiments } from "./registry.ts";

const DEFAULT_CODEC = "zstd";

/** One experiment of a run, as `--json` prints it: with data and conclusion, or with a failure. */
type ExperimentOutcome =
  | { readonly name: string; readonly question: string; readonly data: unknown; readonly conclusion: string }
  | { readonly name: string; readonly question: string; readonly failure: string };

/** `known` are the experiments that there are. */
export async function runExperiments(
  names: readonly string[],
  options: ExperimentCommandOptions,
  context: CommandContext,
  known: readonly Experiment[] = EXPERIMENTS,
): Promise<ExitCode> {
  const experiments = selectExperiments(names, known);
  if ((options.mmStat === undefined) !== (options.pages === undefined)) {
    throw new UsageError("--mm-stat and --pages belong together; give both or neither");
  }
  if (options.list) return listExperiments(experiments, options, context);
  const outcomes: ExperimentOutcome[] = [];
  for (const [index, experiment] of experiments.entries()) {
    const outcome = runOne(experiment, options, context);
    if (outcome === undefined) break;
    outcomes.push(outcome);
    if (options.json) continue;
    if (index > 0) context.stdout.write("\n");
    writeOutcome(experiment, outcome, context);
  }
  const isInterrupted = outcomes.length < experiments.length;
  if (isInterrupted) {
    context.stderr.write(`zlab: interrupted after ${outcomes.length} of ${experiments.length} experiments\n`);
  }
  if (options.json) {
    const { seed, scale } = options;
    writeJson(context.stdout, { seed, scale, experiments: outcomes, ...(isInterrupted && { interrupted: true }) });
  }
  return reportFailures(outcomes, context);
}

function listExperiments(
  experiments: readonly Experiment[],
  { json }: ExperimentCommandOptions,
  { stdout, env }: CommandContext,
): ExitCode {
  if (json) {
    writeJson(stdout, { experiments: experiments.map(({ name, summary, question }) => ({ name, summary, question })) });
    return 0;
  }
  const columns = [
    { title: "experiment", align: "left" as const },
    { title: "what is asked", align: "left" as const },
  ];
  const rows = experiments.map(({ name, summary }) => [name, summary]);
  stdout.write(formatTable(columns, rows, painterFor(stdout, env)));
  return 0;
}

/** An allocator that breaks a promise becomes the outcome, and the other experiments go on; anything else is thrown. Undefined if the
 * user wanted to end. */
function runOne(
  experiment: Experiment,
  { seed, scale, mmStat, pages, codec = DEFAULT_CODEC }: ExperimentCommandOptions,
  context: CommandContext,
): ExperimentOutcome | undefined {
  const { name, question } = experiment;
  const checkpoint = checkpointOf(context);
  using progress = startProgress(context.stderr, 100);
  try {
    checkpoint();
    const data = experiment.run({
      seed,
      scale,
      progress: (part, label) => {
        checkpoint();
        progress.update(100 * part, `${name}: ${label}`);
      },
      ...(mmStat !== undefined &&
        pages !== undefined && { device: { mmStat, pagesFile: pages, codec, cwd: context.cwd } }),
    });
    return { name, question, data, conclusion: experiment.conclude(data) };
  } catch (error) {
    if (error instanceof Interrupted) return undefined;
    if (error instanceof ExperimentFailure || ZlabError.is(error)) return { name, question, failure: error.message };
    throw error;
  }
}

function writeOutcome(experiment: Experiment, outcome: ExperimentOutcome, { stdout, env }: CommandContext): void {
  const view: View = { paint: painterFor(stdout, env), columns: Math.min(160, Math.max(60, stdout.columns ?? 100)) };
  const { paint, columns } = view;
  stdout.write(`${paint.bold(experiment.name)}: ${experiment.summary}\n\n`);
  stdout.write(`${wrapText(experiment.question, columns)}\n\n`);
  if ("failure" in outcome) {
    stdout.write(`${paint.bad("FAILED")} ${outcome.failure}\n`);
    return;
  }
  stdout.write(`${experiment.render(outcome.data, view)}\n`);
  stdout.write(`${paint.good(wrapText(`=> ${outcome.conclusion}`, columns))}\n`);
}

function reportFailures(outcomes: readonly ExperimentOutcome[], { stderr }: CommandContext): ExitCode {
  const failed = outcomes.filter((outcome) => "failure" in outcome);
  for (const { name, failure } of failed) stderr.write(`zlab: experiment ${name} failed: ${failure}\n`);
  return failed.length === 0 ? 0 : 1;
}
