import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ENOMEM,
  GFP_KERNEL,
  MAX_PAGE_ORDER,
  Machine,
  NO_WATERMARKS,
  type Pfn,
  type ZoneKind,
  type ZoneOptions,
  ZONE_KINDS,
  __GFP_DMA32,
  __GFP_HIGH,
  __GFP_HIGHMEM,
  __GFP_MEMALLOC,
} from "../src/index.ts";
import { type Block, MachineModel } from "./buddy-model.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

interface Request {
  readonly order: number;
  readonly gfp: number;
}
type Command = ({ kind: "alloc" | "exhaust" } & Request) | { kind: "free"; which: number };

const zonePages = fc.oneof(
  { arbitrary: fc.integer({ min: 1, max: 70 }), weight: 3 },
  fc.integer({ min: 1000, max: 2200 }),
);
const watermarks = fc
  .tuple(fc.nat(12), fc.nat(6), fc.nat(6))
  .map(([min, low, high]) => ({ minPages: min, lowPages: min + low, highPages: min + low + high }));
const zoneOptions: fc.Arbitrary<ZoneOptions[]> = fc
  .subarray([...ZONE_KINDS], { minLength: 1 })
  .chain((kinds) =>
    fc.tuple(...kinds.map((kind) => fc.record({ kind: fc.constant<ZoneKind>(kind), pages: zonePages, watermarks }))),
  );
const request = fc.record({
  order: fc.oneof({ arbitrary: fc.nat(3), weight: 4 }, fc.nat(MAX_PAGE_ORDER)),
  gfp: fc.constantFrom(0, GFP_KERNEL, __GFP_DMA32, __GFP_HIGHMEM, __GFP_HIGH, __GFP_HIGHMEM | __GFP_MEMALLOC),
});
const command: fc.Arbitrary<Command> = fc.oneof(
  { arbitrary: request.map((r): Command => ({ kind: "alloc", ...r })), weight: 6 },
  { arbitrary: request.map((r): Command => ({ kind: "exhaust", ...r })), weight: 1 },
  { arbitrary: fc.nat(0xffff).map((which): Command => ({ kind: "free", which })), weight: 6 },
);

/** A machine beside its model: every step is done by both and compared. */
class Pair {
  readonly machine: Machine;
  readonly model: MachineModel;
  readonly live: Block[] = [];
  readonly #owner: number;

  constructor(zones: readonly ZoneOptions[]) {
    this.machine = new Machine({ pageBytes: 4096, backing: "size-only", zones });
    this.model = new MachineModel(this.machine);
    this.#owner = this.machine.registerOwner("test");
  }

