import { describe, expect, test } from "vitest";
import {
  ENOMEM,
  type FailPageAlloc,
  FaultInjector,
  GFP_KERNEL,
  GFP_NOWAIT,
  Machine,
  __GFP_HIGHMEM,
  x86_64,
} from "../src/index.ts";

/** Which of `count` calls fail: "X" for a failure. */
function pattern(faults: FaultInjector, count: number, order = 0, gfp = GFP_KERNEL): string {
  return Array.from({ length: count }, () => (faults.shouldFail(order, gfp) ? "X" : ".")).join("");
}

function under(rule: FailPageAlloc): FaultInjector {
  const faults = new FaultInjector();
  faults.failPageAlloc(rule);
  return faults;
}

describe("the knobs of fail_page_alloc", () => {
  test("without a rule nothing fails; the empty rule fails everything", () => {
    expect(pattern(new FaultInjector(), 5)).toBe(".....");
    expect(pattern(under({}), 5)).toBe("XXXXX");
    expect(pattern(under({ probability: 0 }), 5)).toBe(".....");
  });

  test("interval, times and space", () => {
    expect(pattern(under({ interval: 3 }), 9)).toBe("..X..X..X");
    expect(pattern(under({ times: 2 }), 5)).toBe("XX...");
    expect(pattern(under({ times: 0 }), 3)).toBe("...");
    expect(pattern(under({ space: 3 }), 5)).toBe("...XX");
    expect(pattern(under({ space: 3, interval: 2, times: 1 }), 7)).toBe("....X..");
  });

  test("space is in pages", () => {
    expect(pattern(under({ space: 9 }), 4, 2)).toBe("..XX");
  });

  test("calls below the minimum order, or with flags that are ignored, are not even counted", () => {
    const faults = under({ minOrder: 2, ignoreGfpHighmem: true, ignoreGfpWait: true, interval: 2 });
    expect(pattern(faults, 3, 1, GFP_NOWAIT)).toBe("...");
    expect(pattern(faults, 3, 2, GFP_NOWAIT | __GFP_HIGHMEM)).toBe("...");
    expect(pattern(faults, 3, 2, GFP_KERNEL)).toBe("...");
    expect(pattern(faults, 4, 2, GFP_NOWAIT)).toBe(".X.X");
    expect(faults.injected).toBe(2);
  });

  test("probability is about right and repeatable by its seed", () => {
    const first = pattern(under({ probability: 20, seed: 1 }), 5000);
    expect(pattern(under({ probability: 20, seed: 1 }), 5000)).toBe(first);
    expect(pattern(under({ probability: 20, seed: 2 }), 5000)).not.toBe(first);
    const failures = first.split("X").length - 1;
    expect(failures).toBeGreaterThan(900);
    expect(failures).toBeLessThan(1100);
  });

  test("the first call of small seeds is not always a failure", () => {
    const firsts = Array.from({ length: 100 }, (_, seed) => pattern(under({ probability: 50, seed }), 1)).join("");
    expect(firsts.split("X").length - 1).toBeGreaterThan(30);
    expect(firsts.split("X").length - 1).toBeLessThan(70);
  });

  test("a new rule starts from the beginning; undefined ends it", () => {
    const faults = under({ interval: 2 });
    pattern(faults, 1);
    faults.failPageAlloc({ interval: 2 });
    expect(pattern(faults, 2)).toBe(".X");
    faults.failPageAlloc(undefined);
    expect(pattern(faults, 4)).toBe("....");
    expect(faults.injected).toBe(1);
  });

  test.each<[FailPageAlloc, string]>([
    [{ probability: 101 }, "fail_page_alloc: probability must be a whole number from 0 to 100, not 101"],
    [{ interval: 0 }, "fail_page_alloc: interval must be a whole number from 1, not 0"],
    [{ times: -2 }, "fail_page_alloc: times must be a whole number from -1, not -2"],
    [{ space: -1 }, "fail_page_alloc: space must be a whole number from 0, not -1"],
    [{ minOrder: 11 }, "fail_page_alloc: minOrder must be a whole number from 0 to 10, not 11"],
    [{ seed: 0.5 }, `fail_page_alloc: seed must be a whole number from ${Number.MIN_SAFE_INTEGER}, not 0.5`],
  ])("%o is refused in words", (rule, message) => {
    expect(() => under(rule)).toThrow(message);
    expect(() => new FaultInjector().failNth(-1)).toThrow(
      "fail_page_alloc: the number of the call to fail must be a whole number from 0, not -1",
    );
  });

  test("the limits of each are accepted", () => {
    expect(pattern(under({ probability: 100, interval: 1, times: -1, space: 0, minOrder: 0 }), 3)).toBe("X".repeat(3));
    expect(pattern(under({ minOrder: 10, seed: -1 }), 2, 10)).toBe("XX");
  });

  const bad: FailPageAlloc[] = [
    { probability: -1 },
    { probability: 101 },
    { probability: 0.5 },
    { interval: 0 },
    { times: -2 },
    { space: -1 },
    { minOrder: 11 },
    { seed: Number.NaN },
  ];
  test.each(bad)("%o is refused and leaves the rule before", (rule) => {
    const faults = under({ interval: 2 });
    expect(() => faults.failPageAlloc(rule)).toThrow(expect.objectContaining({ code: "ZLAB_MACHINE_OPTIONS" }));
    expect(pattern(faults, 4)).toBe(".X.X");
  });
});

describe("failNth", () => {
  test("fails one call, and the rule rests until then", () => {
    const faults = under({ interval: 2 });
    faults.failNth(3);
    expect(faults.nthPending).toBe(true);
    expect(pattern(faults, 5)).toBe("..X.X");
    expect(faults.nthPending).toBe(false);
  });

  test("needs no rule, and leaves the machine unarmed", () => {
    const machine = new Machine({ pageBytes: 4096, backing: "size-only", zones: [{ kind: "NORMAL", pages: 64 }] });
    machine.faults.failNth(2);
    const results = Array.from({ length: 4 }, () => machine.allocPages(0, GFP_NOWAIT, 0) > 0);
    expect([...results, machine.faults.injected, machine.faults.armed]).toEqual([true, false, true, true, 1, false]);
  });

  test("0 takes it back, and nonsense is refused", () => {
    const faults = new FaultInjector();
    faults.failNth(1);
    faults.failNth(0);
    expect(pattern(faults, 3)).toBe("...");
    for (const n of [-1, 0.5])
      expect(() => faults.failNth(n)).toThrow(expect.objectContaining({ code: "ZLAB_MACHINE_OPTIONS" }));
  });
});

describe("a failing machine", () => {
  test("returns ENOMEM, counts it by order and takes nothing", () => {
    const machine = new Machine(x86_64(2 ** 22));
    const free = machine.freePageCount();
    machine.faults.failPageAlloc({ minOrder: 1 });
    expect(machine.allocPages(3, GFP_NOWAIT, 0)).toBe(ENOMEM);
    expect(machine.freePageCount()).toBe(free);
    expect(machine.failedRequestsByOrder()[3]).toBe(1);
    expect(machine.allocPages(0, GFP_NOWAIT, 0)).toBeGreaterThan(0);
    machine.check();
  });

  test("draws its chances from its seed", () => {
    const draw = (seed: number) => {
      const machine = new Machine({ ...x86_64(2 ** 24), seed });
      machine.faults.failPageAlloc({ probability: 50 });
      return Array.from({ length: 64 }, () => machine.allocPages(0, GFP_NOWAIT, 0) === ENOMEM);
    };
    expect(draw(3)).toEqual(draw(3));
    expect(draw(3)).not.toEqual(draw(4));
  });
});
