// The programs that properties are checked with. fast-check chooses their shape (sizes, length, seed); the steps follow from
// the seed, which is much cheaper than drawing each step, and loses nothing: programs are minimised step by step anyway.

import * as fc from "fast-check";
import { MAP_MODES, ProgramBuilder } from "./program-builder.ts";
import { sizeArbitrary } from "./sizes.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";

export type Workload = (context: Context) => fc.Arbitrary<Program>;

/** Sizes, length and seed of a program. */
interface Shape {
  readonly seed: number;
  readonly sizes: number[];
  readonly length: number;
}

/** Makes a workload of a function that writes a program of about `length` steps with objects of `sizes`. */
export function workload(
  longest: number,
  write: (builder: ProgramBuilder, sizes: readonly number[], length: number) => void,
): Workload {
  return (context) =>
    fc
      .record<Shape>({
        seed: fc.nat(),
        sizes: fc.array(sizeArbitrary(context), { minLength: 1, maxLength: 8 }),
        length: fc.noBias(fc.integer({ min: Math.ceil(longest / 4), max: longest })),
      })
      .map(({ seed, sizes, length }) => {
        const builder = new ProgramBuilder(context, seed);
        write(builder, sizes, length);
        return builder.steps;
      });
}

/** Either of several workloads. */
export function anyOf(...workloads: readonly Workload[]): Workload {
  return (context) => fc.oneof(...workloads.map((make) => make(context)));
}

/** Everything that users do, mixed, on all CPUs. */
export const mixed: Workload = workload(160, (builder, sizes, length) => {
  writeMix(builder, sizes, length);
  builder.close();
});

/** The same for long, with many objects. */
export const longMix: Workload = workload(2500, (builder, sizes, length) => {
  writeMix(builder, sizes, length);
  builder.close();
});

export function writeMix(builder: ProgramBuilder, sizes: readonly number[], length: number): void {
  for (let i = 0; i < length; i++) {
    builder.anyCpu();
    const object = builder.pick();
    const dice = builder.prng.below(100);
    if (object === undefined || dice < 38) builder.store(builder.pickFrom(sizes)!);
    else if (dice < 60) builder.free(object);
    else if (dice < 68) builder.write(object, builder.prng.below(object.bytes + 1));
    else if (dice < 76) builder.fill(object.name);
    else if (dice < 84) builder.read(object);
    else if (dice < 96) writeMapping(builder);
    else if (dice < 98) builder.add({ op: "compact" });
    else builder.add({ op: "verify" });
  }
}

/** Maps an object, uses the mapping, and ends it. */
function writeMapping(builder: ProgramBuilder): void {
  const object = builder.pick();
  if (object === undefined) return;
  builder.map(object.name, builder.pickFrom(MAP_MODES)!);
  const uses = builder.prng.below(3);
  for (let i = 0; i < uses; i++) builder.storeMapped(builder.chance(30));
  builder.add({ op: "look" });
  builder.add({ op: "unmap" });
}

/** Many objects of one size and its neighbours, so that pages fill to the last slot; freed in some order, refilled. */
export const dense: Workload = workload(400, (builder, sizes, length) => {
  const size = sizes[0]!;
  const pages = Math.min(20, builder.context.machinePages >> 4);
  const count = Math.max(4, Math.min(length, Math.ceil((pages * builder.context.pageBytes) / size)));
  const near = [size, size, size, Math.max(1, size - 1), Math.min(builder.context.largestBytes, size + 1)];
  const order = builder.pickFrom(["lifo", "fifo", "random"] as const)!;
  for (let i = 0; i < count; i++) builder.store(builder.pickFrom(near)!);
  builder.thinOut(20 + builder.prng.below(70), order);
  const holes = count - builder.live.length;
  builder.add({ op: "verify" });
  for (let i = 0; i < holes; i++) builder.store(builder.pickFrom(near)!);
  builder.close(order);
});

/** Pairs and triples whose sizes together just fit a page, or just don't. */
export const tightFits: Workload = workload(60, (builder, sizes, length) => {
  const { pageBytes, largestBytes } = builder.context;
  const clamp = (bytes: number): number => Math.max(1, Math.min(largestBytes, bytes));
  for (let i = 0; i < length; i++) {
    const first = builder.chance(50) ? builder.pickFrom(sizes)! : 1 + builder.prng.below(pageBytes);
    const spare = builder.prng.below(5) * 64 + builder.pickFrom([-64, -8, -1, 0, 1, 8])!;
    const rest = clamp(pageBytes - (first % pageBytes) - spare);
    builder.store(clamp(first));
    if (builder.chance(50)) builder.store(rest);
    else {
      const middle = clamp(1 + builder.prng.below(rest));
      builder.store(middle);
      builder.store(clamp(rest - middle));
    }
    if (builder.chance(20)) builder.thinOut(50, "random");
  }
  builder.close();
});

/** Fill a lot, free most at random, compact, go on. */
export const thinnedOut: Workload = workload(300, (builder, sizes, length) => {
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < length; i++) builder.store(builder.pickFrom(sizes)!);
    builder.thinOut(50 + builder.prng.below(45), "random");
    builder.anyCpu();
    builder.add({ op: "compact" });
    builder.add({ op: "verify" });
  }
  builder.close();
});

/** One size only, filled, thinned out to a few objects and compacted. */
export const sparse: Workload = workload(300, (builder, sizes, length) => {
  const size = Math.min(sizes[0]!, builder.context.pageBytes >> 1);
  for (let i = 0; i < 100 + length; i++) builder.store(size);
  builder.thinOut(90, "random");
  builder.add({ op: "compact" });
  builder.close();
});

