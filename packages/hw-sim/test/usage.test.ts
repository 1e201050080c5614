import { describe, expect, test } from "vitest";
import {
  GFP_KERNEL,
  Machine,
  type Pfn,
  __GFP_HIGHMEM,
  formatBuddyInfo,
  pageUsage,
  pagesOwnedBy,
  x86_32,
  x86_64,
} from "../src/index.ts";

function machineInUse(): { machine: Machine; one: number; two: number } {
  const machine = new Machine({ ...x86_32(2 ** 30), backing: "size-only" });
  const one = machine.registerOwner("one");
  const two = machine.registerOwner("two");
  machine.allocPages(3, GFP_KERNEL, two);
  machine.allocPages(0, GFP_KERNEL | __GFP_HIGHMEM, two);
  machine.allocPages(0, GFP_KERNEL | __GFP_HIGHMEM, one);
  machine.freePages(machine.allocPages(4, GFP_KERNEL, one) as Pfn, 4);
  return { machine, one, two };
}

describe("usage", () => {
  test("pagesOwnedBy counts over zones and orders", () => {
    const { machine, one, two } = machineInUse();
    expect([pagesOwnedBy(machine, one), pagesOwnedBy(machine, two), pagesOwnedBy(machine, 0)]).toEqual([1, 9, 0]);
  });

  test("pageUsage lists who holds what where", () => {
    const { machine } = machineInUse();
    expect(pageUsage(machine)).toEqual([
      { owner: 1, ownerName: "one", zone: "HIGHMEM", blocks: 1, pages: 1 },
      { owner: 2, ownerName: "two", zone: "NORMAL", blocks: 1, pages: 8 },
      { owner: 2, ownerName: "two", zone: "HIGHMEM", blocks: 1, pages: 1 },
    ]);
    expect(pageUsage(new Machine(x86_64(2 ** 24)))).toEqual([]);
  });

  test("pages at the odd end of a zone are found too", () => {
    const machine = new Machine(x86_64(2 ** 22 + 3 * 4096));
    const owner = machine.registerOwner("end");
    expect(machine.allocPages(0, GFP_KERNEL, owner)).toBe(machine.endPfn - 1);
    expect(pagesOwnedBy(machine, owner)).toBe(1);
  });

  test("formatBuddyInfo has the layout of /proc/buddyinfo", () => {
    expect(formatBuddyInfo(machineInUse().machine)).toBe(
      "Node 0, zone   Normal      0      0      0      1      1      1      1      1      1      1    223 \n" +
        "Node 0, zone  HighMem      0      1      1      1      1      1      1      1      1      1     31 \n",
    );
    expect(formatBuddyInfo(new Machine(x86_64(2 ** 22)))).toBe(
      "Node 0, zone    DMA32      0      0      0      0      0      0      0      0      0      0      1 \n",
    );
  });
});
