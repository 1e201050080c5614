// Pools with shards: two of them opened by this one thread, so that what passes between them can be looked at step by step, and the
// contract of a shard. Threads are in sharded-threads.test.ts.

import { ENOMEM, GFP_KERNEL, Machine, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolDriver } from "@zlab/zpool";
import { conformanceMachine, conformanceSuite } from "@zlab/zpool/testing";
import { type ShardPool, createShardedPool, openShard, zsmallocDriver } from "@zlab/zsmalloc";
import { describe, expect, test, vi } from "vitest";
import { HandleTable } from "../src/handle-table.ts";
import { MOVES, RING_CAPACITY, mailboxWords } from "../src/sharded/mailbox.ts";
import { MoveCounter } from "../src/sharded/moves.ts";
import { NO_SLOT } from "../src/table-layout.ts";
import { pattern } from "./fixtures.ts";

function sharedMachine(shards: number, pages = 16_384): Machine {
  const zones = [{ kind: "NORMAL" as const, pages, watermarks: NO_WATERMARKS }];
  return new Machine({
    pageBytes: 4096,
    zones,
    backing: "shared-array-buffer",
    region: { index: 0, count: shards },
  });
}

function open(shards: number, options = {}): ShardPool[] {
  const pool = createShardedPool(sharedMachine(shards), "pool", options);
  return Array.from({ length: shards }, (_, index) => openShard(structuredClone(pool), index));
}

function store(pool: ShardPool, bytes: Uint8Array): Handle {
  const handle = pool.malloc(bytes.length, GFP_KERNEL);
  if (isErrno(handle)) throw new Error("no memory");
  pool.write(handle, bytes, 0, bytes.length);
  return handle;
}

function load(pool: ShardPool, handle: Handle, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  pool.read(handle, bytes, 0, length);
  return bytes;
}

const code = (name: string) => expect.objectContaining({ code: name });

describe.each([1, 2, 3, 9])("%i shards", (count) => {
  test("handles are positive, good in every shard, and of one shard each", () => {
    const shards = open(count);
    const handles = shards.map((shard, n) => store(shard, pattern(n, 3000)));
    expect(new Set(handles).size).toBe(count);
    for (const reader of shards) {
      handles.forEach((handle, n) => expect(load(reader, handle, 3000)).toEqual(pattern(n, 3000)));
    }
    const next = (n: number): ShardPool => shards[(n + 1) % count]!;
    handles.forEach((handle, n) => next(n).free(handle));
    expect(shards[0]!.totalPagesOfAll()).toBe(count * shards[0]!.totalPages());
    for (const shard of shards) shard.drain();
    for (const shard of shards) shard.drain();
    for (const shard of shards) {
      shard.check(3);
      expect([shard.stats().objects, shard.totalPages(), shard.totalPagesOfAll()]).toEqual([0, 0, 0]);
    }
  });
});

describe("an object of another shard", () => {
  test("stays allocated until its owner takes the message", () => {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    const handle = store(theirs, pattern(1, 100));
    ours.free(handle);
    expect(ours.remoteFrees()).toMatchObject({ sent: 1, waitingOut: 1 });
    expect([theirs.drain(), theirs.stats().objects]).toEqual([0, 1]); // not sent yet
    ours.drain();
    expect([theirs.stats().objects, theirs.remoteFrees().waitingIn]).toEqual([1, 1]);
    theirs.check(3);
    expect([theirs.drain(), theirs.stats().objects]).toEqual([1, 0]);
    expect(ours.remoteFrees()).toMatchObject({ sent: 1, waitingOut: 0 });
    expect(theirs.remoteFrees()).toMatchObject({ taken: 1, waitingIn: 0, bad: 0 });
    expect(() => load(ours, handle, 1)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => ours.free(handle)).toThrow(code("ZLAB_BAD_HANDLE"));
  });

  test("is sent and taken in the course of malloc and free", () => {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    ours.free(store(theirs, pattern(1, 100)));
    const kept = store(ours, pattern(2, 100));
    for (let n = 0; n < 40; n++) ours.free(store(ours, pattern(2, 100)));
    for (let n = 0; n < 40; n++) theirs.free(store(theirs, pattern(2, 100)));
    expect([theirs.stats().objects, ours.stats().objects]).toEqual([0, 1]);
    ours.free(kept);
  });

  test("can't be mapped or written, and says so", () => {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    const handle = store(theirs, pattern(1, 100));
    expect(() => ours.map(handle, MapMode.RO)).toThrow(/map of handle \d+, an object of shard 1: only its own thread/);
    expect(() => ours.write(handle, new Uint8Array(1), 0, 1)).toThrow(code("ZLAB_OTHER_SHARD"));
    expect(() => ours.unmap(handle)).toThrow(code("ZLAB_NOT_MAPPED"));
    expect(() => load(ours, handle, 4096)).toThrow(code("ZLAB_RANGE"));
    theirs.free(handle);
    expect(() => ours.map(handle, MapMode.RO)).toThrow(code("ZLAB_BAD_HANDLE"));
  });

  test("freed twice by another thread is reported to its owner, once by drain", () => {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    const [handle, other] = [store(theirs, pattern(1, 100)), store(theirs, pattern(2, 100))];
    for (const each of [handle, handle, other]) ours.free(each);
    ours.drain();
    expect(() => theirs.check(2)).toThrow(code("ZLAB_BAD_HANDLE"));
    for (let n = 0; n < 40; n++) theirs.free(store(theirs, pattern(2, 100)));
    expect(theirs.stats().objects).toBe(0);
    expect(() => theirs.check(1)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => theirs.drain()).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(theirs.drain()).toBe(0);
    expect(theirs.remoteFrees()).toMatchObject({ taken: 3, bad: 1 });
    theirs.check(3);
  });

  test("freed while its owner has it mapped stays, and is reported", () => {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    const handle = store(theirs, pattern(1, 100));
    theirs.map(handle, MapMode.RO);
    ours.free(handle);
    ours.drain();
    expect(() => theirs.drain()).toThrow(code("ZLAB_MAPPED"));
    theirs.unmap(handle);
    theirs.free(handle);
    theirs.check(3);
  });
});