/** Objects stay mapped on one CPU while the others, and the same one, work on other objects. */
export const workWhileMapped: Workload = workload(80, (builder, sizes, length) => {
  for (let i = 0; i < 20; i++) builder.store(builder.pickFrom(sizes)!);
  for (let i = 0; i < length; i += 8) {
    builder.thinOut(20, "random");
    const object = builder.pick();
    if (object === undefined) break;
    const home = builder.prng.below(builder.context.cpuCount);
    builder.cpu = home;
    builder.map(object.name, builder.pickFrom(MAP_MODES)!);
    builder.storeMapped(builder.chance(50));
    for (let j = 0; j < 5; j++) writeSideWork(builder, sizes, object);
    builder.cpu = home;
    builder.add({ op: "look" });
    builder.storeMapped();
    builder.add({ op: "look" });
    builder.add({ op: "unmap" });
    builder.add({ op: "verify" });
  }
  builder.close();
});

/** Compactions of a sparse pool while objects in it are mapped, so that some of those are in the way. */
export const compactWhileMapped: Workload = workload(300, (builder, sizes, length) => {
  const size = Math.min(sizes[0]!, builder.context.pageBytes >> 1);
  const { cpuCount } = builder.context;
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 60 + length; i++) builder.store(size);
    builder.thinOut(70 + builder.prng.below(25), "random");
    for (builder.cpu = 0; builder.cpu < cpuCount; builder.cpu++) {
      builder.map(builder.pick()!.name, builder.pickFrom(MAP_MODES)!);
      builder.storeMapped(true);
    }
    builder.cpu = builder.prng.below(cpuCount);
    builder.add({ op: "compact" });
    for (let i = 0; i < 10; i++) builder.malloc(size);
    for (builder.cpu = 0; builder.cpu < cpuCount; builder.cpu++) {
      builder.add({ op: "look" });
      builder.storeMapped();
      builder.add({ op: "look" });
      builder.add({ op: "unmap" });
    }
    builder.cpu = 0;
    builder.add({ op: "verify" });
  }
  builder.close();
});

function writeSideWork(builder: ProgramBuilder, sizes: readonly number[], mapped: { name: number }): void {
  builder.anyCpu();
  const other = builder.pick();
  const dice = builder.prng.below(100);
  if (other === undefined || other === mapped || dice < 35) builder.malloc(builder.pickFrom(sizes)!);
  else if (dice < 50) builder.free(other);
  else if (dice < 65) builder.write(other);
  else if (dice < 80) builder.read(other);
  else if (dice < 90) builder.fill(other.name);
  else builder.add({ op: "compact" });
}

/** Allocations under every possible page-allocation failure. */
export const faulty: Workload = workload(60, (builder, sizes, length) => {
  for (let i = 0; i < length; i++) {
    builder.anyCpu();
    const object = builder.pick();
    if (object !== undefined && builder.chance(30)) builder.free(object);
    else builder.fill(builder.malloc(builder.pickFrom(sizes)!, builder.gfp(), true));
    if (builder.chance(3)) builder.add({ op: "compact" });
  }
  builder.close();
});

/** Little memory: allocations go on long after it has run out. One CPU and one kind of flags, so that a freed slot can be
 * had again for certain. */
export const exhausting: Workload = workload(300, (builder, sizes, length) => {
  const { context } = builder;
  builder.add({ op: "squat", leavePages: 2 + builder.prng.below(60) });
  const gfp = builder.gfp();
  const few = sizes.slice(0, 3).map((size) => Math.max(size, Math.min(context.largestBytes, context.pageBytes >> 3)));
  for (let i = 0; i < 100 + length; i++) builder.store(builder.pickFrom(few)!, gfp);
  builder.add({ op: "verify" });
  for (let i = 0; i < 10; i++) writeReplacement(builder, gfp);
  builder.thinOut(50, "random");
  for (let i = 0; i < 20; i++) builder.store(builder.pickFrom(few)!, gfp);
  builder.close();
});

function writeReplacement(builder: ProgramBuilder, gfp: number): void {
  const victim = builder.live[builder.prng.below(Math.min(40, builder.live.length))];
  if (victim === undefined) return;
  builder.replace(victim, gfp);
}

/** All memory of the machine is used up, and given back. */
export const exhaustingAll: Workload = workload(10, (builder, sizes) => {
  const { context } = builder;
  const size = Math.max(sizes[0]!, Math.min(context.largestBytes, context.pageBytes >> 1));
  const count = Math.ceil((context.machinePages * context.pageBytes) / size) + 10;
  const gfp = builder.gfp();
  for (let i = 0; i < count; i++) builder.store(size, gfp);
  builder.close();
});

/** Pages that the kit holds at most beside the pool's. */
const STRANGER_PAGES = 128;

/** Memory comes and goes: the kit takes pages that the pool may have had before, and gives them back. */
export const withStrangers: Workload = workload(120, (builder, sizes, length) => {
  const { machinePages } = builder.context;
  for (let i = 0; i < 6; i++) {
    builder.add({ op: "squat", leavePages: Math.max(64, machinePages - builder.prng.below(STRANGER_PAGES)) });
    writeMix(builder, sizes, Math.ceil(length / 6));
    builder.thinOut(50, "random");
    builder.add({ op: "verify" });
    builder.add({ op: "release", pages: builder.prng.below(STRANGER_PAGES) });
  }
  builder.close();
});
