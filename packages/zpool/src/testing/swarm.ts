// Programs for campaigns: everything that a user of a pool can do, rightly and wrongly, in a mix that each program draws for itself.
// Some kinds of steps are left out of each ("swarm testing"): a mix of everything rarely reaches what needs long runs of one kind,
// such as a pool that is never compacted, or one that only grows.

import {
  EINVAL,
  ENOSPC,
  GFP_ATOMIC,
  GFP_KERNEL,
  GFP_NOWAIT,
  Prng,
  __GFP_HIGHMEM,
  __GFP_MEMALLOC,
  __GFP_MOVABLE,
  __GFP_NORETRY,
  __GFP_ZERO,
} from "@zlab/hw-sim";
import type { MapMode } from "../zpool-driver.ts";
import { MAP_MODES, ProgramBuilder } from "./program-builder.ts";
import { CALLS, MADE_UP, NEAR } from "./properties-misuse.ts";
import type { BadHandleSource, Program } from "./step.ts";
import type { Context } from "./subject.ts";

/** How often each kind of step comes, relative to the others, before a program's own factors. */
const KINDS = {
  store: 26,
  mallocOnly: 6,
  burst: 2,
  faultyMalloc: 3,
  free: 22,
  thinOut: 1,
  fill: 5,
  write: 8,
  read: 8,
  map: 7,
  useMapping: 10,
  unmap: 6,
  compact: 3,
  verify: 1,
  switchBackend: 1,
  squat: 1,
  release: 2,
  inject: 1,
  refusedMalloc: 2,
  madeUpHandle: 2,
  nearHandle: 2,
  staleHandle: 3,
  foreignHandle: 1,
  freeMapped: 1,
  nestedMap: 1,
  wrongUnmap: 1,
  destroyMapped: 1,
  badRange: 2,
  observe: 1,
} as const;

type Kind = keyof typeof KINDS;

const NEVER_LEFT_OUT: readonly Kind[] = ["store", "free"];
/** The share of the kinds that a program does without, and by how much the others are made more or less frequent. */
const LEFT_OUT_PERCENT = 30;
const FACTORS = [1, 1, 2, 4] as const;
/** Most live objects of a program; each draws a limit of its own. */
const LIVE_LIMITS = [4, 8, 16, 24, 32, 48] as const;
/** Above this, the machine has too much memory to be filled by another owner. */
const LARGEST_SQUATTED = 1024;

/** A program of about `stepCount` random steps, ended by a look at everything and the destruction of the pool. It depends on the
 * arguments alone. */
export function swarmProgram(context: Context, seed: number, stepCount: number): Program {
  return new Swarm(context, seed).write(stepCount);
}

class Swarm {
  readonly #builder: ProgramBuilder;
  readonly #prng: Prng;
  readonly #kinds: readonly Kind[];
  readonly #cumulated: readonly number[]; // weights of the kinds up to each
  readonly #sizes: readonly number[];
  readonly #liveLimit: number;
  readonly #usesSecondPool: boolean;
  readonly #mapped: (number | undefined)[]; // per CPU: the object that it has mapped, if all went well

