// Behaviour of pools that no trace records: errors, failures, mappings during compaction, HIGHMEM, page sizes, images.

import {
  EINVAL,
  ENOMEM,
  ENOSPC,
  GFP_KERNEL,
  Machine,
  NO_WATERMARKS,
  __GFP_HIGHMEM,
  __GFP_MOVABLE,
  isErrno,
  x86_32,
} from "@zlab/hw-sim";
import { type Handle, MapMode, ZPoolError } from "@zlab/zpool";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ZsPool, formatClassesFile, zsmallocDriver } from "@zlab/zsmalloc";
import { pattern, smallMachine, zsPool } from "./fixtures.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

function store(pool: ZsPool, bytes: Uint8Array, gfp = GFP_KERNEL): Handle {
  const handle = pool.malloc(bytes.length, gfp);
  if (isErrno(handle)) throw new Error(`malloc: ${handle}`);
  pool.write(handle, bytes, 0, bytes.length);
  return handle;
}

function load(pool: ZsPool, handle: Handle, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  pool.read(handle, bytes, 0, length);
  return bytes;
}

describe("requests", () => {
  test("the proposal of 2026 has its own chains, and classes 16 bytes apart on large pages too", () => {
    const proposed = zsPool(smallMachine(), { era: "rfc-2026", chainSize: 10 });
    expect([proposed.plan.classCount, zsPool(smallMachine(), { chainSize: 10 }).plan.classCount]).toEqual([145, 141]);
    const large = zsPool(smallMachine({ pageBytes: 16384 }), { era: "rfc-2026" });
    expect(large.plan.indexCount).toBe(1023);
  });

  test("size 0 and sizes that are no whole numbers are EINVAL, above a page is ENOSPC", () => {
    const pool = zsPool(smallMachine());
    expect([0, -1, 1.5, Number.NaN].map((bytes) => pool.malloc(bytes, GFP_KERNEL))).toEqual(Array(4).fill(EINVAL));
    expect([4097, 2 ** 31, 2 ** 32 - 1, Infinity].map((bytes) => pool.malloc(bytes, GFP_KERNEL))).toEqual(
      Array(4).fill(ENOSPC),
    );
    expect(pool.stats()).toMatchObject({ failures: 8, mallocs: 0, totalPages: 0 });
  });

  test("lookupClassIndex counts the header, and hugeClassSize is where the whole-page class begins", () => {
    const pool = zsPool(smallMachine());
    expect([1, 24, 25, 40].map((bytes) => pool.lookupClassIndex(bytes))).toEqual([0, 0, 1, 1]);
    expect(pool.hugeClassSize()).toBe(3625);
    expect([3624, 3625, 4096].map((bytes) => pool.lookupClassIndex(bytes))).toEqual([225, 254, 254]);
  });

  test("a page that can't be had gives the other pages of the zspage back", () => {
    const machine = smallMachine();
    const pool = zsPool(machine);
    const freePages = machine.freePageCount();
    const pages = pool.plan.pagesPerZspageOf(pool.lookupClassIndex(3000));
    for (let n = 1; n <= pages; n++) {
      machine.faults.failNth(n);
      expect(pool.malloc(3000, GFP_KERNEL)).toBe(ENOMEM);
      expect(machine.freePageCount()).toBe(freePages);
      pool.check(3);
    }
    expect(isErrno(pool.malloc(3000, GFP_KERNEL))).toBe(false);
    expect(pool.placementOf(store(pool, pattern(1, 3000))).zspageSeq).toBe(0);
  });

  test("3.10 fills the first 8 bytes of what it hands out", () => {
    const pool = zsPool(smallMachine(), { era: "linux-3.10" });
    const handle = store(pool, new Uint8Array(100).fill(1));
    pool.free(handle);
    const again = pool.malloc(100, GFP_KERNEL) as Handle;
    expect([...load(pool, again, 9)]).toEqual([...Array(8).fill(0x5a), 1]);
  });
});

describe("options", () => {
  test.each([
    [{ chainSize: 3 }, /chain size 3 .* 4 to 16/],
    [{ chainSize: 17 }, /chain size 17/],
    [{ chainSize: 4.5 }, /chain size 4.5/],
    [{ era: "linux-3.10", chainSize: 8 }, /linux-3.10 has 4/],
    [{ era: "linux-1.0" }, /no era "linux-1.0".*linux-6.12/],
    [{ rule: "best" }, /no rule "best"/],
    [{ classDelta: 24 }, /class delta 24/],
    [{ chain: 8 }, /no option "chain"/],
  ])("%o is refused", (options, message) => {
    expect(() => zsPool(smallMachine(), options)).toThrow(message);
  });
});

