// A thread of sharded-threads.test.ts. All threads pick objects at random from one table in shared memory; whoever has claimed an entry
// makes, reads, writes or frees its object, whichever shard that is in. So nobody reads what another frees, but owners move objects
// under the readers. Now and then all stop, settle their messages and compare what the pool holds with the table.

import assert from "node:assert/strict";
import { workerData } from "node:worker_threads";
import { GFP_KERNEL, Prng, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { type ShardPool, openShard } from "../src/index.ts";
import { ENTRY_WORDS, type StressTask } from "./stress-task.ts";

const [STATE, HANDLE, BYTES, GENERATION] = [0, 1, 2, 3] as const;
const [EMPTY, LIVE, CLAIMED] = [0, 1, 2] as const;

const [ARRIVED, ROUND, STOP, REPORTS] = [0, 1, 2, 3] as const;

class StressThread {
  readonly #task: StressTask;
  readonly #pool: ShardPool;
  readonly #threads: number;
  readonly #prng: Prng;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;

  constructor(task: StressTask) {
    this.#task = task;
    this.#pool = openShard(task.pool, task.index);
    this.#threads = task.pool.shardCount;
    this.#prng = new Prng(task.seed + task.index);
    this.#bytes = this.#pool.machine.memory.buffer(4096);
    this.#words = new Int32Array(this.#bytes.buffer, this.#bytes.byteOffset, 1024);
  }

  run(): void {
    const { meeting, index, milliseconds, operationsPerRound } = this.#task;
    const end = performance.now() + milliseconds;
    while (Atomics.load(meeting, STOP) === 0) {
      for (let n = 0; n < operationsPerRound; n++) this.#step();
      this.#compare();
      if (index === 0 && performance.now() > end) Atomics.store(meeting, STOP, 1);
      this.#meet();
    }
    this.#freeAll();
    this.#compare();
    const pool = this.#pool;
    assert.deepEqual([pool.stats().objects, pool.totalPages(), pool.totalPagesOfAll()], [0, 0, 0]);
    assert.equal(pool.machine.freePageCount(), pool.machine.totalPageCount());
    this.#meet();
    assert.equal(pool.destroy(), 0);
  }

  /** One operation on an entry, if nobody else has it. */
  #step(): void {
    const { entries } = this.#task;
    const entry = this.#prng.below(entries.length / ENTRY_WORDS) * ENTRY_WORDS;
    if (this.#prng.below(this.#task.operationsPerCompaction) === 0) this.#pool.compact();
    const state = Atomics.load(entries, entry + STATE);
    if (state === CLAIMED || Atomics.compareExchange(entries, entry + STATE, state, CLAIMED) !== state) return;
    const after = state === EMPTY ? this.#make(entry) : this.#use(entry);
    Atomics.store(entries, entry + STATE, after);
  }

  #make(entry: number): number {
    const { entries, sizes } = this.#task;
    const bytes = sizes[this.#prng.below(sizes.length)]! - this.#prng.below(16);
    const handle = this.#pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) return EMPTY;
    entries[entry + HANDLE] = handle;
    entries[entry + BYTES] = bytes;
    this.#write(entry);
    return LIVE;
  }

  #use(entry: number): number {
    const { entries } = this.#task;
    const handle = entries[entry + HANDLE] as Handle;
    this.#verify(entry);
    const choice = this.#prng.below(10);
    if (choice < 4) {
      this.#pool.free(handle);
      return EMPTY;
    }
    if (choice === 4 && this.#isOwn(handle)) this.#write(entry);
    return LIVE;
  }

  /** Writes contents that follow from the handle and the generation, which is a new one. */
  #write(entry: number): void {
    const { entries } = this.#task;
    entries[entry + GENERATION]!++;
    const bytes = entries[entry + BYTES]!;
    const words = this.#words;
    let value = this.#seedOf(entry);
    for (let i = 0; 4 * i < bytes; i++) words[i] = value = Math.imul(value, 1_664_525) + 1_013_904_223;
    this.#pool.write(entries[entry + HANDLE] as Handle, this.#bytes, 0, bytes);
  }

  #verify(entry: number): void {
    const { entries } = this.#task;
    const handle = entries[entry + HANDLE] as Handle;
    const length = entries[entry + BYTES]!;
    this.#pool.read(handle, this.#bytes, 0, length);
    let value = this.#seedOf(entry);
    for (let i = 0; i < length >> 2; i++) {
      value = (Math.imul(value, 1_664_525) + 1_013_904_223) | 0;
      if (this.#words[i] !== value)
        assert.fail(`handle ${handle}: word ${i} of ${length >> 2} is not what was written`);
    }
  }

  #seedOf(entry: number): number {
    const { entries } = this.#task;
    return Math.imul(entries[entry + HANDLE]!, 31) ^ entries[entry + GENERATION]!;
  }

  /** All threads at once: the shards hold what the table names, and what is on its way to be freed; and nothing is, at last. */
  #compare(): void {
    this.#meet();
    this.#pool.check(3);
    const live = this.#countOwn();
    const ownExtra = this.#pool.stats().objects - live;
    assert.ok(ownExtra >= 0, `${-ownExtra} objects of shard ${this.#pool.index} are gone`);
    const { extra, waiting } = this.#report(ownExtra, this.#pool.remoteFrees().waitingOut);
    assert.equal(extra, waiting, "objects that the table doesn't name = objects on their way to be freed");
    for (;;) {
      this.#pool.drain();
      if (this.#report(0, this.#pool.remoteFrees().waitingOut).waiting === 0) break;
    }
    assert.equal(this.#pool.stats().objects, live, "objects of the shard = those that the table names");
    this.#pool.check(3);
    this.#pool.machine.check();
    this.#meet();
  }

  #countOwn(): number {
    const { entries } = this.#task;
    let count = 0;
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      if (entries[entry + STATE] === LIVE && this.#isOwn(entries[entry + HANDLE]!)) count++;
    }
    return count;
  }

  #freeAll(): void {
    const { entries } = this.#task;
    for (let entry = 0; entry < entries.length; entry += ENTRY_WORDS) {
      if (Atomics.compareExchange(entries, entry + STATE, LIVE, CLAIMED) !== LIVE) continue;
      this.#verify(entry);
      this.#pool.free(entries[entry + HANDLE] as Handle);
      Atomics.store(entries, entry + STATE, EMPTY);
    }
  }

  #isOwn(handle: number): boolean {
    return this.#pool.shardOf(handle as Handle) === this.#pool.index;
  }

  /** The sums over all threads. */
  #report(extra: number, waiting: number): { extra: number; waiting: number } {
    const { meeting, index } = this.#task;
    meeting[REPORTS + 2 * index] = extra;
    meeting[REPORTS + 2 * index + 1] = waiting;
    this.#meet();
    const sum = { extra: 0, waiting: 0 };
    for (let thread = 0; thread < this.#threads; thread++) {
      sum.extra += meeting[REPORTS + 2 * thread]!;
      sum.waiting += meeting[REPORTS + 2 * thread + 1]!;
    }
    this.#meet();
    return sum;
  }

  /** Waits for all threads. */
  #meet(): void {
    const { meeting } = this.#task;
    const round = Atomics.load(meeting, ROUND);
    if (Atomics.add(meeting, ARRIVED, 1) === this.#threads - 1) {
      Atomics.store(meeting, ARRIVED, 0);
      Atomics.add(meeting, ROUND, 1);
      Atomics.notify(meeting, ROUND);
    } else {
      Atomics.wait(meeting, ROUND, round);
    }
  }
}

new StressThread(workerData as StressTask).run();
