// One run of a campaign: a random program on a new machine, with everything looked at after every command.

import { __GFP_HIGHMEM } from "@zlab/hw-sim";
import type { Audit } from "./audits.ts";
import * as audits from "./audits.ts";
import { minimize } from "./minimize.ts";
import { perform } from "./perform.ts";
import { guarded } from "./property.ts";
import { foldProtocol } from "./protocol.ts";
import { type Aspect, Broken, Session, describeError } from "./session.ts";
import type { Program } from "./step.ts";
import { type ConformanceSubject, contextOf } from "./subject.ts";
import { swarmProgram } from "./swarm.ts";

const JUDGED: readonly Aspect[] = ["contents", "state", "lengths", "buffers", "compaction", "settling", "leftovers"];

/** A run, named by what makes it: the same values do the same on any machine. */
export interface CampaignRun {
  readonly subject: ConformanceSubject;
  readonly seed: number;
  /** Length of the program in steps. */
  readonly stepCount: number;
  /** Whether to note what freed pages hold and see that nobody writes to them: dear. Default false. */
  readonly watchFreedPages?: boolean;
}

/** What a run did: commands that were performed (steps that had lost their object are not counted), and what failed. */
export interface CampaignResult {
  readonly commandCount: number;
  /** What was expected and what happened; undefined if nothing is wrong. */
  readonly failure: string | undefined;
}

/** Runs it. Never throws for what a backend does. */
export function campaignRun(run: CampaignRun): CampaignResult {
  const context = contextOf(run.subject);
  const outcome = execute(run, context, swarmProgram(context, run.seed, run.stepCount), false);
  return { commandCount: outcome.commandCount, failure: outcome.broken?.message };
}

/** The shortest list of commands found that fails as a run did, one a line. The run must fail. */
export function campaignCounterexample(run: CampaignRun): string[] {
  const context = contextOf(run.subject);
  const program = swarmProgram(context, run.seed, run.stepCount);
  const { stepIndex } = execute(run, context, program, false);
  const smallest = minimize(
    program.slice(0, stepIndex + 1),
    (candidate) => execute(run, context, candidate, false).broken !== undefined,
  );
  const { broken } = execute(run, context, smallest, true);
  return broken === undefined
    ? ["(only sometimes: the backend doesn't do the same each time)"]
    : foldProtocol(broken.lines);
}

interface Execution {
  readonly commandCount: number;
  readonly broken: Broken | undefined;
  /** Of the step that failed; the program's length if none did. */
  readonly stepIndex: number;
}

function execute(
  { watchFreedPages }: CampaignRun,
  context: ReturnType<typeof contextOf>,
  program: Program,
  keepProtocol: boolean,
): Execution {
  const judge = watchFreedPages === true ? [...JUDGED, "freed pages" as const] : JUDGED;
  let commandCount = 0;
  let stepIndex = 0;
  try {
    const session = new Session(context, { judge, keepProtocol });
    const looks = everyLook();
    for (; stepIndex < program.length; stepIndex++) {
      const step = program[stepIndex]!;
      const before = session.actions;
      guarded(session, () => {
        perform(session, step);
        if (session.actions === before) return;
        commandCount++;
        for (const look of looks) look(session, step);
      });
    }
    return { commandCount, broken: undefined, stepIndex };
  } catch (error) {
    const broken = error instanceof Broken ? error : new Broken(describeError(error), [describeError(error)]);
    return { commandCount, broken, stepIndex };
  }
}

function everyLook(): Audit[] {
  return [
    checkedToTheMachine,
    audits.pagesCounted(),
    audits.pagesAgree(),
    audits.statsAddUp(),
    audits.slotsAddUp(),
    audits.countersGrow(),
    audits.handlesValid(),
    audits.handlesUnique(),
    audits.preemptionOffWhileMapped(),
    audits.preemptionRestored(),
    audits.kmapsReleased(),
    audits.strangersUntouched(),
    audits.ordersRespected(),
    audits.kernelQuiet(),
    audits.zonesRespected((gfp) => (gfp & __GFP_HIGHMEM) !== 0),
  ];
}

/** Level 3 of every pool, and the machine's own check. */
function checkedToTheMachine(session: Session): void {
  for (const { pool } of session.livePools()) pool.check(3);
  session.machine.check();
}
