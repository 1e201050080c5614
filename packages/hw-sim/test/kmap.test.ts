import { describe, expect, test } from "vitest";
import {
  GFP_KERNEL,
  KMAP_SLOTS,
  Machine,
  type MachineOptions,
  NO_WATERMARKS,
  type Pfn,
  __GFP_HIGHMEM,
} from "../src/index.ts";

const options: MachineOptions = {
  pageBytes: 4096,
  cpus: 2,
  costModel: { kmapCycles: 5, tlbFlushLocalCycles: 100, pageAllocCycles: 0 },
  zones: [
    { kind: "NORMAL", pages: 32, watermarks: NO_WATERMARKS },
    { kind: "HIGHMEM", pages: 32, watermarks: NO_WATERMARKS },
  ],
};

function highPages(machine: Machine, count: number): Pfn[] {
  return Array.from({ length: count }, () => machine.allocPages(0, GFP_KERNEL | __GFP_HIGHMEM, 0) as Pfn);
}

const orderError = expect.objectContaining({ code: "ZLAB_KMAP_ORDER" });
const slotsError = expect.objectContaining({ code: "ZLAB_KMAP_SLOTS" });

describe("temporary mappings", () => {
  test("low memory is always mapped: no slot, no cost, no discipline", () => {
    const machine = new Machine(options);
    const pfn = machine.allocPages(0, GFP_KERNEL, 0) as Pfn;
    for (let i = 0; i < 2 * KMAP_SLOTS; i++) machine.kmap.mapLocal(pfn);
    machine.kmap.unmapLocal(pfn);
    expect([machine.kmap.depthOf(0), machine.cost.kmaps, machine.cost.cycles]).toEqual([0, 0, 0]);
  });

  test("a HIGHMEM page takes a slot, and a TLB flush when it is given back", () => {
    const machine = new Machine(options);
    const [a, b] = highPages(machine, 2) as [Pfn, Pfn];
    machine.kmap.mapLocal(a);
    machine.kmap.mapLocal(b);
    expect(machine.kmap.depthOf(0)).toBe(2);
    expect([machine.kmap.pageAt(0, 0), machine.kmap.pageAt(0, 1)]).toEqual([a, b]);
    expect([machine.cost.kmaps, machine.cost.tlbFlushesLocal, machine.cost.cycles]).toEqual([2, 0, 10]);
    machine.kmap.unmapLocal(b);
    machine.kmap.unmapLocal(a);
    expect([machine.cost.kmaps, machine.cost.tlbFlushesLocal, machine.cost.cycles]).toEqual([2, 2, 210]);
  });

  test("mappings end in reverse order", () => {
    const machine = new Machine(options);
    const [a, b] = highPages(machine, 2) as [Pfn, Pfn];
    expect(() => machine.kmap.unmapLocal(a)).toThrow(orderError);
    machine.kmap.mapLocal(a);
    machine.kmap.mapLocal(b);
    expect(() => machine.kmap.unmapLocal(a)).toThrow(orderError);
    expect(machine.cost.tlbFlushesLocal).toBe(0);
    machine.kmap.unmapLocal(b);
    machine.kmap.unmapLocal(a);
    expect(machine.kmap.depthOf(0)).toBe(0);
  });

  test("one page may be mapped twice", () => {
    const machine = new Machine(options);
    const [a] = highPages(machine, 1) as [Pfn];
    machine.kmap.mapLocal(a);
    machine.kmap.mapLocal(a);
    machine.kmap.unmapLocal(a);
    machine.kmap.unmapLocal(a);
    expect(() => machine.kmap.unmapLocal(a)).toThrow(orderError);
  });

  test("each CPU has its own slots, and they run out", () => {
    const machine = new Machine(options);
    const pages = highPages(machine, KMAP_SLOTS + 1);
    for (let i = 0; i < KMAP_SLOTS; i++) machine.kmap.mapLocal(pages[i]!);
    expect(() => machine.kmap.mapLocal(pages[KMAP_SLOTS]!)).toThrow(slotsError);
    expect(() => machine.kmap.mapLocal(pages[KMAP_SLOTS]!)).toThrow(
      "CPU 0 has all 16 temporary mappings in use; unmap one first",
    );
    expect(() => machine.kmap.unmapLocal(pages[0]!)).toThrow(
      `CPU 0 unmaps page ${pages[0]}, which is not the one it mapped last`,
    );
    machine.cpus.runOn(1, () => {
      expect(() => machine.kmap.unmapLocal(pages[KMAP_SLOTS - 1]!)).toThrow(orderError);
      machine.kmap.mapLocal(pages[KMAP_SLOTS]!);
    });
    expect([machine.kmap.depthOf(0), machine.kmap.depthOf(1)]).toEqual([KMAP_SLOTS, 1]);
    for (let i = KMAP_SLOTS - 1; i >= 0; i--) machine.kmap.unmapLocal(pages[i]!);
    expect([machine.kmap.depthOf(0), machine.kmap.depthOf(1)]).toEqual([0, 1]);
    machine.check();
  });

  test("forceKmap makes low memory obey too", () => {
    const machine = new Machine({ ...options, forceKmap: true });
    const pfn = machine.allocPages(0, GFP_KERNEL, 0) as Pfn;
    expect(() => machine.kmap.unmapLocal(pfn)).toThrow(orderError);
    machine.kmap.mapLocal(pfn);
    expect(machine.kmap.depthOf(0)).toBe(1);
  });
});
