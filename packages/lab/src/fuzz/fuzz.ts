// `npm run fuzz`: campaigns against backends, from the command line to the exit code.

import type { RunEnvironment } from "../context.ts";
import { UsageError, messageOf } from "../errors.ts";
import { writeJson } from "../output/json.ts";
import { startProgress } from "../output/progress.ts";
import { type CampaignLimits, type CampaignOutcome, runCampaign } from "./campaign.ts";
import { type FuzzOptions, parseFuzzOptions } from "./options.ts";
import { type TargetReport, type TimedReport, failureOf, writeFuzzReport } from "./report.ts";
import { sweepAll, writeSweep } from "./sweep.ts";
import { type FuzzTarget, runSeedOf } from "./target.ts";
import { builtInTargets, foreignTargets } from "./targets.ts";
import { startWorkers } from "./workers.ts";

/** 128 and the number of SIGINT, as shells have it. */
const INTERRUPTED = 130;

/** Runs a command line. Returns 0 if nothing fails, 1 if something does, 2 for misuse, 130 if `signal` ended it; then what was done
 * before is reported. */
export async function fuzz(argv: readonly string[], environment: RunEnvironment, signal: AbortSignal): Promise<number> {
  try {
    const options = parseFuzzOptions(argv, environment.stdout);
    if (options === undefined) return 0;
    if (options.sweep) return await sweep(options, environment, signal);
    const targets = await chosenTargets(options, environment.cwd);
    const reports = await runAll(targets, options, environment, signal);
    if (options.json)
      writeJson(environment.stdout, { seed: options.seed, backends: reports.map(({ report }) => report) });
    else writeFuzzReport(reports, options.seed, signal.aborted, environment);
    if (reports.some(({ report }) => report.failure !== undefined)) return 1;
    return signal.aborted ? INTERRUPTED : 0;
  } catch (error) {
    environment.stderr.write(`fuzz: ${messageOf(error)}\n`);
    return 2;
  }
}

async function sweep(options: FuzzOptions, environment: RunEnvironment, signal: AbortSignal): Promise<number> {
  const { backend: backends, driver: driverFiles, scale, json } = options;
  const results = await sweepAll({ backends, driverFiles, scale }, environment, signal);
  if (json) writeJson(environment.stdout, { scale, results });
  else writeSweep(results, signal.aborted, environment);
  if (results.some(({ verdicts }) => verdicts.some(({ broken }) => broken !== undefined))) return 1;
  return signal.aborted ? INTERRUPTED : 0;
}

async function chosenTargets(options: FuzzOptions, cwd: string): Promise<FuzzTarget[]> {
  const { backend, driver, run } = options;
  const targets = driver.length > 0 ? await foreignTargets(driver, cwd) : builtInTargets();
  const known = targets.map(({ name }) => name).join(", ");
  const wanted = backend.includes("all") ? targets : backend.map((name) => targets.find((one) => one.name === name));
  const chosen = wanted.filter((target) => target !== undefined);
  if (chosen.length < wanted.length) {
    throw new UsageError(`--backend must be all or some of ${known}, not "${backend.join(",")}"`);
  }
  if (run !== undefined && chosen.length !== 1) {
    throw new UsageError(`--run needs the backend whose run is meant; add --backend with one of ${known}`);
  }
  return chosen;
}

async function runAll(
  targets: readonly FuzzTarget[],
  options: FuzzOptions,
  environment: RunEnvironment,
  signal: AbortSignal,
): Promise<TimedReport[]> {
  const reports: TimedReport[] = [];
  for (const target of targets) {
    if (signal.aborted) break;
    const startMs = performance.now();
    const share = options.minutes === undefined ? Infinity : (options.minutes * 60_000) / targets.length;
    const isOver = (): boolean => performance.now() - startMs > share;
    const outcome =
      options.run === undefined
        ? await runTarget(target, options, environment, { isOver, signal })
        : runOnce(target, options.seed, options.run);
    const seconds = (performance.now() - startMs) / 1000;
    reports.push({ report: reportOn(target, options, outcome, environment), seconds });
  }
  return reports;
}

async function runTarget(
  target: FuzzTarget,
  { commands, seed, jobs, driver, minutes }: FuzzOptions,
  { stderr, cwd }: RunEnvironment,
  ends: Pick<CampaignLimits, "isOver" | "signal">,
): Promise<CampaignOutcome> {
  const commandCount = minutes === undefined ? commands : Infinity;
  using workers = startWorkers(jobs, target, { targetName: target.name, seed, driverFiles: driver, cwd });
  using progress = startProgress(stderr, commands);
  const onProgress = (done: number): void => progress.update(done, target.name);
  return await runCampaign(workers.runners, { ...ends, commandCount, onProgress });
}

/** One run of the campaign, as if it were all of it. */
function runOnce(target: FuzzTarget, seed: number, run: number): CampaignOutcome {
  const { commandCount, failure } = target.run(runSeedOf(seed, run));
  return { runCount: 1, commandCount, failed: failure === undefined ? undefined : { run, message: failure } };
}

function reportOn(
  target: FuzzTarget,
  { seed, driver }: FuzzOptions,
  { runCount, commandCount, failed }: CampaignOutcome,
  { stderr }: RunEnvironment,
): TargetReport {
  const counts = { backend: target.name, runs: runCount, commands: commandCount };
  if (failed === undefined) return counts;
  if (stderr.isTTY === true)
    stderr.write(`${target.name}: run ${failed.run} failed; looking for a short way to it …\n`);
  const files = driver.map((file) => ` --driver ${file}`).join("");
  const replay = `npm run fuzz --${files} --backend ${target.name} --seed ${seed} --run ${failed.run}`;
  return {
    ...counts,
    failure: failureOf(failed.run, failed.message, target.explain(runSeedOf(seed, failed.run)), replay),
  };
}
