// Handles and sizes: what malloc returns, and for what.

import { EINVAL, ENOSPC, __GFP_HIGHMEM } from "@zlab/hw-sim";
import { handlesUnique, handlesValid } from "./audits.ts";
import { NOT_MOVABLE } from "./gates.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { type PropertySpec, judging } from "./property.ts";
import { partsOf, sweepSizes } from "./sizes.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";
import { anyOf, dense, exhausting, faulty, longMix, mixed, thinnedOut, workload } from "./workloads.ts";

/** Three objects of each size side by side, two written to their last usable byte, one just as far as was asked for. */
function sizeSweep(context: Context): Program[] {
  return partsOf(sweepSizes(context), 256).map((sizes, part) => {
    const builder = new ProgramBuilder(context, part);
    for (const bytes of sizes) {
      builder.store(bytes);
      builder.malloc(bytes);
      builder.write(builder.live.at(-1)!);
      builder.store(bytes);
      builder.add({ op: "free-all", order: "fifo" });
    }
    return builder.close().steps;
  });
}

const sizeLimits = workload(20, (builder, sizes) => {
  const { maxBytes } = builder.context.capabilities;
  builder.store(sizes[0]!);
  const refuse = (bytes: number, errno: typeof EINVAL): void =>
    builder.add({ op: "refused-malloc", bytes, gfp: 0, errno });
  refuse(0, EINVAL);
  for (const bytes of [maxBytes + 1, maxBytes + 2 + builder.prng.below(maxBytes), 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    if (bytes > maxBytes) refuse(bytes, ENOSPC);
  }
  builder.store(builder.context.largestBytes);
  builder.store(sizes[0]!);
  builder.close();
});

const highmemRequests = workload(10, (builder, sizes) => {
  for (const bytes of sizes) {
    builder.add({ op: "refused-malloc", bytes, gfp: __GFP_HIGHMEM, errno: EINVAL });
    builder.store(bytes);
  }
  builder.close();
});

const MORE_THAN_16_BITS = 2 ** 16 + 500;

/** More mallocs, and then more objects, than 16 bits can count, if memory and backend allow. */
function manyHandles(context: Context): Program[] {
  const churn = new ProgramBuilder(context, 1);
  for (let i = 0; i < 40; i++) churn.store(1 + churn.prng.below(Math.min(500, context.largestBytes)));
  churn.thinOut(30, "random");
  churn.add({ op: "churn", count: MORE_THAN_16_BITS, bytes: 20, gfp: churn.gfp() });
  const crowd = new ProgramBuilder(context, 1);
  const names = Array.from({ length: MORE_THAN_16_BITS }, () => crowd.malloc(1));
  for (const name of names) if (name % 997 === 0) crowd.fill(name);
  crowd.add({ op: "verify" });
  return [churn.close().steps, crowd.steps];
}

export const handleProperties: readonly PropertySpec[] = [
  {
    id: "handles-valid",
    promise: "Every handle is a positive integer; 0 is never a handle.",
    workload: anyOf(mixed, dense, faulty, exhausting),
    run: judging([], handlesValid),
  },
  {
    id: "handles-unique",
    promise: "No two live objects of a pool have the same handle.",
    workload: anyOf(mixed, dense, thinnedOut, faulty, exhausting),
    cost: 2,
    run: judging([], handlesUnique),
  },
  {
    id: "handles-last",
    promise: "Handles stay valid and unique however many have been given out before.",
    workload: mixed,
    always: manyHandles,
    cost: 20,
    run: judging(["contents"], handlesValid, handlesUnique),
  },
  {
    id: "sizes-accepted",
    promise: "Every size from 1 to maxBytes can be allocated, and a mapping is at least as long as was asked for.",
    workload: anyOf(mixed, longMix),
    always: sizeSweep,
    cost: 4,
    run: judging(["lengths"]),
  },
  {
    id: "size-limits",
    promise: "A size of 0 is EINVAL, a size above maxBytes ENOSPC, and maxBytes itself is accepted.",
    workload: sizeLimits,
    cost: 4,
    run: judging([]),
  },
  {
    id: "highmem-refused",
    promise: "A backend that can't use HIGHMEM pages answers __GFP_HIGHMEM with EINVAL.",
    gate: NOT_MOVABLE,
    workload: highmemRequests,
    cost: 4,
    run: judging([]),
  },
  {
    id: "refused-sizes-change-nothing",
    promise: "A malloc that is refused for its size changes nothing but the count of failures.",
    workload: sizeLimits,
    cost: 4,
    run: judging(["state", "contents"]),
  },
];

export { sizeSweep };
