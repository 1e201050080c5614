// Pages and statistics: what a pool says about itself is what it has done.

import { __GFP_HIGHMEM } from "@zlab/hw-sim";
import type { Audit } from "./audits.ts";
import {
  countersGrow,
  kernelQuiet,
  machineCheck,
  movesCounted,
  ordersRespected,
  pagesAgree,
  pagesCounted,
  pagesCover,
  selfCheck,
  slotsAddUp,
  statsAddUp,
  zonesRespected,
} from "./audits.ts";
import { EXACT_FIT, MOVABLE_WITH_HIGHMEM } from "./gates.ts";
import { type PropertySpec, judging } from "./property.ts";
import {
  anyOf,
  compactWhileMapped,
  dense,
  exhausting,
  faulty,
  longMix,
  mixed,
  thinnedOut,
  tightFits,
  workWhileMapped,
  workload,
  writeMix,
} from "./workloads.ts";

const everything = anyOf(mixed, dense, tightFits, thinnedOut, workWhileMapped, compactWhileMapped, faulty, exhausting);

/** The pool is destroyed with objects still in it. */
const abandoned = workload(120, (builder, sizes, length) => {
  writeMix(builder, sizes, length);
  builder.cpu = 0;
  builder.add({ op: "destroy" });
});

/** The same objects several times over, everything freed between. */
const cycles = workload(120, (builder, sizes, length) => {
  const wanted = Array.from({ length }, () => builder.pickFrom(sizes)!);
  const gfp = builder.gfp();
  for (let round = 0; round < 4; round++) {
    for (const bytes of wanted) builder.malloc(bytes, gfp);
    builder.thinOut(100, "random");
  }
  builder.close();
});

/** Objects of one size, some of which are freed and replaced again and again. */
const refills = workload(120, (builder, sizes, length) => {
  const gfp = builder.gfp();
  for (let round = 0; round < 6; round++) {
    while (builder.live.length < length) builder.malloc(sizes[0]!, gfp);
    builder.thinOut(1 + builder.prng.below(99), "random");
  }
  builder.close();
});

/** Everything destroyed means every page back. */
function pagesReturned(): Audit {
  return (session, step) => {
    if (step.op !== "destroy" || session.livePools().length > 0) return;
    const missing = session.pagesTaken();
    if (missing !== 0) session.fail(`${missing} pages were not given back to the machine`);
  };
}

/** A pool is never larger than it was when it was first filled, before the first free. */
function spaceReused(): Audit {
  let firstPages = 0;
  return (session) => {
    if (session.isDestroyed(0)) return;
    const pages = session.pool(0).totalPages();
    if (session.counts[0]!.frees === 0) firstPages = pages;
    if (pages > firstPages)
      session.fail(`afterwards the pool has ${pages} pages; before the first free it had ${firstPages}`);
  };
}

export const accountingProperties: readonly PropertySpec[] = [
  {
    id: "pages-counted",
    promise: "totalPages is the number of pages taken from the machine, after every operation.",
    workload: everything,
    run: judging([], pagesCounted),
  },
  {
    id: "pages-agree",
    promise: "stats().totalPages is totalPages().",
    workload: everything,
    cost: 2,
    run: judging([], pagesAgree),
  },
  {
    id: "pages-cover-contents",
    promise: "A pool's pages are at least as many bytes as the objects stored in it.",
    workload: everything,
    run: judging([], pagesCover),
  },
  {
    id: "page-orders-respected",
    promise: "No block of pages of a higher order than maxPageOrder is asked for.",
    workload: everything,
    cost: 2,
    run: judging([], ordersRespected),
  },
  {
    id: "pages-returned",
    promise: "When all objects are freed and the pool is destroyed, the machine has all its pages back.",
    workload: anyOf(everything, longMix),
    run: judging([], pagesReturned),
  },
  {
    id: "destroy-returns-pages",
    promise: "destroy gives all pages back with live objects too, and returns their number.",
    workload: abandoned,
    run: judging(["leftovers"], pagesReturned),
  },
  {
    id: "freed-space-reused",
    promise: "Freed space is used again: the same objects fit in no more pages than at first.",
    gate: EXACT_FIT,
    workload: anyOf(cycles, refills),
    run: judging([], spaceReused),
  },
  {
    id: "stats-add-up",
    promise: "mallocs, frees and failures count the calls, and objects is mallocs - frees.",
    workload: everything,
    run: judging([], statsAddUp),
  },
  {
    id: "slots-add-up",
    promise: "slotBytes is at least what is stored and at most what the pages hold; nothing spans where nothing can.",
    workload: everything,
    run: judging([], slotsAddUp),
  },
  {
    id: "counters-only-grow",
    promise: "Statistics that count events never fall.",
    workload: everything,
    run: judging([], countersGrow),
  },
  {
    id: "moves-counted",
    promise: "Every object that changes its place is counted in objectsMoved.",
    workload: anyOf(mixed, thinnedOut, dense),
    cost: 2,
    run: judging([], movesCounted),
  },
  {
    id: "self-check-passes",
    promise: "The pool's own check finds nothing wrong after any operation.",
    workload: everything,
    cost: 1.5,
    run: judging([], selfCheck, machineCheck),
  },
  {
    id: "zones-respected",
    promise: "HIGHMEM pages are taken only for a malloc with __GFP_HIGHMEM.",
    gate: MOVABLE_WITH_HIGHMEM,
    workload: anyOf(mixed, dense, faulty),
    cost: 2,
    run: judging([], () => zonesRespected((gfp) => (gfp & __GFP_HIGHMEM) !== 0)),
  },
  {
    id: "atomic-requests-do-not-sleep",
    promise: "A malloc without __GFP_DIRECT_RECLAIM does not sleep, so that it works with preemption off.",
    workload: workWhileMapped,
    cost: 2,
    run: judging([], kernelQuiet),
  },
];