  constructor(context: Context, seed: number) {
    this.#builder = new ProgramBuilder(context, seed);
    this.#prng = this.#builder.prng;
    this.#mapped = Array.from({ length: context.cpuCount }, () => undefined);
    this.#kinds = (Object.keys(KINDS) as Kind[]).filter(
      (kind) => NEVER_LEFT_OUT.includes(kind) || !this.#builder.chance(LEFT_OUT_PERCENT),
    );
    let sum = 0;
    this.#cumulated = this.#kinds.map((kind) => (sum += KINDS[kind] * this.#one(FACTORS)));
    this.#sizes = Array.from({ length: 1 + this.#prng.below(6) }, () => this.#anySize());
    this.#liveLimit = this.#one(LIVE_LIMITS);
    // What a switched pool can do is the session's to know, for one pool.
    this.#usesSecondPool = this.#builder.chance(15) && context.switchTargets.length === 0;
  }

  write(stepCount: number): Program {
    const builder = this.#builder;
    while (builder.steps.length < stepCount) {
      builder.anyCpu();
      builder.pool = this.#usesSecondPool && builder.chance(40) ? 1 : 0;
      this.#step(this.#drawKind());
    }
    builder.cpu = 0;
    builder.pool = 0;
    this.#add({ op: "inject", percent: 0, seed: 0 });
    this.#closeAll();
    return builder.steps;
  }

  /** Every pool is looked at, emptied in some order (or not), and destroyed; the second one first. */
  #closeAll(): void {
    const builder = this.#builder;
    for (let cpu = 0; cpu < this.#mapped.length; cpu++) {
      builder.cpu = cpu;
      builder.add({ op: "unmap" });
    }
    for (builder.pool = this.#usesSecondPool ? 1 : 0; builder.pool >= 0; builder.pool--) {
      if (builder.chance(70)) builder.close(this.#one(["lifo", "fifo", "random"]));
      else builder.add({ op: "destroy" });
    }
  }

  #drawKind(): Kind {
    const dice = this.#prng.below(this.#cumulated.at(-1)!);
    return this.#kinds[this.#cumulated.findIndex((sum) => dice < sum)]!;
  }

  #step(kind: Kind): void {
    const builder = this.#builder;
    switch (kind) {
      case "store":
      case "mallocOnly":
      case "burst":
      case "faultyMalloc":
        return builder.live.length < this.#liveLimit ? this.#malloc(kind) : this.#freeOne();
      case "free":
        return this.#freeOne();
      case "thinOut":
        return builder.thinOut(20 + this.#prng.below(80), this.#one(["lifo", "fifo", "random"]));
      case "fill":
      case "write":
      case "read":
        return this.#access(kind);
      case "map":
        return this.#map();
      case "useMapping":
        return builder.chance(60) ? builder.storeMapped(builder.chance(30)) : builder.add({ op: "look" });
      case "unmap":
        this.#mapped[builder.cpu] = undefined;
        return builder.add({ op: "unmap" });
      default:
        return this.#rareStep(kind);
    }
  }

  #rareStep(kind: Exclude<Kind, "store">): void {
    switch (kind) {
      case "compact":
      case "verify":
      case "observe":
        return this.#add({ op: kind });
      case "switchBackend":
        return this.#add({ op: "switch", target: this.#prng.below(64), gfp: GFP_KERNEL });
      case "squat":
        if (this.#builder.context.machinePages > LARGEST_SQUATTED) return undefined;
        return this.#add({ op: "squat", leavePages: this.#prng.below(24) });
      case "release":
        return this.#add({ op: "release", pages: 1 + this.#prng.below(64) });
      case "inject":
        return this.#add({ op: "inject", percent: this.#one([0, 0, 5, 20, 60]), seed: this.#builder.seed() });
      default:
        return this.#misuse(kind);
    }
  }

  #malloc(kind: Kind): void {
    const builder = this.#builder;
    const bytes = this.#size();
    const gfp = this.#gfp();
    if (kind === "store") builder.store(bytes, gfp);
    else if (kind === "mallocOnly") builder.malloc(bytes, gfp);
    else if (kind === "faultyMalloc") builder.fill(builder.malloc(bytes, gfp, true));
    else for (let i = 2 + this.#prng.below(8); i > 0; i--) builder.store(bytes, gfp);
  }

  #freeOne(): void {
    const object = this.#builder.pick();
    if (object !== undefined) this.#builder.free(object);
  }

  #access(kind: "fill" | "write" | "read"): void {
    const object = this.#builder.pick();
    if (object === undefined) return;
    if (kind === "fill") this.#builder.fill(object.name);
    else if (kind === "read") this.#builder.read(object);
    else this.#builder.write(object, this.#prng.below(object.bytes + 1));
  }

  #map(): void {
    const builder = this.#builder;
    const object = builder.pick();
    if (object === undefined || this.#mapped[builder.cpu] !== undefined) return;
    const mode: MapMode = this.#one(MAP_MODES);
    builder.map(object.name, mode);
    this.#mapped[builder.cpu] = object.name;
    if (!builder.chance(60)) return;
    builder.storeMapped(builder.chance(40));
    builder.add({ op: "look" });
    builder.add({ op: "unmap" });
    this.#mapped[builder.cpu] = undefined;
  }

  #misuse(kind: Kind): void {
    const builder = this.#builder;
    const object = builder.pick();
    if (kind === "refusedMalloc") return this.#refusedMalloc();
    if (kind === "destroyMapped") return builder.add({ op: "destroy-mapped" });
    if (kind === "madeUpHandle") return this.#badHandle({ kind: "value", value: this.#one([0, ...MADE_UP]) });
    if (kind === "staleHandle") {
      const stale = builder.chance(50) ? builder.gone.at(-1) : builder.pickFrom(builder.gone);
      return stale && this.#badHandle({ kind: "freed", name: stale.name });
    }
    if (object === undefined) return undefined;
    const { name } = object;
    switch (kind) {
      case "nearHandle":
        return this.#badHandle({ kind: "near", name, delta: this.#one(NEAR) });
      case "foreignHandle":
        if (!this.#usesSecondPool) return undefined;
        builder.pool = 1 - builder.pool;
        return this.#badHandle({ kind: "foreign", name });
      case "freeMapped":
        return builder.add({ op: "free-mapped", name: this.#mapped.find((mapped) => mapped !== undefined) ?? name });
      case "nestedMap":
        return builder.add({ op: "nested-map", name });
      case "wrongUnmap":
        return builder.add({ op: "wrong-unmap", name });
      default:
        return this.#badRange(name);
    }
  }

  #badHandle(source: BadHandleSource): void {
    this.#builder.add({ op: "bad-handle", call: this.#one(CALLS), source });
  }

  #badRange(name: number): void {
    const beyond = this.#one(["object", "buffer", "negative"] as const);
    const call = this.#one(["read", "write"] as const);
    this.#builder.add({ op: "bad-range", name, call, beyond, excess: this.#one([1, 1, 2, 7, 64, 4096]) });
  }

  #refusedMalloc(): void {
    const { maxBytes, movable } = this.#builder.context.capabilities;
    const dice = this.#prng.below(movable ? 2 : 3);
    if (dice === 0) return this.#add({ op: "refused-malloc", bytes: 0, gfp: 0, errno: EINVAL });
    if (dice === 2) return this.#add({ op: "refused-malloc", bytes: this.#size(), gfp: __GFP_HIGHMEM, errno: EINVAL });
    const bytes = maxBytes + this.#one([1, 2, 8, 4096, 2 ** 30]);
    return this.#add({ op: "refused-malloc", bytes, gfp: 0, errno: ENOSPC });
  }

  #gfp(): number {
    const chance = (percent: number): boolean => this.#builder.chance(percent);
    const movable = this.#builder.context.capabilities.movable && chance(60) ? __GFP_HIGHMEM | __GFP_MOVABLE : 0;
    const unusual = chance(12) ? this.#one([__GFP_ZERO, __GFP_MEMALLOC, __GFP_NORETRY]) : 0;
    return this.#one([GFP_KERNEL, GFP_NOWAIT, GFP_ATOMIC]) | movable | unusual;
  }

  /** Mostly one of the program's few sizes, so that pages fill to the last slot. */
  #size(): number {
    return this.#builder.chance(80) ? this.#one(this.#sizes) : this.#anySize();
  }

  /** A size from 1 to the largest, mostly next to where rounding and boundaries are. */
  #anySize(): number {
    const { largestBytes, pageBytes } = this.#builder.context;
    const usual = Math.min(largestBytes, 2 * pageBytes);
    const near = this.#prng.below(3) - 1;
    const dice = this.#prng.below(12);
    if (dice < 4) {
      const step = this.#one([8, 16, 32, 64]);
      return this.#clamp((1 + this.#prng.below(Math.ceil(usual / step))) * step + near);
    }
    if (dice < 6) return this.#clamp(2 ** this.#prng.below(Math.ceil(Math.log2(usual)) + 1) + near);
    if (dice < 8) return this.#clamp(Math.floor(pageBytes / (1 + this.#prng.below(20))) + 8 * near);
    if (dice < 9) return this.#clamp(largestBytes - this.#one([0, 1, 7, 8, 9, 16, 63, 64, 128]));
    return 1 + this.#prng.below(usual);
  }

  #clamp(bytes: number): number {
    return Math.max(1, Math.min(this.#builder.context.largestBytes, bytes));
  }

  #add(step: Parameters<ProgramBuilder["add"]>[0]): void {
    this.#builder.add(step);
  }

  #one<T>(items: readonly T[]): T {
    return items[this.#prng.below(items.length)]!;
  }
}
