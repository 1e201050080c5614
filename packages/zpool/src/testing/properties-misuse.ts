// Programmer's errors: always detected, named by their code, and without consequences.

import { MapMode } from "../zpool-driver.ts";
import { type ProgramBuilder } from "./program-builder.ts";
import { type PropertySpec, judging } from "./property.ts";
import type { BadHandleSource, HandleCall } from "./step.ts";
import { type Workload, workload } from "./workloads.ts";

export const CALLS: readonly HandleCall[] = ["free", "map", "unmap", "read", "write"];

/** A population with holes; then bad handles, and use of the pool between them that would show damage. */
function misusing(longest: number, misuse: (builder: ProgramBuilder) => void): Workload {
  return workload(longest, (builder, sizes, length) => {
    for (let i = 0; i < 24; i++) builder.store(builder.pickFrom(sizes)!);
    builder.thinOut(30, "random");
    for (let i = 0; i < length; i++) {
      builder.anyCpu();
      misuse(builder);
      if (builder.chance(40)) builder.store(builder.pickFrom(sizes)!);
      if (builder.live.length > 3 && builder.chance(30)) builder.free(builder.pick()!);
    }
    builder.close();
  });
}

/** Every call with one bad handle. */
function withAllCalls(builder: ProgramBuilder, source: BadHandleSource): void {
  for (const call of CALLS) builder.add({ op: "bad-handle", call, source });
}

const zeroHandles = misusing(10, (builder) => withAllCalls(builder, { kind: "value", value: 0 }));

export const MADE_UP: readonly number[] = [
  -1,
  -12,
  1,
  2,
  7,
  8,
  64,
  4095,
  4096,
  2 ** 24,
  2 ** 30,
  2 ** 31,
  2 ** 32,
  2 ** 44,
  2 ** 53 - 1,
  0.5,
  1.5,
  NaN,
  Infinity,
];
export const NEAR: readonly number[] = [
  1,
  -1,
  2,
  4,
  8,
  -8,
  16,
  24,
  32,
  63,
  64,
  -64,
  128,
  256,
  4096,
  -4096,
  65536,
  2 ** 20,
  2 ** 32,
  0.5,
];

const madeUpHandles = misusing(24, (builder) => {
  const near = builder.pick();
  if (near !== undefined && builder.chance(60)) {
    withAllCalls(builder, { kind: "near", name: near.name, delta: builder.pickFrom(NEAR)! });
  } else {
    withAllCalls(builder, { kind: "value", value: builder.pickFrom(MADE_UP)! });
  }
});

/** Handles of objects freed at any time before, also after their slots were used again. */
const staleHandles = misusing(40, (builder) => {
  const stale = builder.chance(50) ? builder.gone.at(-1) : builder.pickFrom(builder.gone);
  if (stale === undefined) return;
  for (const call of ["map", "read", "write", "unmap"] as const) {
    builder.add({ op: "bad-handle", call, source: { kind: "freed", name: stale.name } });
  }
});

/** Frees of what was freed: at once, with others freed between, and of the last object of a page. */
const doubleFrees = misusing(40, (builder) => {
  const object = builder.pick();
  if (object !== undefined && builder.live.length > 3) builder.free(object);
  const stale = builder.chance(60) ? builder.gone.at(-1) : builder.pickFrom(builder.gone);
  if (stale === undefined) return;
  builder.add({ op: "bad-handle", call: "free", source: { kind: "freed", name: stale.name } });
});

const foreignHandles = workload(24, (builder, sizes, length) => {
  for (let i = 0; i < 24; i++) {
    builder.pool = i % 2;
    builder.store(builder.pickFrom(sizes)!);
  }
  for (let i = 0; i < length; i++) {
    builder.pool = 1 - builder.prng.below(2);
    const object = builder.pick();
    if (object === undefined) continue;
    builder.pool = 1 - builder.pool;
    withAllCalls(builder, { kind: "foreign", name: object.name });
    if (builder.chance(40)) builder.store(builder.pickFrom(sizes)!);
  }
  builder.pool = 1;
  builder.close();
  builder.pool = 0;
  builder.close();
});

const freesOfMapped = misusing(20, (builder) => {
  const object = builder.pick();
  if (object === undefined) return;
  builder.map(object.name, builder.pickFrom([MapMode.RW, MapMode.RO])!);
  const home = builder.cpu;
  builder.add({ op: "free-mapped", name: object.name });
  builder.anyCpu();
  builder.add({ op: "free-mapped", name: object.name });
  builder.cpu = home;
  builder.add({ op: "look" });
  builder.storeMapped();
  builder.add({ op: "unmap" });
  builder.read(object);
});

const destroysWhileMapped = misusing(8, (builder) => {
  const object = builder.pick();
  if (object === undefined) return;
  builder.map(object.name, MapMode.RW);
  const home = builder.cpu;
  builder.anyCpu();
  builder.add({ op: "destroy-mapped" });
  builder.cpu = home;
  builder.add({ op: "look" });
  builder.add({ op: "unmap" });
  builder.add({ op: "verify" });
});

const badRanges = misusing(24, (builder) => {
  const object = builder.pick();
  if (object === undefined) return;
  const beyond = builder.pickFrom(["object", "buffer", "negative"] as const)!;
  const excess = builder.pickFrom([1, 1, 2, 7, 64, 4096])!;
  for (const call of ["read", "write"] as const) {
    builder.add({ op: "bad-range", name: object.name, call, beyond, excess });
  }
});

export const misuseProperties: readonly PropertySpec[] = [
  {
    id: "null-handle-refused",
    promise: "Calls with handle 0 throw ZLAB_BAD_HANDLE and change nothing.",
    workload: zeroHandles,
    cost: 2,
    run: judging(["contents", "state"]),
  },
  {
    id: "made-up-handles-refused",
    promise: "Calls with a number that is no handle throw ZLAB_BAD_HANDLE and change nothing.",
    workload: madeUpHandles,
    run: judging(["contents", "state"]),
  },
  {
    id: "stale-handles-refused",
    promise: "map, read and write of a freed object throw ZLAB_BAD_HANDLE and change nothing.",
    workload: staleHandles,
    run: judging(["contents", "state"]),
  },
  {
    id: "double-frees-refused",
    promise: "Freeing an object twice throws ZLAB_BAD_HANDLE and changes nothing.",
    workload: doubleFrees,
    run: judging(["contents", "state"]),
  },
  {
    id: "foreign-handles-refused",
    promise: "A handle of another pool throws ZLAB_BAD_HANDLE and changes nothing, unless its value is live here too.",
    workload: foreignHandles,
    run: judging(["contents", "state"]),
  },
  {
    id: "free-while-mapped-refused",
    promise: "Freeing a mapped object throws ZLAB_MAPPED on every CPU; object and mapping stay.",
    workload: freesOfMapped,
    run: judging(["contents", "state"]),
  },
  {
    id: "destroy-while-mapped-refused",
    promise: "Destroying a pool with a mapped object throws ZLAB_MAPPED; the pool goes on working.",
    workload: destroysWhileMapped,
    cost: 2,
    run: judging(["contents", "state"]),
  },
  {
    id: "bad-ranges-refused",
    promise: "read and write beyond the object's usable length or the buffer throw ZLAB_RANGE and change nothing.",
    workload: badRanges,
    run: judging(["contents", "state"]),
  },
];