describe("compaction", () => {
  /** Fills with objects of one size and frees all but every n-th. */
  function sparse(pool: ZsPool, bytes: number, count: number, keepEvery: number): Map<Handle, Uint8Array> {
    const objects = Array.from({ length: count }, (_, i) => {
      const content = pattern(i, bytes);
      return [store(pool, content), content] as const;
    });
    const kept = new Map(objects.filter((_, i) => i % keepEvery === 0));
    for (const [handle] of objects) if (!kept.has(handle)) pool.free(handle);
    return kept;
  }

  test("frees what the shrinker counted, keeps every byte, and then has nothing to do", () => {
    const machine = smallMachine();
    const pool = zsPool(machine);
    const kept = sparse(pool, 1500, 900, 7);
    const before = pool.totalPages();
    const reclaimable = pool.shrinkerCount();
    expect(reclaimable).toBeGreaterThan(100);
    expect(pool.shrinkerScan()).toBe(reclaimable);
    expect(pool.totalPages()).toBe(before - reclaimable);
    expect(pool.poolStats()).toEqual({ pagesCompacted: reclaimable });
    for (const [handle, content] of kept) expect(load(pool, handle, content.length)).toEqual(content);
    pool.check(3);
    expect([pool.compact(), pool.shrinkerScan()]).toEqual([0, -1]);
  });

  test("an object that is mapped on another CPU stays where it is", () => {
    const machine = smallMachine();
    const pool = zsPool(machine);
    const kept = [...sparse(pool, 1500, 900, 40).keys()];
    const emptiest = pool.fullnessLists()[0]!.zspageSeqs;
    const mapped = kept.find((handle) => emptiest.includes(pool.placementOf(handle).zspageSeq))!;
    const place = pool.placementOf(mapped);
    machine.cpus.runOn(1, () => pool.map(mapped, MapMode.RO));
    expect(pool.compact()).toBeGreaterThan(0);
    expect(pool.placementOf(mapped)).toEqual(place);
    pool.check(3);
    machine.cpus.runOn(1, () => {
      pool.unmap(mapped);
    });
    pool.check(3);
  });

  test("from within its own report does nothing", () => {
    const pool = zsPool(smallMachine());
    sparse(pool, 1500, 100, 7);
    const nested: number[] = [];
    pool.compact(() => nested.push(pool.compact()));
    expect(new Set(nested)).toEqual(new Set([0]));
  });

  test("3.10 can't", () => {
    const pool = zsPool(smallMachine(), { era: "linux-3.10" });
    sparse(pool, 1500, 100, 7);
    expect([pool.capabilities.compact, pool.compact()]).toEqual([false, 0]);
  });
});

describe("HIGHMEM", () => {
  test("pages come from HIGHMEM when the flags allow, and reaching them takes mappings and flushes", () => {
    const machine = new Machine({ ...x86_32(1024 * 1024 * 1024), panicOnWarn: true });
    const pool = zsPool(machine);
    const low = store(pool, pattern(1, 500));
    const high = store(pool, pattern(2, 900), GFP_KERNEL | __GFP_HIGHMEM | __GFP_MOVABLE);
    expect([low, high].map((handle) => machine.isHighmem(pool.placementOf(handle).pfn))).toEqual([false, true]);
    const { kmaps, tlbFlushesLocal } = machine.cost;
    expect(load(pool, low, 500)).toEqual(pattern(1, 500));
    expect(machine.cost.kmaps).toBe(kmaps);
    expect(load(pool, high, 900)).toEqual(pattern(2, 900));
    expect([machine.cost.kmaps, machine.cost.tlbFlushesLocal]).toEqual([kmaps + 1, tlbFlushesLocal + 1]);
  });
});

