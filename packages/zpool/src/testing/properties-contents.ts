// The bytes of objects: they change by writes to the object only.

import { strangersUntouched } from "./audits.ts";
import { WITH_BYTES } from "./gates.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { sizeSweep } from "./properties-handles.ts";
import { type PropertySpec, judging } from "./property.ts";
import { classSizes, partsOf, sweepSizes } from "./sizes.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";
import {
  anyOf,
  dense,
  exhaustingAll,
  longMix,
  mixed,
  thinnedOut,
  tightFits,
  withStrangers,
  workload,
  writeMix,
} from "./workloads.ts";

/** Every size class filled over more pages than any zspage or slab has. */
function densePages(context: Context): Program[] {
  const bytesToFill = Math.min(17, context.machinePages >> 4) * context.pageBytes;
  return partsOf(classSizes(context), 16).map((sizes, part) => {
    const builder = new ProgramBuilder(context, part);
    for (const bytes of sizes) {
      const size = Math.max(1, bytes - builder.prng.below(10));
      const count = Math.min(400, Math.ceil(bytesToFill / size));
      const names = Array.from({ length: count }, () => builder.malloc(size));
      for (const name of names) {
        if (builder.chance(50)) builder.fill(name);
        else builder.write({ name, bytes: size, pool: 0 });
      }
      builder.add({ op: "free-all", order: (["lifo", "fifo", "random"] as const)[part % 3]! });
    }
    return builder.close().steps;
  });
}

/** Copying calls and mappings in turn on the same objects. */
const bothWays = workload(80, (builder, sizes, length) => {
  for (let i = 0; i < length; i++) {
    builder.anyCpu();
    const object = builder.pick();
    if (object === undefined || builder.chance(30)) {
      const name = builder.malloc(builder.pickFrom(sizes)!);
      if (builder.chance(50)) builder.fill(name);
      else builder.write(builder.live.at(-1)!);
    } else if (builder.chance(50)) builder.write(object, builder.prng.below(object.bytes + 1));
    else builder.fill(object.name);
    const seen = builder.pick()!;
    builder.add({ op: "read", name: seen.name, via: "copy", bufferOffset: builder.prng.below(5) });
    builder.add({ op: "read", name: seen.name, via: "mapping", bufferOffset: 0 });
  }
  builder.close();
});

/** Every size written one way and read the other. */
function bothWaysSweep(context: Context): Program[] {
  return partsOf(sweepSizes(context), 256).map((sizes, part) => {
    const builder = new ProgramBuilder(context, part);
    for (const bytes of sizes) {
      builder.add({ op: "read", name: builder.store(bytes), via: "copy", bufferOffset: 0 });
      const written = builder.malloc(bytes);
      builder.write(builder.live.at(-1)!);
      builder.add({ op: "read", name: written, via: "mapping", bufferOffset: 0 });
      builder.add({ op: "free-all", order: "fifo" });
    }
    return builder.close().steps;
  });
}

/** Writes of parts of objects that were full before. */
const partialWrites = workload(60, (builder, sizes, length) => {
  for (const bytes of sizes) for (let i = 0; i < 2; i++) builder.store(bytes);
  for (let i = 0; i < length; i++) {
    const object = builder.pick()!;
    const length_ = builder.chance(30) ? builder.pickFrom([0, 1, object.bytes - 1])! : builder.prng.below(object.bytes);
    builder.write(object, Math.max(0, length_));
    builder.read(object);
  }
  builder.close();
});

const twoPools = workload(120, (builder, sizes, length) => {
  for (let i = 0; i < length; i += 5) {
    builder.pool = builder.prng.below(2);
    writeMix(builder, sizes, 5);
  }
  builder.pool = 1;
  builder.close();
  builder.pool = 0;
  builder.close();
});

export const contentProperties: readonly PropertySpec[] = [
  {
    id: "contents-isolated",
    promise: "Writing an object to its last usable byte changes no other object.",
    gate: WITH_BYTES,
    workload: anyOf(tightFits, dense),
    always: sizeSweep,
    run: judging(["contents"]),
  },
  {
    id: "dense-pages-intact",
    promise: "Objects keep their bytes in pages filled to the last slot, whatever the order of frees and refills.",
    gate: WITH_BYTES,
    workload: dense,
    always: densePages,
    run: judging(["contents"]),
  },
  {
    id: "contents-persist",
    promise: "An object keeps its bytes through any mix of other operations.",
    gate: WITH_BYTES,
    workload: anyOf(mixed, mixed, thinnedOut),
    run: judging(["contents"]),
  },
  {
    id: "contents-persist-long",
    promise: "An object keeps its bytes through long use, and when all memory of the machine is used.",
    gate: WITH_BYTES,
    workload: anyOf(longMix, longMix, exhaustingAll),
    cost: 5,
    run: judging(["contents"]),
  },
  {
    id: "reads-agree-with-mappings",
    promise: "read, write and mappings show and change the same bytes.",
    gate: WITH_BYTES,
    workload: bothWays,
    always: bothWaysSweep,
    run: judging(["contents"]),
  },
  {
    id: "partial-writes-keep-the-rest",
    promise: "write changes the first bytes of an object and leaves those beyond as they were.",
    gate: WITH_BYTES,
    workload: partialWrites,
    run: judging(["contents"]),
  },
  {
    id: "copies-keep-to-their-range",
    promise: "read touches only the range of the buffer that it was given, and write does not touch the buffer at all.",
    workload: anyOf(bothWays, partialWrites),
    run: judging(["buffers"]),
  },
  {
    id: "pools-independent",
    promise: "Two pools on one machine don't change each other's objects.",
    gate: WITH_BYTES,
    workload: twoPools,
    run: judging(["contents"]),
  },
  {
    id: "foreign-pages-untouched",
    promise: "A pool writes only to pages that it owns at that time.",
    gate: WITH_BYTES,
    workload: withStrangers,
    cost: 4,
    run: judging(["contents", "freed pages"], strangersUntouched),
  },
];
