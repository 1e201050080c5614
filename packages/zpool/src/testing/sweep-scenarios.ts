// What is done while allocations fail one after the other: short histories of every kind that asks for pages.

import { GFP_KERNEL, __GFP_HIGHMEM, __GFP_MOVABLE } from "@zlab/hw-sim";
import { MapMode } from "../zpool-driver.ts";
import { ProgramBuilder } from "./program-builder.ts";
import type { Program } from "./step.ts";
import type { Context } from "./subject.ts";

/** A history of objects. `scale` multiplies its length. */
export interface SweepScenario {
  /** Stable, kebab-case. */
  readonly id: string;
  /** Whether it applies to the subject. */
  readonly applies: (context: Context) => boolean;
  readonly write: (builder: ProgramBuilder, scale: number) => void;
}

const always = (): boolean => true;

/** Sizes from small to a page, as parts of a page in per mille. */
const PARTS = [12, 31, 66, 125, 160, 250, 333, 400, 499, 560, 640, 700, 760, 830, 900, 980];

function sizeOf({ context }: ProgramBuilder, part: number): number {
  return Math.max(1, Math.min(context.largestBytes, Math.floor((context.pageBytes * part) / 1000)));
}

/** Objects of every size, from pages of all zones in turn. */
function fill(builder: ProgramBuilder, scale: number): void {
  for (let round = 0; round < scale; round++) {
    for (const [i, part] of PARTS.entries())
      builder.store(sizeOf(builder, part + round), i % 2 === 0 ? flags(builder) : GFP_KERNEL);
  }
}

function flags({ context }: ProgramBuilder): number {
  return context.capabilities.movable ? GFP_KERNEL | __GFP_HIGHMEM | __GFP_MOVABLE : GFP_KERNEL;
}

/** Two objects come, one goes; sometimes most go. */
function churn(builder: ProgramBuilder, scale: number): void {
  for (let i = 0; i < 14 * scale; i++) {
    builder.store(sizeOf(builder, builder.pickFrom(PARTS)!));
    builder.store(sizeOf(builder, 300));
    builder.free(builder.pick()!);
    if (i % 12 === 11) builder.thinOut(80, "random");
  }
}

/** Pages filled with one size, thinned out, compacted and filled again. */
function compaction(builder: ProgramBuilder, scale: number): void {
  for (const part of [70, 350]) {
    for (let i = 0; i < 24 * scale; i++) builder.store(sizeOf(builder, part));
    builder.thinOut(70, "random");
    builder.add({ op: "compact" });
    for (let i = 0; i < 6; i++) builder.store(sizeOf(builder, part));
  }
}

/** Objects of more than half a page, which span pages where they can, stored through mappings and by the copying call. */
function spanning(builder: ProgramBuilder, scale: number): void {
  for (let i = 0; i < 10 * scale; i++) {
    const bytes = sizeOf(builder, 530 + ((i * 47) % 440));
    const name = builder.malloc(bytes, flags(builder));
    const known = { name, bytes, pool: builder.pool };
    if (i % 2 === 0) builder.write(known);
    else {
      builder.map(name, MapMode.WO);
      builder.storeMapped(true);
      builder.add({ op: "unmap" });
    }
    builder.read(known);
  }
}

/** Objects are allocated while another one is mapped on the CPU, where callers of some backends must not sleep. */
function mapped(builder: ProgramBuilder, scale: number): void {
  const name = builder.store(sizeOf(builder, 700));
  builder.map(name, MapMode.RW);
  builder.storeMapped(true);
  for (let i = 0; i < 8 * scale; i++) builder.malloc(sizeOf(builder, PARTS[i % PARTS.length]!));
  builder.add({ op: "look" });
  builder.add({ op: "unmap" });
}

/** The largest objects, which may need blocks of several pages. */
function large(builder: ProgramBuilder, scale: number): void {
  for (let i = 0; i < 5 * scale; i++) builder.store(builder.context.largestBytes - i);
}

/** The backend is exchanged under live objects, again and again. */
function switching(builder: ProgramBuilder, scale: number): void {
  const targetCount = builder.context.switchTargets.length;
  for (let target = 0; target < targetCount * scale; target++) {
    for (const part of [60, 333, 800]) builder.store(sizeOf(builder, part + target), GFP_KERNEL);
    builder.add({ op: "switch", target, gfp: GFP_KERNEL });
    builder.free(builder.pick()!);
  }
}

export const SWEEP_SCENARIOS: readonly SweepScenario[] = [
  { id: "fill", applies: always, write: fill },
  { id: "churn", applies: always, write: churn },
  { id: "compaction", applies: ({ capabilities }) => capabilities.compact, write: compaction },
  { id: "spanning", applies: always, write: spanning },
  { id: "mapped", applies: always, write: mapped },
  { id: "large", applies: always, write: large },
  { id: "switching", applies: ({ switchTargets }) => switchTargets.length > 0, write: switching },
];

const SEED = 1;

/** The scenario's program: its history, a look at everything, and the destruction of the pool with objects in it. */
export function sweepProgram(context: Context, scenario: SweepScenario, scale: number): Program {
  const builder = new ProgramBuilder(context, SEED);
  scenario.write(builder, scale);
  builder.thinOut(40, "fifo");
  builder.cpu = 0;
  builder.add({ op: "verify" });
  builder.add({ op: "destroy" });
  return builder.steps;
}
