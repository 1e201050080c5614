import { describe, expect, test } from "vitest";
import { CostCounter, CpuSet } from "../src/index.ts";

function cpus(count = 2): { cpus: CpuSet; cost: CostCounter } {
  const cost = new CostCounter();
  return { cpus: new CpuSet(count, cost), cost };
}

describe("runOn", () => {
  test("changes the current CPU for the action, also when it throws", () => {
    const { cpus: set } = cpus();
    expect(set.runOn(1, () => set.current)).toBe(1);
    expect(() =>
      set.runOn(1, () => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(set.current).toBe(0);
  });

  test.each([-1, 2, 0.5, Number.NaN])("there is no CPU %d", (cpu) => {
    expect(() => cpus().cpus.runOn(cpu, () => 0)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_CPU" }));
  });

  test.each([0, 4097, 1.5])("a machine can't have %d CPUs", (count) => {
    expect(() => cpus(count)).toThrow(expect.objectContaining({ code: "ZLAB_MACHINE_OPTIONS" }));
  });
});

describe("preemption", () => {
  test("time counts from the outermost disable to the outermost enable", () => {
    const { cpus: set, cost } = cpus();
    cost.spend(5);
    set.preemptDisable();
    cost.spend(10);
    set.preemptDisable();
    cost.spend(20);
    set.preemptEnable();
    expect([set.preemptCount(), set.preemptOffCycles]).toEqual([1, 0]);
    cost.spend(30);
    set.preemptEnable();
    cost.spend(40);
    expect([set.preemptCount(), set.preemptOffCycles, set.longestPreemptOffCycles]).toEqual([0, 60, 60]);
    set.preemptDisable();
    cost.spend(7);
    set.preemptEnable();
    expect([set.preemptOffCycles, set.longestPreemptOffCycles]).toEqual([67, 60]);
  });

  test("each CPU has its own count", () => {
    const { cpus: set, cost } = cpus();
    set.preemptDisable();
    set.runOn(1, () => {
      expect(set.preemptCount()).toBe(0);
      expect(() => set.preemptEnable()).toThrow(expect.objectContaining({ code: "ZLAB_PREEMPT_UNDERFLOW" }));
      cost.spend(3);
    });
    expect(set.preemptCount()).toBe(1);
    set.preemptEnable();
    expect(set.preemptOffCycles).toBe(3);
  });
});

describe("per-CPU areas", () => {
  test("are made once for each CPU, and found again by their key", () => {
    const { cpus: set } = cpus(3);
    const key = Symbol("area");
    const made = set.perCpu(key, (cpu) => ({ cpu }));
    expect(made.map((area) => area.cpu)).toEqual([0, 1, 2]);
    expect(set.perCpu(key, () => ({ cpu: 9 }))).toBe(made);
    expect(set.perCpu(Symbol("area"), (cpu) => ({ cpu }))).not.toBe(made);
  });
});
