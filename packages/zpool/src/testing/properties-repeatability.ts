// The same calls have the same results: again, on a machine without bytes, and however often one looks.

import { SIZE_ONLY_POSSIBLE } from "./gates.ts";
import { Pair } from "./pair.ts";
import { type PropertySpec, judging } from "./property.ts";
import { Session } from "./session.ts";
import type { Program, Step } from "./step.ts";
import {
  anyOf,
  dense,
  exhausting,
  faulty,
  mixed,
  thinnedOut,
  workWhileMapped,
  workload,
  writeMix,
} from "./workloads.ts";

const everything = anyOf(mixed, mixed, dense, thinnedOut, workWhileMapped, faulty, exhausting);

/** A program in which half of the steps are looks; the twin leaves them out. */
const observed = workload(80, (builder, sizes, length) => {
  writeMix(builder, sizes, length);
  const steps = builder.steps.splice(0);
  for (const step of steps) {
    if (builder.chance(50)) builder.add({ op: "observe" });
    builder.steps.push(step);
  }
});

/** Steps of two pools; the twin runs those of the first alone. */
const beside = workload(120, (builder, sizes, length) => {
  for (let i = 0; i < length; i += 4) {
    builder.pool = builder.prng.below(2);
    writeMix(builder, sizes, 4);
  }
});

/** A step that nothing comes of, in the place of one that is left out. */
const NOTHING: Step = { op: "unmap", cpu: 0, pool: 1 };

export const repeatabilityProperties: readonly PropertySpec[] = [
  {
    id: "deterministic",
    promise: "The same calls on the same machine give the same handles, placements and statistics.",
    workload: everything,
    run: (context, program, keepProtocol) => {
      const pair = new Pair(context, keepProtocol);
      pair.run(program, program, pair.sameResults(), pair.sameStats(), pair.samePlaces());
    },
  },
  {
    id: "looking-changes-nothing",
    promise: "check, stats and totalPages change nothing.",
    workload: observed,
    run: (context, program, keepProtocol) => {
      const pair = new Pair(context, keepProtocol);
      const unobserved = program.map((step) => (step.op === "observe" ? NOTHING : step));
      const twinName = "without the looks";
      pair.run(program, unobserved, pair.sameResults(twinName));
      pair.finish(pair.sameStats([], twinName));
    },
  },
  {
    id: "pools-count-for-themselves",
    promise: "A pool's statistics are the same with another pool beside it as alone.",
    workload: beside,
    run: (context, program, keepProtocol) => {
      const pair = new Pair(context, keepProtocol);
      const alone = program.map((step) => (step.pool === 1 ? NOTHING : step));
      const compare = pair.sameStats([], "without the second pool");
      pair.run(program, alone, (step) => compare({ ...step, pool: 0 }));
    },
  },
  {
    id: "size-only-same",
    promise: "On a machine without bytes the same calls give the same handles, pages and statistics.",
    gate: SIZE_ONLY_POSSIBLE,
    workload: everything,
    run: (context, program, keepProtocol) => {
      const pair = new Pair(context, keepProtocol, context.newSizeOnlyMachine!());
      const twinName = "on a machine without bytes";
      pair.run(program, program, pair.sameResults(twinName), pair.sameStats([], twinName));
    },
  },
  {
    id: "capabilities-agree",
    promise: "A pool's type, name and capabilities are those that it was made with, and compact is there if promised.",
    workload: mixed,
    cost: 20,
    run: (context, program: Program, keepProtocol) => {
      judging([])(context, program, keepProtocol);
      assertDescribed(new Session(context, { keepProtocol }));
    },
  },
  {
    id: "bad-options-refused",
    promise: "An option that the driver doesn't know throws ZLAB_POOL_OPTIONS, and no page is lost.",
    workload: mixed,
    cost: 20,
    run: (context, _program, keepProtocol) => {
      const session = new Session(context, { keepProtocol });
      const option = "noSuchOptionOfAnyDriver";
      const create = () => context.newPool(session.machine, "other", { [option]: 1 });
      session.expectThrow(0, () => `create with the option ${option}`, ["ZLAB_POOL_OPTIONS"], create);
      const taken = session.pagesTaken() - session.pool(0).totalPages();
      if (taken !== 0) session.fail(`${taken} pages were lost`);
    },
  },
];

function assertDescribed(session: Session): void {
  const pool = session.pool(0);
  const { capabilities, type } = session.context;
  if (pool.type !== type) session.fail(`the pool's type is "${pool.type}", the driver's "${type}"`);
  if (pool.name !== "pool") session.fail(`the pool's name is "${pool.name}"`);
  for (const [field, value] of Object.entries(capabilities)) {
    const own: unknown = pool.capabilities[field as keyof typeof capabilities];
    if (own !== value)
      session.fail(`the pool's capabilities.${field} is ${String(own)}, the driver's ${String(value)}`);
  }
  if (capabilities.compact && typeof pool.compact !== "function") {
    session.fail("capabilities.compact is true, but the pool has no compact()");
  }
}
