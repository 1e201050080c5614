// Compaction moves objects together: nothing is lost, and what is gained is counted.

import { GFP_KERNEL } from "@zlab/hw-sim";
import { type Audit, kmapsReleased, pagesCounted, preemptionRestored, selfCheck, statsAddUp } from "./audits.ts";
import { COMPACTS } from "./gates.ts";
import { type PropertySpec, judging } from "./property.ts";
import { perform } from "./perform.ts";
import { Session } from "./session.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";
import { anyOf, compactWhileMapped, mixed, sparse, thinnedOut, workload } from "./workloads.ts";

/** After each compaction every handle is used: mapped, read and freed. */
const usedAfterwards = workload(200, (builder, sizes, length) => {
  for (let i = 0; i < length; i++) builder.store(builder.pickFrom(sizes)!);
  for (let round = 0; round < 3; round++) {
    builder.thinOut(50, "random");
    builder.add({ op: "compact" });
    for (const object of builder.live) builder.read(object);
    for (let i = 0; i < length >> 1; i++) builder.store(builder.pickFrom(sizes)!);
  }
  builder.close();
});

/** The pages that the live objects would take in a new pool. */
function pagesInNewPool(context: Context, bytes: readonly number[], gfp: number): number {
  const session = new Session(context, {});
  bytes.forEach((size, name) => perform(session, { op: "malloc", name, bytes: size, gfp, cpu: 0, pool: 0 }));
  return session.pool(0).totalPages();
}

/** Pages that compaction may leave over in one size: the largest zspage, and as much again. */
const LEFT_OVER_PAGES = 32;

function muchGivenBack(context: Context): Audit {
  return (session, step) => {
    if (step.op !== "compact") return;
    const live = session.liveObjects(step.pool);
    if (live.length === 0) return;
    const needed = pagesInNewPool(
      context,
      live.map(({ bytes }) => bytes),
      live[0]!.gfp,
    );
    const pages = session.pool(step.pool).totalPages();
    if (pages <= 2 * needed + LEFT_OVER_PAGES) return;
    session.fail(`the pool still has ${pages} pages; in a new pool the same ${live.length} objects take ${needed}`);
  };
}

/** A program whose objects all have one size, so that compaction can bring any two together. */
function oneLargeSize(context: Context): Program[] {
  const bytes = Math.max(1, Math.min(context.capabilities.maxBytes, context.pageBytes >> 2) - 30);
  return [0, 1].map((seed) => {
    const gfp = GFP_KERNEL;
    const count = Math.min(1200, context.machinePages * 2);
    const place = { cpu: 0, pool: 0 };
    return [
      ...Array.from({ length: count }, (_, name) => ({ op: "malloc" as const, name, bytes, gfp, ...place })),
      ...Array.from({ length: count }, (_, name) => ({ op: "free" as const, name, ...place })).filter(
        ({ name }) => (name + seed) % 10 !== 0,
      ),
      { op: "compact", ...place },
    ];
  });
}

export const compactionProperties: readonly PropertySpec[] = [
  {
    id: "compaction-keeps-contents",
    promise: "Compaction changes no object's bytes.",
    gate: COMPACTS,
    workload: anyOf(thinnedOut, sparse),
    run: judging(["contents"]),
  },
  {
    id: "compaction-keeps-handles",
    promise: "After a compaction every live object can be mapped, read and freed by the handle that it had before.",
    gate: COMPACTS,
    workload: anyOf(usedAfterwards, sparse),
    run: judging(["contents"], statsAddUp),
  },
  {
    id: "compaction-counts-pages",
    promise: "compact returns the pages that it gave back: totalPages falls and pagesCompacted grows by as many.",
    gate: COMPACTS,
    workload: anyOf(thinnedOut, sparse, mixed, compactWhileMapped),
    run: judging(["compaction"], pagesCounted),
  },
  {
    id: "compaction-settles",
    promise: "A second compaction right after the first gives nothing back.",
    gate: COMPACTS,
    workload: anyOf(thinnedOut, sparse),
    run: judging(["settling"]),
  },
  {
    id: "compaction-gives-back",
    promise: "Compaction of a pool of one size that is nine tenths empty gives most of the empty pages back.",
    gate: COMPACTS,
    workload: sparse,
    always: oneLargeSize,
    cost: 2,
    run: judging([], muchGivenBack),
  },
  {
    id: "compaction-leaves-order",
    promise: "After a compaction the pool's check passes, and preemption and temporary mappings are as before.",
    gate: COMPACTS,
    workload: anyOf(thinnedOut, sparse),
    cost: 2,
    run: judging([], selfCheck, preemptionRestored, kmapsReleased),
  },
];
