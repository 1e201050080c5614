// The suite "threads": what two threads with a shard each get done beside one thread with an ordinary pool. The processes take turns,
// and each ratio is that of neighbours.

import { availableParallelism } from "node:os";
import type { CaseResult } from "../case-result.ts";
import type { ThreadShape } from "../cases/thread-work.ts";
import { type SuiteReport, makeGoal } from "../report.ts";
import { median, spreadOf } from "../statistics.ts";
import type { Suite, SuiteContext } from "../suite.ts";

/** What goals are set for. */
const PHASES = ["store", "load", "free"] as const;
/** What is shown, in the order in which it is done. */
const SHOWN = ["store", "load", "loadAny", "free"] as const;
const TITLES: Readonly<Record<(typeof SHOWN)[number], string>> = {
  store: "store",
  load: "load, the thread's own",
  loadAny: "load, any thread's",
  free: "free, half another's",
};
const TOGETHER = "store, load and free together";
const THREADS = 2;
const ROUNDS = 5;
/** Least that two threads get done as a multiple of one. */
const RATIO_GOAL = 1.7;

export const threadsSuite: Suite = {
  name: "threads",
  summary: "store, load and free by two threads, each with a shard of the pool, beside one thread",
  isDefault: true,
  run: runThreads,
};

/** The results of one turn each. */
interface Round {
  readonly one: CaseResult;
  readonly two: CaseResult;
}

async function runThreads({ isTrial, runCase, progress }: SuiteContext): Promise<SuiteReport> {
  const shape: Omit<ThreadShape, "threads"> = isTrial
    ? { live: 200, warmUps: 1, samples: 2 }
    : { live: 100_000, warmUps: 4, samples: 15 };
  const rounds: Round[] = [];
  for (let round = 1; round <= (isTrial ? 1 : ROUNDS); round++) {
    progress(`threads: round ${round} of ${ROUNDS}`);
    const one = await runCase({ kind: "threads", parameters: { threads: 1, ...shape } });
    const two = await runCase({ kind: "threads", parameters: { threads: THREADS, ...shape } });
    rounds.push({ one, two });
  }
  return {
    suite: "threads",
    tables: [tableOf(rounds, shape.live)],
    notes: [
      "store: malloc and write. load: read objects at random. free: in random order; the clock stops when all objects are freed by their",
      "owners. Two threads share the work that one thread does alone with an ordinary pool.",
    ],
    figures: SHOWN.flatMap((phase) => figuresOf(rounds, phase)),
    goals: goalsOf(rounds),
  };
}

function figuresOf(rounds: readonly Round[], phase: string): SuiteReport["figures"] {
  return (["one", "two"] as const).map((who) => ({
    key: `threads/${who}/${phase}`,
    unit: "ns",
    better: "lower" as const,
    samples: rounds.flatMap((round) => round[who].samples[phase]!),
  }));
}

/** Nanoseconds of a phase, or of all of them. */
function costOf({ samples }: CaseResult, phase: string): number {
  if (phase !== TOGETHER) return median(samples[phase]!);
  return PHASES.reduce((sum, each) => sum + median(samples[each]!), 0);
}

function ratioOf(rounds: readonly Round[], phase: string): number {
  return median(rounds.map(({ one, two }) => costOf(one, phase) / costOf(two, phase)));
}

function tableOf(rounds: readonly Round[], live: number): SuiteReport["tables"][number] {
  const cell = (who: keyof Round, phase: string): string => {
    const { median: middle, p10, p90 } = spreadOf(rounds.flatMap((round) => round[who].samples[phase]!));
    return `${middle.toFixed(1)} (${p10.toFixed(0)} to ${p90.toFixed(0)})`;
  };
  return {
    title: `ns per object, ${live.toLocaleString("en")} live objects: median (p10 to p90); ratio: median of the rounds`,
    columns: [{ title: "", align: "left" }, { title: "one thread" }, { title: "two threads" }, { title: "ratio" }],
    rows: SHOWN.map((phase) => [
      TITLES[phase],
      cell("one", phase),
      cell("two", phase),
      ratioOf(rounds, phase).toFixed(2),
    ]),
  };
}

function goalsOf(rounds: readonly Round[]): SuiteReport["goals"] {
  const cores = availableParallelism();
  const note = cores < THREADS ? `the machine has ${cores} core` : undefined;
  return [TOGETHER, ...PHASES].map((phase) => {
    const what = `two threads / one thread: ${phase}`;
    return makeGoal(what, "higher", RATIO_GOAL, ratioOf(rounds, phase), (ratio) => ratio.toFixed(2), note);
  });
}