test("64 shards, of which the last is read by the first", () => {
  const pool = createShardedPool(sharedMachine(64, 2 ** 17), "pool");
  const [first, last] = [openShard(pool, 0), openShard(pool, 63)];
  const handle = store(last, pattern(1, 4096));
  expect([handle >> 30, first.shardOf(handle), last.shardOf(handle)]).toEqual([0, 63, 63]);
  expect(load(first, handle, 4096)).toEqual(pattern(1, 4096));
});

test("numbers that are no handles are refused everywhere", () => {
  const [ours] = open(3) as [ShardPool];
  for (const number of [
    0,
    -1,
    1.5,
    Number.NaN,
    2 ** 21 + 1,
    2 ** 22 + 1,
    3 * 2 ** 21 + 1,
    2 ** 30 + 5,
    2 ** 31,
    1e300,
  ]) {
    const handle = number as Handle;
    expect(() => ours.free(handle)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => load(ours, handle, 1)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => ours.write(handle, new Uint8Array(1), 0, 1)).toThrow(code("ZLAB_BAD_HANDLE"));
    expect(() => ours.map(handle, MapMode.RO)).toThrow(code("ZLAB_BAD_HANDLE"));
  }
});

test("more frees than a ring holds are kept aside, and none is lost", () => {
  const [ours, theirs] = open(2) as [ShardPool, ShardPool];
  const count = 3 * RING_CAPACITY + 7;
  const handles = Array.from({ length: count }, () => theirs.malloc(32, GFP_KERNEL) as Handle);
  for (const handle of handles) ours.free(handle);
  expect(ours.remoteFrees().waitingOut).toBe(count);
  let taken = 0;
  for (let round = 0; round < 4; round++) {
    ours.drain();
    theirs.check(3);
    taken += theirs.drain();
  }
  expect([taken, theirs.stats().objects, ours.remoteFrees().waitingOut]).toEqual([count, 0, 0]);
  theirs.check(3);
});

test("malloc takes messages before it gives up", () => {
  const pool = createShardedPool(sharedMachine(2, 4096), "pool");
  const [ours, theirs] = [openShard(pool, 0), openShard(pool, 1)];
  const handles: Handle[] = [];
  for (;;) {
    const handle = theirs.malloc(4096, GFP_KERNEL);
    if (isErrno(handle)) break;
    handles.push(handle);
  }
  expect(theirs.stats().failures).toBe(1);
  ours.free(handles.pop()!);
  ours.drain();
  expect(theirs.malloc(4096, GFP_KERNEL)).toBeGreaterThan(0);
  expect(theirs.malloc(4096, GFP_KERNEL)).toBe(ENOMEM);
  expect(theirs.stats().failures).toBe(2);
});

test("a shard compacts, and others find its objects in their new places", () => {
  const [ours, theirs] = open(2) as [ShardPool, ShardPool];
  const handles = Array.from({ length: 300 }, (_, n) => store(theirs, pattern(n, 1000)));
  const kept = handles.filter((_, n) => n % 3 === 0);
  handles.forEach((handle, n) => n % 3 !== 0 && ours.free(handle));
  ours.drain();
  const moved: Handle[] = [];
  expect(theirs.compact((handle) => moved.push(handle))).toBeGreaterThan(0);
  expect(moved.length).toBeGreaterThan(10);
  kept.forEach((handle, n) => expect(load(ours, handle, 1000)).toEqual(pattern(3 * n, 1000)));
  theirs.check(3);
});

