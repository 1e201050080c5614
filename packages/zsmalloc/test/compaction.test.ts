// The strategies of compaction beside the kernel's own, which the golden traces check move by move: what each must free, which
// may move the fewest objects, and what the groups have to do with it.

import { GFP_KERNEL, Prng } from "@zlab/hw-sim";
import { type Handle, MapMode, type PoolOptions } from "@zlab/zpool";
import { COMPACTIONS, type ZsPool, resolveOptions } from "@zlab/zsmalloc";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { smallMachine, zsPool } from "./fixtures.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

/** A zspage of one page with 32 slots: easy to count. */
const OBJECT_BYTES = 120;
const CAPACITY = 32;

/** A pool with a zspage for each number, which says how many of its 32 objects are left; the last is the newest. */
function poolOf(inuse: readonly number[], options: PoolOptions): { pool: ZsPool; handles: Handle[][] } {
  const pool = zsPool(smallMachine(), options);
  const handles = inuse.map(() =>
    Array.from({ length: CAPACITY }, () => pool.malloc(OBJECT_BYTES, GFP_KERNEL) as Handle),
  );
  for (const [z, count] of inuse.entries()) for (const handle of handles[z]!.splice(count)) pool.free(handle);
  return { pool, handles };
}

function compacted(inuse: readonly number[], options: PoolOptions): { pages: number; moved: number } {
  const { pool } = poolOf(inuse, options);
  pool.compact();
  pool.check(3);
  return { pages: pool.totalPages(), moved: pool.stats().objectsMoved };
}

/** How many objects each zspage of a class holds. */
const usages = fc.array(fc.integer({ min: 1, max: CAPACITY }), { minLength: 1, maxLength: 24 });

describe.each(COMPACTIONS)("%s", (compaction) => {
  test.each(["tenths", "quarters", "three-quarters"])("frees all that can be freed, grouped by %s", (fullness) => {
    fc.assert(
      fc.property(usages, (inuse) => {
        const objects = inuse.reduce((sum, count) => sum + count, 0);
        expect(compacted(inuse, { compaction, fullness }).pages).toBe(Math.ceil(objects / CAPACITY));
      }),
      { seed, numRuns: 40 },
    );
  });

  test("keeps the bytes of every object", () => {
    const { pool, handles } = poolOf([], { compaction });
    const prng = new Prng(seed);
    for (let i = 0; i < 400; i++) {
      const handle = pool.malloc(OBJECT_BYTES, GFP_KERNEL) as Handle;
      pool.write(handle, Uint8Array.of(i & 255, i >> 8), 0, 2);
      handles.push([handle, i as Handle]);
    }
    const kept = handles.filter(([handle]) => {
      const keeps = prng.below(3) === 0;
      if (!keeps) pool.free(handle!);
      return keeps;
    });
    expect(pool.compact()).toBeGreaterThan(0);
    const bytes = new Uint8Array(2);
    for (const [handle, i] of kept) {
      pool.read(handle!, bytes, 0, 2);
      expect(bytes[0]! + bytes[1]! * 256).toBe(i);
    }
  });

  test("leaves a zspage with a mapped object where it is", () => {
    const { pool, handles } = poolOf([20, 1, 20], { compaction });
    const mapped = handles[1]![0]!;
    const before = pool.placementOf(mapped);
    pool.map(mapped, MapMode.RO);
    pool.compact();
    expect(pool.placementOf(mapped)).toEqual(before);
    pool.check(3);
    pool.unmap(mapped);
  });
});

describe("ideal", () => {
  test("moves as few objects as can be: all but those of the fullest zspages that must stay", () => {
    fc.assert(
      fc.property(usages, (inuse) => {
        const descending = inuse.toSorted((a, b) => b - a);
        const objects = inuse.reduce((sum, count) => sum + count, 0);
        const stay = descending.slice(0, Math.ceil(objects / CAPACITY)).reduce((sum, count) => sum + count, 0);
        expect(compacted(inuse, { compaction: "ideal" }).moved).toBe(objects - stay);
      }),
      { seed, numRuns: 60 },
    );
  });

  test("no strategy moves fewer", () => {
    fc.assert(
      fc.property(usages, fc.constantFrom("tenths", "quarters"), (inuse, fullness) => {
        const { moved } = compacted(inuse, { compaction: "ideal" });
        for (const compaction of COMPACTIONS) {
          expect(compacted(inuse, { compaction, fullness }).moved).toBeGreaterThanOrEqual(moved);
        }
      }),
      { seed, numRuns: 40 },
    );
  });
});

describe("before-2023", () => {
  test("moves the objects of a target again when it is the next source", () => {
    // All in one group, the newest at the head: its 10 objects go to the next, then these 20 to the next, then 30 on.
    const inuse = [10, 10, 10, 10];
    expect(compacted(inuse, { compaction: "before-2023", fullness: "three-quarters" })).toEqual({
      pages: 2,
      moved: 30,
    });
    expect(compacted(inuse, { compaction: "linux-6.12", fullness: "three-quarters" })).toEqual({ pages: 2, moved: 20 });
  });

  test("goes on with another target when one is full", () => {
    expect(compacted([31, 31, 31, 3], { compaction: "before-2023" })).toEqual({ pages: 3, moved: 3 });
  });
});

describe("options", () => {
  test("the eras have their own strategies and groups", () => {
    const of = (era: string): unknown[] => {
      const { compaction, bands } = resolveOptions(4096, { era });
      return [compaction, bands.groupCount];
    };
    expect([of("linux-6.12"), of("linux-4.x")]).toEqual([
      ["linux-6.12", 12],
      ["before-2023", 4],
    ]);
  });

  test.each([
    [{ compaction: "best" }, /no compaction "best"; there are: linux-6\.12, before-2023, ideal/],
    [{ fullness: "thirds" }, /no fullness "thirds"; there are: tenths, quarters, three-quarters/],
    [{ era: "linux-3.10", compaction: "ideal" }, /linux-3\.10 has no compaction/],
  ])("%o is refused", (options, message) => {
    expect(() => resolveOptions(4096, options)).toThrow(message);
  });
});