  alloc({ order, gfp }: Request): boolean {
    const zone = this.model.servingZone(order, gfp);
    const fit = zone?.bestFit(order);
    const pfn = this.machine.allocPages(order, gfp, this.#owner);
    if (zone === undefined) {
      expect(pfn).toBe(ENOMEM);
      return false;
    }
    expect(zone.free.has(pfn)).toBe(true);
    expect(pfn % 2 ** order).toBe(0);
    expect(zone.blockOrderAt(pfn)).toBe(fit);
    const block = { pfn: pfn as Pfn, order };
    this.model.take(block);
    this.live.push(block);
    return true;
  }

  free(which: number): void {
    if (this.live.length === 0) return;
    const [block] = this.live.splice(which % this.live.length, 1);
    this.machine.freePages(block!.pfn, block!.order);
    this.model.give((pfn) => this.machine.zoneOf(pfn), block!);
  }

  run(step: Command): void {
    if (step.kind === "free") this.free(step.which);
    else if (step.kind === "alloc") this.alloc(step);
    else for (let left = 100; left > 0 && this.alloc(step);) left--;
  }

  compare(): void {
    this.machine.check();
    this.machine.zones.forEach((zone, i) => {
      expect(zone.freePages).toBe(this.model.zones[i]!.free.size);
      expect(zone.buddy.freeBlocksByOrder()).toEqual(this.model.zones[i]!.freeBlocksByOrder());
    });
  }
}

describe("the buddy allocator does what a set of pages would", () => {
  test("over any zones, watermarks and mix of requests", () => {
    fc.assert(
      fc.property(zoneOptions, fc.array(command, { maxLength: 60 }), (zones, commands) => {
        const pair = new Pair(zones);
        pair.compare();
        for (const step of commands) {
          pair.run(step);
          pair.compare();
        }
        while (pair.live.length > 0) pair.free(commands.length);
        pair.compare();
        expect(pair.machine.freePageCount()).toBe(pair.machine.totalPageCount());
      }),
      { seed, numRuns: 250 },
    );
  });
});

function small(pages: number): Machine {
  return new Machine({
    pageBytes: 4096,
    backing: "size-only",
    zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
  });
}

describe("blocks", () => {
  test.each([1, 2, 3, 7, 1023, 1024, 1025, 2047, 3000])("%i pages can all be had, one by one, and no more", (pages) => {
    const machine = small(pages);
    const seen = new Set<number>();
    for (let i = 0; i < pages; i++) seen.add(machine.allocPages(0, 0, 0));
    expect(seen.size).toBe(pages);
    expect(Math.min(...seen)).toBe(machine.zones[0]!.startPfn);
    expect(Math.max(...seen)).toBe(machine.endPfn - 1);
    expect(machine.allocPages(0, 0, 0)).toBe(ENOMEM);
    machine.check();
    for (const pfn of seen) machine.freePages(pfn as Pfn, 0);
    machine.check();
    expect(machine.zones[0]!.buddy.freeBlocksByOrder()).toEqual(small(pages).zones[0]!.buddy.freeBlocksByOrder());
  });

  test("a request takes the smallest block that is large enough, and splits it from the top", () => {
    const { buddy } = small(1024 + 8 + 2).zones[0]!;
    expect(buddy.freeBlocksByOrder()).toEqual([0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
    expect(buddy.allocate(2, 0)).toBe(2048);
    expect(buddy.freeBlocksByOrder()).toEqual([0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1]);
    expect(buddy.allocate(0, 0)).toBe(2056);
    expect(buddy.allocate(0, 0)).toBe(2057);
    expect(buddy.allocate(0, 0)).toBe(2052);
    expect(buddy.allocate(3, 0)).toBe(1024);
    expect(buddy.freeBlocksByOrder()).toEqual([1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0]);
    expect(buddy.hasBlock(9)).toBe(true);
    expect(buddy.hasBlock(10)).toBe(false);
    expect(buddy.allocate(10, 0)).toBe(-1);
  });

  test("the block freed last is handed out first", () => {
    const machine = small(64);
    const [a, b, c] = [0, 0, 0, 0, 0].map((order) => machine.allocPages(order, 0, 0) as Pfn);
    machine.freePages(a!, 0);
    machine.freePages(c!, 0);
    expect(machine.allocPages(0, 0, 0)).toBe(c);
    expect(machine.allocPages(0, 0, 0)).toBe(a);
    expect(b).toBe(a! + 1);
  });

  test("a free block of the next zone is no buddy", () => {
    const machine = new Machine({
      pageBytes: 4096,
      backing: "size-only",
      zones: [
        { kind: "DMA32", pages: 5, watermarks: NO_WATERMARKS },
        { kind: "NORMAL", pages: 3, watermarks: NO_WATERMARKS },
      ],
    });
    const pfn = machine.zones[0]!.buddy.allocate(0, 0) as Pfn;
    expect(pfn).toBe(machine.zones[0]!.endPfn - 1);
    machine.zones[0]!.buddy.release(pfn, 0);
    machine.check();
    expect(machine.zones.map((zone) => zone.freePages)).toEqual([5, 3]);
  });

  test("the lists can be walked", () => {
    const { buddy } = small(7).zones[0]!;
    const listed: number[][] = [];
    buddy.forEachListed((pfn, order) => listed.push([pfn, order]));
    expect(listed).toEqual([
      [1030, 0],
      [1028, 1],
      [1024, 2],
    ]);
  });
});

describe("machines far beyond the host's memory", () => {
  test("1 TiB of 4 KiB pages is made at once and costs what is touched", () => {
    const before = process.memoryUsage().rss;
    const machine = small(2 ** 28);
    expect(machine.freePageCount()).toBe(2 ** 28);
    expect(machine.zones[0]!.buddy.freeBlocksByOrder().at(-1)).toBe(2 ** 18);
    const owner = machine.registerOwner("pool");
    const first = machine.allocPages(10, GFP_KERNEL, owner) as Pfn;
    for (let i = 0; i < 100_000; i++) machine.allocPages(0, GFP_KERNEL, owner);
    machine.check();
    expect(machine.freePageCount()).toBe(2 ** 28 - 1024 - 100_000);
    machine.freePages(first, 10);
    expect(machine.memory.residentBytes()).toBe(0);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 * 1024 * 1024);
  });

  test("the highest page frame of the largest machine works", () => {
    const pages = 2 ** 30 - 1024;
    const machine = small(pages);
    const { buddy } = machine.zones[0]!;
    expect(machine.endPfn).toBe(2 ** 30);
    expect(buddy.frontierEnd).toBe(2 ** 30);
    expect(buddy.allocate(10, 0)).toBe(1024);
  });
});
