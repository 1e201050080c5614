// What each thread of the suite "threads" does, and the clock: make its part of the objects, read as many at random among its own, read
// as many at random among all, free as many, half of which another thread has made. A single thread does the same with all objects and
// an ordinary pool.

import { performance } from "node:perf_hooks";
import { GFP_KERNEL, type Machine, isErrno } from "@zlab/hw-sim";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import { type ShardPool } from "@zlab/zsmalloc";
import { randomIndexes, randomOrder, zramLikeSizes } from "../workload.ts";

/** How much a case does. */
export interface ThreadShape {
  /** Threads; of one the pool is ordinary, of more it has a shard for each. */
  readonly threads: number;
  /** Objects that are live at a time, over all threads. */
  readonly live: number;
  /** Cycles of store, load and free that don't count, and that do. */
  readonly warmUps: number;
  readonly samples: number;
}

/** What threads share: the handles of all objects, and words for their meetings, zero at first. */
export interface ThreadTask extends ThreadShape {
  readonly index: number;
  readonly handles: Int32Array;
  readonly meeting: Int32Array;
}

/** Milliseconds of each cycle. */
export interface ThreadTimes {
  readonly store: number[];
  readonly load: number[];
  readonly loadAny: number[];
  readonly free: number[];
}

/** Words for the meetings of threads. */
export const MEETING_WORDS = 64;
const [ARRIVED, ROUND, SETTLED, SETTLED_ROUND] = [0, 16, 32, 48] as const; // a cache line each

/** The work of thread `index`. Its shard, or the ordinary pool, must be empty. */
export class ThreadWork {
  readonly #task: ThreadTask;
  readonly #pool: ZpoolBackend;
  readonly #sizes: Int32Array;
  readonly #ownPicks: Int32Array;
  readonly #picks: Int32Array;
  readonly #freed: Int32Array;
  readonly #payload: Uint8Array;
  readonly #buffer: Uint8Array;
  readonly #first: number;
  readonly #end: number;

  constructor(task: ThreadTask, pool: ZpoolBackend, machine: Machine) {
    const { index, threads, live } = task;
    this.#task = task;
    this.#pool = pool;
    this.#sizes = zramLikeSizes(live, 1);
    this.#first = (index * live) / threads;
    this.#end = ((index + 1) * live) / threads;
    this.#ownPicks = randomIndexes(live / threads, live / threads, 2 + index).map((pick) => this.#first + pick);
    this.#picks = randomIndexes(live / threads, live, 2 + index);
    this.#freed = randomOrder(live, 1).filter((object) => this.#frees(object));
    this.#payload = machine.memory.buffer(4096).fill(7);
    this.#buffer = machine.memory.buffer(4096);
  }

  /** Runs all cycles and returns the times of those that count. */
  run(): ThreadTimes {
    const { warmUps, samples } = this.#task;
    const times: ThreadTimes = { store: [], load: [], loadAny: [], free: [] };
    for (let cycle = -warmUps; cycle < samples; cycle++) {
      const storeMs = this.#timed(() => this.#storeAll());
      const loadMs = this.#timed(() => this.#loadAll(this.#ownPicks));
      const loadAnyMs = this.#timed(() => this.#loadAll(this.#picks));
      const freeMs = this.#timed(() => this.#freeAll());
      if (cycle < 0) continue;
      times.store.push(storeMs);
      times.load.push(loadMs);
      times.loadAny.push(loadAnyMs);
      times.free.push(freeMs);
    }
    const { objects } = this.#pool.stats();
    if (objects !== 0) throw new Error(`thread ${this.#task.index}: ${objects} objects are left`);
    return times;
  }

  /** Of every thread's objects this one frees an equal part: with two threads half of its own and half of the other's. */
  #frees(object: number): boolean {
    const { index, threads, live } = this.#task;
    const owner = Math.floor((object * threads) / live);
    return (object + owner) % threads === index;
  }

  /** Begins together with the other threads. */
  #timed(action: () => void): number {
    meet(this.#task);
    const start = performance.now();
    action();
    return performance.now() - start;
  }

  #storeAll(): void {
    const pool = this.#pool;
    const sizes = this.#sizes;
    const payload = this.#payload;
    const { handles } = this.#task;
    for (let i = this.#first; i < this.#end; i++) {
      const handle = pool.malloc(sizes[i]!, GFP_KERNEL);
      if (isErrno(handle)) throw new Error("the machine is too small");
      handles[i] = handle;
      pool.write(handle, payload, 0, sizes[i]!);
    }
  }

  #loadAll(picks: Int32Array): void {
    const pool = this.#pool;
    const sizes = this.#sizes;
    const buffer = this.#buffer;
    const { handles } = this.#task;
    for (let i = 0; i < picks.length; i++) {
      const pick = picks[i]!;
      pool.read(handles[pick]! as Handle, buffer, 0, sizes[pick]!);
    }
  }

  #freeAll(): void {
    const pool = this.#pool;
    const freed = this.#freed;
    const { handles, threads } = this.#task;
    for (let i = 0; i < freed.length; i++) pool.free(handles[freed[i]!]! as Handle);
    if (threads > 1) settle(this.#task, pool as ShardPool);
  }
}

/** Waits until all threads are here. */
function meet({ meeting, threads }: ThreadTask): void {
  const round = Atomics.load(meeting, ROUND);
  if (Atomics.add(meeting, ARRIVED, 1) === threads - 1) {
    Atomics.store(meeting, ARRIVED, 0);
    Atomics.add(meeting, ROUND, 1);
    Atomics.notify(meeting, ROUND);
  } else {
    Atomics.wait(meeting, ROUND, round);
  }
}

/** Looks for messages before a thread sleeps between them: on a busy machine the other thread may not be running. */
const LOOKS = 1_000;
const NAP_MS = 0.1;

/** Takes messages until no thread has any on their way. */
function settle({ meeting, threads }: ThreadTask, shard: ShardPool): void {
  const round = Atomics.load(meeting, SETTLED_ROUND);
  let isSettled = false;
  let looks = 0;
  while (Atomics.load(meeting, SETTLED_ROUND) === round) {
    if (shard.drain() === 0 && ++looks > LOOKS) Atomics.wait(meeting, SETTLED_ROUND, round, NAP_MS);
    if (isSettled || shard.remoteFrees().waitingOut > 0) continue;
    isSettled = true;
    if (Atomics.add(meeting, SETTLED, 1) < threads - 1) continue;
    Atomics.store(meeting, SETTLED, 0);
    Atomics.add(meeting, SETTLED_ROUND, 1);
  }
}