describe("page images", () => {
  const small = (): Machine => smallMachine({ zones: [{ kind: "NORMAL", pages: 64, watermarks: NO_WATERMARKS }] });

  test("6.12: handle with bit 0 set, links shifted by one, all bits in the last link", () => {
    const machine = small();
    const pool = zsPool(machine, { layout: "in-page" });
    const handle = store(pool, pattern(1, 500)); // class 30: 8 slots of 512 bytes on one page
    const word = (slot: number): bigint => {
      const bytes = new Uint8Array(8);
      machine.memory.copyOut(pool.placementOf(handle).pfn, slot * 512, bytes, 0, 8);
      return new BigUint64Array(bytes.buffer)[0]!;
    };
    expect(word(0)).toBe(BigInt(handle) * 8n + 1n);
    expect([word(1), word(7)]).toEqual([4n, 2n ** 64n - 2n]);
    pool.check(3);
    machine.memory.fill(pool.placementOf(handle).pfn, 0, 1, 0);
    expect(() => {
      pool.check(3);
    }).toThrow(/slot 0 has the header/);
  });

  test("need bytes", () => {
    expect(() => zsPool(smallMachine({ backing: "size-only" }), { layout: "in-page" })).toThrow(ZPoolError);
  });

  test.each(["linux-6.12", "linux-4.x", "linux-3.10"])("%s: stay right over any operations", (era) => {
    const operation = fc.record({ bytes: fc.integer({ min: 1, max: 4096 }), pick: fc.nat(), what: fc.nat(9) });
    const property = fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const pool = zsPool(small(), { era, layout: "in-page" });
      const live: Handle[] = [];
      for (const { bytes, pick, what } of operations) {
        if (what === 9) pool.compact();
        else if (what > 5 && live.length > 0) pool.free(live.splice(pick % live.length, 1)[0]!);
        else {
          const handle = pool.malloc(bytes, GFP_KERNEL);
          if (!isErrno(handle)) live.push(handle);
        }
        pool.check(3);
      }
    });
    fc.assert(property, { seed, numRuns: 25 });
  });
});

describe("statistics file", () => {
  test("6.12: titles, widths, a row, the blank line and the total", () => {
    const pool = zsPool(smallMachine());
    for (let i = 0; i < 3; i++) store(pool, pattern(i, 2040));
    const lines = formatClassesFile(pool).split("\n");
    expect(lines[0]).toBe(
      " class  size       10%       20%       30%       40%       50%       60%       70%       80%       90%       99%      100% obj_allocated   obj_used pages_used pages_per_zspage freeable",
    );
    expect(lines.find((line) => line.startsWith("   126"))).toBe(
      "   126  2048         0         0         0         0         0         1         0         0         0         0         1             4          3          2                1        0",
    );
    expect(lines.slice(-3)).toEqual([
      "",
      " Total               0         0         0         0         0         1         0         0         0         0         1             4          3          2                         0",
      "",
    ]);
    expect(lines.length).toBe(1 + 119 + 3);
  });

  test("4.x: the columns of 2015", () => {
    const pool = zsPool(smallMachine(), { era: "linux-4.x" });
    for (let i = 0; i < 5; i++) store(pool, pattern(i, 1000));
    const lines = formatClassesFile(pool).split("\n");
    expect(lines[0]).toBe(" class  size almost_full almost_empty obj_allocated   obj_used pages_used pages_per_zspage");
    expect(lines.find((line) => line.startsWith("    62 "))).toBe(
      "    62  1024           0            1             8          5          2                1",
    );
  });
});

describe("a machine that threads share", () => {
  const pages = 64;
  const shared = (): Machine =>
    smallMachine({
      backing: "shared-array-buffer",
      zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
    });

  test.each([1, 1500])("its tables hold all objects of %i bytes that fit the pages", (bytes) => {
    const pool = zsPool(shared());
    while (!isErrno(pool.malloc(bytes, GFP_KERNEL)));
    const rows = pool.classRows().filter((row) => row.objectsUsed > 0);
    expect(pool.totalPages()).toBeGreaterThan(pages - rows[0]!.pagesPerZspage);
    expect(rows[0]!.objectsUsed).toBe(rows[0]!.objectsAllocated);
    pool.check(3);
  });

  test("knows the tables of the pools that exist", () => {
    const machine = shared();
    const pools = Array.from({ length: 11 }, () => zsPool(machine));
    const labels = (): string[] => machine.tables.share().map(({ label }) => label);
    expect(labels().length).toBe(33);
    pools[0]!.destroy();
    expect(labels().length).toBe(30);
    expect(labels()).not.toContain("zsmalloc 1: table");
    expect(labels()).toContain("zsmalloc 10: table");
  });
});

test("a pool without objects takes less than 100 KB of arrays", () => {
  const machine = smallMachine();
  const before = process.memoryUsage().arrayBuffers;
  const pools = Array.from({ length: 1000 }, () => zsPool(machine));
  expect((process.memoryUsage().arrayBuffers - before) / pools.length).toBeLessThan(100_000);
});

test("destroying a pool returns every page and says how many objects were left", () => {
  const machine = smallMachine();
  const freePages = machine.freePageCount();
  const pool = zsmallocDriver.create(machine, "test");
  for (let i = 1; i < 300; i++) expect(isErrno(pool.malloc(i * 13, GFP_KERNEL))).toBe(false);
  expect(pool.destroy()).toBe(299);
  expect(machine.freePageCount()).toBe(freePages);
  expect(() => pool.destroy()).toThrow(/destroyed already/);
  expect(() => pool.malloc(100, GFP_KERNEL)).toThrow(/malloc of a destroyed pool/);
});
