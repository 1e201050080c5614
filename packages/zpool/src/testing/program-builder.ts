// Writes programs: knows which objects a program has at each point, so that random steps have something to act on.

import { GFP_KERNEL, GFP_NOWAIT, Prng, __GFP_HIGHMEM, __GFP_MOVABLE } from "@zlab/hw-sim";
import { MapMode } from "../zpool-driver.ts";
import type { ObjectName, Step } from "./step.ts";
import type { Context } from "./subject.ts";

interface Known {
  readonly name: ObjectName;
  readonly bytes: number;
  readonly pool: number;
}

type Call = Extract<Step, { op: string }>;

export const MAP_MODES: readonly MapMode[] = [MapMode.RW, MapMode.RO, MapMode.WO];

export class ProgramBuilder {
  readonly context: Context;
  readonly prng: Prng;
  readonly steps: Step[] = [];
  /** CPU of the steps that follow. */
  cpu = 0;
  /** Pool of the steps that follow. */
  pool = 0;
  /** Objects that the program has at this point, if every malloc succeeded. */
  live: Known[] = [];
  /** Objects that it has freed. */
  gone: Known[] = [];
  #nextName = 0;

  constructor(context: Context, seed: number) {
    this.context = context;
    this.prng = new Prng(seed);
  }

  add(step: DistributiveOmit<Call, "cpu" | "pool">): void {
    this.steps.push({ ...step, cpu: this.cpu, pool: this.pool });
  }

  chance(percent: number): boolean {
    return this.prng.below(100) < percent;
  }

  pickFrom<T>(items: readonly T[]): T | undefined {
    return items[this.prng.below(items.length)];
  }

  /** A live object of the present pool. */
  pick(): Known | undefined {
    return this.pickFrom(this.live.filter(({ pool }) => pool === this.pool));
  }

  anyCpu(): void {
    this.cpu = this.prng.below(this.context.cpuCount);
  }

  seed(): number {
    return this.prng.below(2 ** 24);
  }

  /** Allocation flags, as various as the backend allows. */
  gfp(): number {
    const sleeping = this.chance(50) ? GFP_KERNEL : GFP_NOWAIT;
    return this.context.capabilities.movable && this.chance(60) ? sleeping | __GFP_HIGHMEM | __GFP_MOVABLE : sleeping;
  }

  malloc(bytes: number, gfp: number = this.gfp(), faulty = false): ObjectName {
    const name = this.#nextName++;
    this.add(faulty ? { op: "malloc", name, bytes, gfp, faulty } : { op: "malloc", name, bytes, gfp });
    this.live.push({ name, bytes, pool: this.pool });
    return name;
  }

  /** malloc and writing all of the object. */
  store(bytes: number, gfp: number = this.gfp()): ObjectName {
    const name = this.malloc(bytes, gfp);
    this.fill(name);
    return name;
  }

  fill(name: ObjectName): void {
    this.add({ op: "fill", name, seed: this.seed() });
  }

  write(known: Known, length: number = known.bytes): void {
    const bufferOffset = this.chance(50) ? 0 : this.prng.below(9);
    this.add({ op: "write", name: known.name, length, bufferOffset, seed: this.seed() });
  }

  read({ name }: Known): void {
    const via = this.chance(50) ? "copy" : "mapping";
    this.add({ op: "read", name, via, bufferOffset: this.chance(50) ? 0 : this.prng.below(9) });
  }

  free(known: Known): void {
    this.live.splice(this.live.indexOf(known), 1);
    this.gone.push(known);
    this.add({ op: "free", name: known.name });
  }

  /** Exchanges an object for a new one of its size. */
  replace(known: Known, gfp: number): void {
    this.live.splice(this.live.indexOf(known), 1);
    const name = this.#nextName++;
    this.live.push({ ...known, name });
    this.add({ op: "replace", name, victim: known.name, gfp });
    this.fill(name);
  }

  /** Frees so many per cent of the objects of the present pool. */
  thinOut(percent: number, order: "lifo" | "fifo" | "random"): void {
    const candidates = this.live.filter(({ pool }) => pool === this.pool);
    if (order === "lifo") candidates.reverse();
    const count = Math.floor((candidates.length * percent) / 100);
    for (let i = 0; i < count; i++) {
      const at = order === "random" ? this.prng.below(candidates.length) : 0;
      this.free(candidates.splice(at, 1)[0]!);
    }
  }

  map(name: ObjectName, mode: MapMode, shared = false): void {
    this.add(shared ? { op: "map", name, mode, shared } : { op: "map", name, mode });
  }

  /** Writes a part of the mapped object: usually not all of it. */
  storeMapped(whole = false): void {
    const from = whole || this.chance(40) ? 0 : this.prng.below(1000);
    this.add({ op: "store", from, length: whole ? 1000 : 1 + this.prng.below(1000), seed: this.seed() });
  }

  /** Verifies, frees everything, destroys the pool: every page must be back. */
  close(order: "lifo" | "fifo" | "random" = "random"): this {
    this.cpu = 0;
    this.add({ op: "verify" });
    this.add({ op: "free-all", order });
    this.add({ op: "destroy" });
    return this;
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;
