// Memory that runs out: really, and by injected failures of single page allocations.

import { type Audit, kmapsReleased, pagesCounted, preemptionRestored, selfCheck } from "./audits.ts";
import { EXACT_FIT, SINGLE_PAGES } from "./gates.ts";
import { Pair } from "./pair.ts";
import { type PropertySpec, judging } from "./property.ts";
import { exhausting, faulty } from "./workloads.ts";

/** With the pool destroyed after failures, nothing is missing. */
function nothingLeaked(): Audit {
  return (session, step) => {
    if (step.op !== "destroy" || session.livePools().length > 0 || session.pagesTaken() === 0) return;
    session.fail(`${session.pagesTaken()} pages were not given back to the machine`);
  };
}

export const failureProperties: readonly PropertySpec[] = [
  {
    id: "enomem-returned",
    promise:
      "When a page can't be had malloc returns ENOMEM, and the same malloc succeeds when it is repeated with memory.",
    workload: faulty,
    run: judging([]),
  },
  {
    id: "enomem-leaks-no-page",
    promise: "A malloc that fails for want of a page gives back those it has got already.",
    workload: faulty,
    run: judging([], pagesCounted, nothingLeaked),
  },
  {
    id: "enomem-leaves-no-trace",
    promise: "A malloc that fails for want of a page changes nothing but the count of failures.",
    workload: faulty,
    run: judging(["state", "contents"], selfCheck),
  },
  {
    id: "enomem-costs-no-space",
    promise: "After failed mallocs the pool stores what comes next in as many pages as without them.",
    gate: SINGLE_PAGES,
    workload: faulty,
    run: (context, program, keepProtocol) => {
      const pair = new Pair(context, keepProtocol);
      const without = program.map((step) => (step.op === "malloc" ? { ...step, faulty: false } : step));
      pair.run(program, without, pair.sameStats(["failures"]));
    },
  },
  {
    id: "exhaustion-survived",
    promise: "When memory runs out objects keep their bytes, and the pool goes on working.",
    workload: exhausting,
    cost: 4,
    run: judging(["contents"], selfCheck, preemptionRestored, kmapsReleased, pagesCounted),
  },
  {
    id: "freed-slots-reusable-at-once",
    promise: "With no memory left, a malloc succeeds after an object of the same size is freed.",
    gate: EXACT_FIT,
    workload: exhausting,
    run: judging(["reuse"]),
  },
];
