import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { GFP_KERNEL, Machine, NO_WATERMARKS, PageState, type Pfn, __GFP_HIGHMEM, checkMachine } from "../src/index.ts";

// Each test breaks one equation behind the machine's back and expects the check to name it.
describe("checkMachine finds", () => {
  let machine: Machine;
  let low: Pfn; // first page of an allocated block of two
  let single: Pfn;

  beforeEach(() => {
    machine = new Machine({
      pageBytes: 4096,
      backing: "size-only",
      zones: [
        { kind: "NORMAL", pages: 1024 + 11, watermarks: NO_WATERMARKS },
        { kind: "HIGHMEM", pages: 1024, watermarks: NO_WATERMARKS },
      ],
    });
    const owner = machine.registerOwner("test");
    low = machine.allocPages(1, GFP_KERNEL, owner) as Pfn;
    single = machine.allocPages(0, GFP_KERNEL, owner) as Pfn;
    for (let i = 0; i < 3; i++) machine.allocPages(0, GFP_KERNEL | __GFP_HIGHMEM, owner);
    machine.check();
  });

  afterEach(() => vi.restoreAllMocks());

  test.each([
    ["frontier", 1023],
    ["frontier", 2 ** 20],
    ["frontierEnd", 1024],
    ["frontierEnd", 2060],
  ] as const)("an untouched middle whose %s is %d", (border, pfn) => {
    const { buddy, startPfn, endPfn } = machine.zones[0]!;
    expect([startPfn, buddy.frontier, buddy.frontierEnd, endPfn]).toEqual([1024, 1024, 2048, 2059]);
    buddy.allocate(10, 0);
    vi.spyOn(buddy, border, "get").mockReturnValue(pfn);
    corrupt(/zone NORMAL \(pages 1024 to 2058\): start <= frontier <= frontierEnd <= end, but \d+, \d+/);
  });

  test("free pages that were counted wrongly", () => {
    vi.spyOn(machine.zones[0]!.buddy, "freePages", "get").mockReturnValue(7);
    corrupt(/: free pages = listed \+ untouched pages, but 7 and 8 \+ 1024$/);
  });

  const corrupt = (equation: RegExp) => {
    expect(() => checkMachine(machine)).toThrow(expect.objectContaining({ code: "ZLAB_CORRUPT" }));
    expect(() => machine.check()).toThrow(equation);
  };
  const freeHead = (order: number) => machine.zones[0]!.buddy.firstFree(order);

  test("a block that vanished", () => {
    machine.pages.setState(low, PageState.none, 0);
    corrupt(/zone NORMAL .*: page \d+ follows a block, so it must head one, but its state is 0/);
  });

  test("a head inside a block", () => {
    machine.pages.setState(low + 1, PageState.allocatedHead, 0);
    corrupt(/inside block \d+ heads no block/);
  });

  test("a block that is too long, or not aligned, or runs out of the zone", () => {
    machine.pages.setState(low, PageState.allocatedHead, 11);
    corrupt(/order of block \d+ <= 10/);
    machine.pages.setState(low, PageState.allocatedHead, 1);
    machine.pages.setState(single, PageState.allocatedHead, 5);
    corrupt(/mod 2\^5 = 0/);
    machine.pages.setState(single, PageState.allocatedHead, 0);
    const tail = machine.zones[0]!.buddy.frontierEnd;
    machine.pages.setState(tail, PageState.allocatedHead, 4);
    corrupt(/\+ 2\^4 <= /);
  });

  test("an owner of a free block, and an owner that nobody registered", () => {
    machine.pages.setOwner(freeHead(3), 1);
    corrupt(/owner of free block \d+ = 0, but it is 1/);
    machine.pages.setOwner(freeHead(3), 0);
    machine.pages.setOwner(low, 2);
    corrupt(/<= 1 registered owners, but it is 2/);
  });

  test("a free block that is on no list", () => {
    machine.pages.setState(single, PageState.freeHead, 0);
    machine.pages.setOwner(single, 0);
    corrupt(/length of list 0 = free blocks of that order/);
  });

  test("two free buddies that were not joined", () => {
    const block = freeHead(3);
    machine.pages.setState(block, PageState.freeHead, 2);
    machine.pages.setState(block + 4, PageState.freeHead, 2);
    corrupt(/are buddies, so they are not both free/);
  });

  test("a list that leads elsewhere, in a circle, or back wrongly", () => {
    const first = freeHead(3);
    machine.pages.setNextFree(first, low);
    corrupt(/of list 3 is free with that order/);
    machine.pages.setNextFree(first, machine.zones[1]!.startPfn);
    corrupt(/of list 3 is in the zone/);
    machine.pages.setNextFree(first, first);
    corrupt(/previous of block/);
    machine.pages.setNextFree(first, -1);
    const four = Array.from({ length: 4 }, () => machine.allocPages(0, GFP_KERNEL, 0) as Pfn);
    for (const pfn of [four[0]!, four[2]!]) machine.freePages(pfn, 0);
    machine.check();
    machine.pages.setPreviousFree(four[0]!, low);
    corrupt(/previous of block \d+ = \d+, but it is/);
  });

  test("a page taken behind the counters' back", () => {
    machine.zones[0]!.buddy.allocate(0, 0);
    corrupt(/allocated - freed blocks of order 0/);
  });

  test("a mapping of a page that was freed", () => {
    const pfn = machine.allocPages(1, GFP_KERNEL | __GFP_HIGHMEM, 1) as Pfn;
    machine.kmap.mapLocal((pfn + 1) as Pfn);
    machine.check();
    machine.freePages(pfn, 1);
    corrupt(/mapping slot 0 of CPU 0 is allocated/);
  });

  test("a list that is shorter than it was counted", () => {
    const zone = machine.zones[0]!;
    const pfn = machine.allocPages(0, GFP_KERNEL, 1) as Pfn;
    machine.allocPages(0, GFP_KERNEL, 1);
    machine.allocPages(0, GFP_KERNEL, 1);
    machine.freePages(pfn, 0);
    expect(zone.buddy.listedBlocks(0)).toBe(2);
    machine.check();
    machine.pages.setNextFree(zone.buddy.firstFree(0), -1);
    corrupt(/blocks linked in list 0 = free blocks of that order/);
  });
});
