// The step that exchanges a pool's backend while objects are live. Only a pool with a front end (zpool.ts) can do that.

import { ZlabError } from "@zlab/hw-sim";
import { Zpool } from "../zpool.ts";
import { assertUnchanged, poolPrefix } from "./judge.ts";
import { type Session, describeError } from "./session.ts";
import type { Step } from "./step.ts";
import type { SwitchTarget } from "./subject.ts";

/** Switches, and follows the objects to their new handles. Where a page or the size stands in the way, the switch is refused with
 * ZLAB_SWITCH and nothing may have changed. Skipped without a front end, without targets, and while an object is mapped. */
export function switchBackend(session: Session, step: Extract<Step, { op: "switch" }>): void {
  const pool = session.pool(step.pool);
  const { switchTargets } = session.context;
  if (!(pool instanceof Zpool) || switchTargets.length === 0) return;
  if (session.open.some((mapping) => mapping?.object.pool === step.pool)) return;
  const target = switchTargets[step.target % switchTargets.length]!;
  const before = session.stateOf(step.pool);
  const refusedBefore = session.refusedPageRequests();
  const refusal = attempt(session, pool, target, step);
  if (refusal === undefined) return;
  session.note(": refused");
  const { maxBytes } = target.driver.capabilities(session.context.pageBytes, target.options);
  const isTooLarge = session.liveObjects(step.pool).some(({ bytes }) => bytes > maxBytes);
  if (session.refusedPageRequests() === refusedBefore && !isTooLarge) {
    session.fail(`was refused without need: ${describeError(refusal)}`);
  }
  assertUnchanged(session, step.pool, before);
}

/** Returns the exception of a switch that was refused as it may be. */
function attempt(session: Session, pool: Zpool, target: SwitchTarget, step: Extract<Step, { op: "switch" }>): unknown {
  const live = session.liveObjects(step.pool);
  const text = () =>
    `${poolPrefix(step.pool)}switchTo("${target.driver.type}"${describeOptions(target)}), ${live.length} objects`;
  let refusal: unknown;
  session.call(step.cpu, text, () => {
    try {
      const handles = pool.switchTo(target.driver.type, live, step.gfp, target.options);
      for (const object of live) session.objects.set(object.name, object.movedTo(handles.get(object.handle)!));
    } catch (error) {
      if (!ZlabError.is(error, "ZLAB_SWITCH")) throw error;
      refusal = error;
    }
  });
  if (refusal !== undefined) return refusal;
  Object.assign(session.counts[step.pool]!, { mallocs: live.length, frees: 0, failures: 0 });
  session.adoptCapabilities(pool.capabilities);
  return undefined;
}

function describeOptions({ options = {} }: SwitchTarget): string {
  return Object.keys(options).length === 0 ? "" : `, ${JSON.stringify(options)}`;
}
