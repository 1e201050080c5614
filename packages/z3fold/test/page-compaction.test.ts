// What a free does to the other objects of the page.

import { GFP_KERNEL, Prng, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { Z3foldPool } from "@zlab/z3fold";
import { describe, expect, test } from "vitest";
import { code, freeAndWatch, machineOf, putChunks } from "./helpers.ts";

function newPool(): Z3foldPool {
  return new Z3foldPool(machineOf(), "p");
}

describe("the middle object", () => {
  test("alone it becomes first, and its handle and later ones keep naming their objects", () => {
    const pool = newPool();
    const [first, last] = [putChunks(pool, 10), putChunks(pool, 10)];
    const middle = putChunks(pool, 5);
    expect(freeAndWatch(pool, first)).toEqual([middle]);
    expect(pool.placementOf(middle)).toEqual({ pageSeq: 0, buddy: 2, byteOffset: (64 - 10 - 5) * 64 });
    expect(freeAndWatch(pool, last)).toEqual([middle]);
    expect(pool.placementOf(middle)).toEqual({ pageSeq: 0, buddy: 1, byteOffset: 128 });
    const [newLast, newMiddle] = [putChunks(pool, 7), putChunks(pool, 8)];
    expect(pool.placementOf(newLast)).toMatchObject({ pageSeq: 0, buddy: 3 });
    expect(pool.placementOf(newMiddle)).toMatchObject({ pageSeq: 0, buddy: 2, byteOffset: 7 * 64 });
    expect(pool.placementOf(middle)).toMatchObject({ pageSeq: 0, buddy: 1 });
    pool.check(3);
  });

  test.each([
    [2, []],
    [3, ["middle"]],
  ])("is pulled down behind the first over a gap of %d chunks", (gap, expected) => {
    const pool = newPool();
    // A middle mapped at chunk 12 while the first before it is exchanged for a shorter one.
    const [first, last] = [putChunks(pool, 10), putChunks(pool, 10)];
    const middle = putChunks(pool, 40);
    pool.map(middle, MapMode.RO);
    pool.free(first);
    const shorter = putChunks(pool, 10 - gap);
    expect(pool.placementOf(shorter)).toMatchObject({ pageSeq: 0, buddy: 1 });
    pool.unmap(middle);
    expect(freeAndWatch(pool, last)).toEqual(expected.map(() => middle));
    expect(pool.placementOf(middle).byteOffset).toBe((expected.length > 0 ? 12 - gap : 12) * 64);
  });

  test.each([
    [2, []],
    [3, ["middle"]],
  ])("is pushed up against the last over a gap of %d chunks", (gap, expected) => {
    const pool = newPool();
    const [first] = [putChunks(pool, 10), putChunks(pool, 10)];
    const middle = putChunks(pool, 62 - 20 - gap);
    expect(freeAndWatch(pool, first)).toEqual(expected.map(() => middle));
    expect(pool.placementOf(middle).byteOffset).toBe((expected.length > 0 ? 12 + gap : 12) * 64);
  });

  test("stays while it is mapped, and is not caught up with at unmap", () => {
    const pool = newPool();
    const [first] = [putChunks(pool, 10), putChunks(pool, 10)];
    const middle = putChunks(pool, 5);
    pool.map(middle, MapMode.RO);
    expect(freeAndWatch(pool, first)).toEqual([]);
    pool.unmap(middle);
    expect(pool.placementOf(middle)).toMatchObject({ buddy: 2, byteOffset: 12 * 64 });
  });

  test("moves while another object of the page is mapped", () => {
    const pool = newPool();
    const [first, last] = [putChunks(pool, 10), putChunks(pool, 10)];
    const middle = putChunks(pool, 5);
    pool.map(last, MapMode.RO);
    expect(freeAndWatch(pool, first)).toEqual([middle]);
    pool.unmap(last);
  });
});

describe("the only object of a page", () => {
  /** A page of 40 + 20 chunks and one with 30. */
  function twoPages(): { pool: Z3foldPool; long: Handle; short: Handle; other: Handle } {
    const pool = newPool();
    const [long, short] = [putChunks(pool, 40), putChunks(pool, 20)];
    return { pool, long, short, other: putChunks(pool, 30) };
  }

  test("moves to a page with room, and its page is given back", () => {
    const { pool, long, short } = twoPages();
    expect(freeAndWatch(pool, long)).toEqual([short]);
    expect(pool.placementOf(short)).toEqual({ pageSeq: 1, buddy: 3, byteOffset: 44 * 64 });
    expect(pool.stats()).toMatchObject({ totalPages: 1, pagesCompacted: 1, objectsMoved: 1 });
  });

  test("stays while it is mapped, but not for other mappings", () => {
    const { pool, long, short, other } = twoPages();
    pool.map(short, MapMode.RO);
    expect(freeAndWatch(pool, long)).toEqual([]);
    pool.unmap(short);
    const again = putChunks(pool, 40);
    pool.map(other, MapMode.RO);
    expect(freeAndWatch(pool, again)).toEqual([short]);
    pool.unmap(other);
  });

  test("stays if no page has room", () => {
    const pool = newPool();
    const [long, short] = [putChunks(pool, 30), putChunks(pool, 30)];
    putChunks(pool, 40);
    expect(freeAndWatch(pool, long)).toEqual([]);
    expect(pool.placementOf(short)).toMatchObject({ pageSeq: 0, buddy: 3 });
  });

  test("does not move on once it is foreign, until it is freed", () => {
    const { pool, long, short, other } = twoPages();
    pool.free(long);
    const third = putChunks(pool, 50);
    putChunks(pool, 40);
    pool.free(third);
    expect(freeAndWatch(pool, other), "the foreign object is alone now").toEqual([]);
    expect(pool.placementOf(short)).toMatchObject({ pageSeq: 1, buddy: 3 });
    const companion = putChunks(pool, 30);
    expect(pool.placementOf(companion)).toMatchObject({ pageSeq: 1, buddy: 1 });
    putChunks(pool, 30);
    expect(freeAndWatch(pool, short), "nothing foreign is left on the page").toEqual([companion]);
    expect(() => pool.free(short)).toThrow(code("ZLAB_BAD_HANDLE"));
  });

  test("a foreign middle object is moved within its page and reported", () => {
    const pool = newPool();
    const [long, short] = [putChunks(pool, 40), putChunks(pool, 10)];
    const [first, last] = [putChunks(pool, 20), putChunks(pool, 22)];
    expect(freeAndWatch(pool, long)).toEqual([short]);
    expect(pool.placementOf(short)).toEqual({ pageSeq: 1, buddy: 2, byteOffset: 22 * 64 });
    expect(freeAndWatch(pool, first)).toEqual([short]);
    expect(pool.placementOf(short)).toEqual({ pageSeq: 1, buddy: 2, byteOffset: 32 * 64 });
    expect(freeAndWatch(pool, last)).toEqual([short]);
    expect(pool.placementOf(short)).toEqual({ pageSeq: 1, buddy: 1, byteOffset: 128 });
  });
});

test.each([4096, 16384, 65536])(
  "2000 random operations on 2 CPUs keep contents and invariants, pages of %d",
  (pageBytes) => {
    const machine = machineOf(pageBytes, 400, 2);
    const free = machine.freePageCount();
    const pool = new Z3foldPool(machine, "churn");
    const prng = new Prng(Number(process.env["ZLAB_SEED"] ?? 1));
    const live: { handle: Handle; bytes: number; fill: number }[] = [];
    const buffer = new Uint8Array(pageBytes);
    let moved = 0;
    pool.onMoved = () => moved++;
    const freeOne = (index: number) => {
      const [{ handle, bytes, fill }] = live.splice(index, 1) as [(typeof live)[0]];
      pool.read(handle, buffer, 0, bytes);
      expect(buffer.subarray(0, bytes).every((byte) => byte === fill)).toBe(true);
      pool.free(handle);
    };
    const mallocOne = (fill: number) => {
      const bytes = 1 + prng.below(prng.below(4) === 0 ? pageBytes : pageBytes / 3);
      const handle = pool.malloc(bytes, GFP_KERNEL);
      if (isErrno(handle)) return;
      pool.write(handle, buffer.fill(fill), 0, bytes);
      live.push({ handle, bytes, fill });
    };
    for (let step = 0; step < 2000; step++) {
      machine.cpus.runOn(prng.below(2), () => {
        if (live.length > 0 && prng.below(100) < 48) freeOne(prng.below(live.length));
        else mallocOne(step % 251);
      });
      pool.check(step % 8 === 0 ? 3 : 1);
    }
    while (live.length > 0) freeOne(live.length - 1);
    pool.check(3);
    expect(moved).toBeGreaterThan(100);
    expect(pool.stats()).toMatchObject({ objects: 0, totalPages: 0, slotBytes: 0, objectsMoved: moved });
    expect(machine.freePageCount()).toBe(free);
  },
);