describe("reading an object while its owner moves it", () => {
  /** Objects of the second shard, every other one freed, so that a compaction moves some; those that it moves, found by trying. */
  function fragmented(): { ours: ShardPool; theirs: ShardPool; kept: Handle[] } {
    const [ours, theirs] = open(2) as [ShardPool, ShardPool];
    const handles = Array.from({ length: 64 }, (_, n) => store(theirs, pattern(n, 1990)));
    handles.forEach((handle, n) => n % 2 === 1 && theirs.free(handle));
    return { ours, theirs, kept: handles.filter((_, n) => n % 2 === 0) };
  }

  test("begins anew if it was moved, and its old place used again, before its bytes were copied", () => {
    const { ours, theirs, kept } = fragmented();
    const copyOut = vi
      .spyOn(ours.machine.memory, "copyOut")
      .mockImplementationOnce((pfn, offset, target, start, length) => {
        theirs.compact();
        for (let n = 0; n < 64; n++) store(theirs, new Uint8Array(1990));
        theirs.machine.memory.copyOut(pfn, offset, target, start, length);
      });
    const last = kept.length - 1;
    expect(load(ours, kept[last]!, 1990)).toEqual(pattern(2 * last, 1990));
    expect(copyOut).toHaveBeenCalledTimes(2);
  });

  test("waits while it is on its way, but not for ever", () => {
    const { ours, theirs, kept } = fragmented();
    const wait = vi.spyOn(Atomics, "wait").mockReturnValue("timed-out");
    const { memory } = theirs.machine;
    const copyWithin = vi.spyOn(memory, "copyWithin").mockImplementationOnce(() => {
      expect(() => load(ours, kept[0]!, 1990)).toThrow(code("ZLAB_SHARD"));
    });
    theirs.compact();
    expect(copyWithin).toHaveBeenCalled();
    expect(wait).toHaveBeenCalled();
    wait.mockRestore();
    expect(load(ours, kept[0]!, 1990)).toEqual(pattern(0, 1990));
  });

  test("the count of moves is odd during one, and never that of a closed shard", () => {
    const mailbox = new Int32Array(mailboxWords(1));
    const counter = new MoveCounter(mailbox);
    for (const [before, after] of [
      [0, 2],
      [0x7fff_ffec, 0x7fff_ffee],
      [0x7fff_fff0, 0],
    ] as const) {
      mailbox[MOVES] = before;
      counter.begin();
      expect(mailbox[MOVES]! & 1).toBe(1);
      expect(mailbox[MOVES]).toBeGreaterThan(0);
      counter.end();
      expect(mailbox[MOVES]).toBe(after);
    }
  });

  test("a handle that leads nowhere in the midst of a move is looked up again", () => {
    const { ours, theirs, kept } = fragmented();
    const resolve = vi.spyOn(HandleTable.prototype, "resolve").mockImplementationOnce(() => {
      theirs.compact();
      return NO_SLOT;
    });
    expect(load(ours, kept[5]!, 1990)).toEqual(pattern(10, 1990));
    resolve.mockImplementationOnce(() => NO_SLOT);
    expect(() => load(ours, kept[5]!, 1990)).toThrow(code("ZLAB_BAD_HANDLE"));
    resolve.mockRestore();
  });
});

test("a destroyed shard says so to the others, after it has taken what was sent", () => {
  const [ours, theirs] = open(2) as [ShardPool, ShardPool];
  const [left, freed] = [store(theirs, pattern(1, 10)), store(theirs, pattern(2, 10))];
  ours.free(freed);
  ours.drain();
  expect(theirs.destroy()).toBe(1);
  expect(() => ours.free(left)).toThrow(code("ZLAB_DESTROYED"));
  expect(() => load(ours, left, 1)).toThrow(code("ZLAB_DESTROYED"));
  expect(() => theirs.destroy()).toThrow(code("ZLAB_DESTROYED"));
  expect(theirs.machine.freePageCount()).toBe(theirs.machine.totalPageCount());
});

describe("making a sharded pool", () => {
  test("needs shared memory, objects that can move, and not too many regions", () => {
    const wrong = code("ZLAB_POOL_OPTIONS");
    const small = { ...conformanceMachine(), backing: "array-buffer" } as const;
    expect(() => createShardedPool(new Machine(small), "pool")).toThrow(wrong);
    expect(() => createShardedPool(sharedMachine(2), "pool", { era: "linux-3.10" })).toThrow(wrong);
    expect(() => createShardedPool(sharedMachine(2), "pool", { chainSize: 99 })).toThrow(wrong);
    expect(() => createShardedPool(sharedMachine(65, 2 ** 18), "pool")).toThrow(/at most 64 shards/);
  });

  test("each shard is opened once, by a number that there is", () => {
    const pool = createShardedPool(sharedMachine(2), "pool");
    openShard(pool, 1);
    for (const index of [1, 2, -1, 0.5]) expect(() => openShard(pool, index)).toThrow(code("ZLAB_SHARD"));
  });
});

describe("a shard keeps the contract of a pool", () => {
  const shardDriver: ZpoolDriver = {
    ...zsmallocDriver,
    capabilities: (pageBytes, options) => ({ ...zsmallocDriver.capabilities(pageBytes, options), images: false }),
    create: (machine, name, options) => openShard(createShardedPool(machine, name, options), 0, machine),
  };
  conformanceSuite({
    test,
    driver: shardDriver,
    machine: () =>
      new Machine({ ...conformanceMachine(), backing: "shared-array-buffer", region: { index: 0, count: 1 } }),
    seed: Number(process.env["ZLAB_SEED"] ?? 1),
    runs: 1,
  });
});
