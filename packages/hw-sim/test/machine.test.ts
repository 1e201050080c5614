import { Container } from "inversify";
import { describe, expect, test } from "vitest";
import {
  ENOMEM,
  GFP_KERNEL,
  GFP_NOWAIT,
  MACHINE,
  Machine,
  type MachineOptions,
  NO_WATERMARKS,
  type Pfn,
  __GFP_DMA32,
  __GFP_HIGHMEM,
  __GFP_NOWARN,
  __GFP_ZERO,
  machineCounters,
  machineModule,
  x86_64,
} from "../src/index.ts";

const options: MachineOptions = {
  pageBytes: 4096,
  zones: [{ kind: "NORMAL", pages: 64, watermarks: NO_WATERMARKS }],
};

describe("options", () => {
  const zone = options.zones[0]!;
  const bad: [string, Partial<MachineOptions>][] = [
    ["no zone", { zones: [] }],
    ["an unknown zone", { zones: [{ kind: "DMA" as "DMA32", pages: 1 }] }],
    ["zones in the wrong order", { zones: [zone, { kind: "DMA32", pages: 1 }] }],
    ["a zone twice", { zones: [zone, zone] }],
    ["a zone of no pages", { zones: [{ kind: "NORMAL", pages: 0 }] }],
    ["half a page", { zones: [{ kind: "NORMAL", pages: 1.5 }] }],
    ["too many pages", { zones: [{ kind: "NORMAL", pages: 2 ** 30 }] }],
    [
      "too many pages together",
      {
        zones: [
          { ...zone, pages: 2 ** 29 },
          { kind: "HIGHMEM", pages: 2 ** 29 },
        ],
      },
    ],
    ["watermarks out of order", { zones: [{ ...zone, watermarks: { minPages: 2, lowPages: 1, highPages: 3 } }] }],
    ["a negative watermark", { zones: [{ ...zone, watermarks: { minPages: -1, lowPages: 1, highPages: 3 } }] }],
    ["an unknown backing", { backing: "disk" as "size-only" }],
    ["no CPU", { cpus: 0 }],
    ["a seed that is no whole number", { seed: 0.5 }],
    ["a negative price", { costModel: { kmapCycles: -1 } }],
    ["a price that is no number", { costModel: { kmapCycles: Number.NaN } }],
    ["copies that never end", { costModel: { copyBytesPerCycle: 0 } }],
  ];

  test.each(bad)("%s is refused", (_, wrong) => {
    expect(() => new Machine({ ...options, ...wrong })).toThrow(
      expect.objectContaining({ code: "ZLAB_MACHINE_OPTIONS" }),
    );
  });

  const ORDER = "zones must be some of DMA32, NORMAL, HIGHMEM, in this order";
  const watermarks = (minPages: number, lowPages: number, highPages: number): Partial<MachineOptions> => ({
    zones: [{ ...zone, watermarks: { minPages, lowPages, highPages } }],
  });

  test.each<[string, Partial<MachineOptions>]>([
    [ORDER, { zones: [] }],
    [ORDER, { zones: [zone, { kind: "DMA32", pages: 1 }] }],
    [ORDER, { zones: [{ kind: "DMA" as "DMA32", pages: 1 }, zone] }],
    ["zone NORMAL must have 1 page or more, not 0", { zones: [{ kind: "NORMAL", pages: 0 }] }],
    ["a machine has at most 1073740800 pages, not 1073740801", { zones: [{ kind: "NORMAL", pages: 2 ** 30 - 1023 }] }],
    ["watermarks of zone NORMAL must be page counts with min <= low <= high, not 1, 0.5, 3", watermarks(1, 0.5, 3)],
    ["watermarks of zone NORMAL must be page counts with min <= low <= high, not 1, 4, 3", watermarks(1, 4, 3)],
    ["backing must be one of array-buffer, shared-array-buffer, size-only, not disk", { backing: "disk" as never }],
    ["region must be one of 1 to 256, counted from 0, not 2 of 2", { region: { index: 2, count: 2 } }],
    ["region must be one of 1 to 256, counted from 0, not -1 of 2", { region: { index: -1, count: 2 } }],
    ["region must be one of 1 to 256, counted from 0, not 0.5 of 2", { region: { index: 0.5, count: 2 } }],
    ["region must be one of 1 to 256, counted from 0, not 0 of 1.5", { region: { index: 0, count: 1.5 } }],
    ["region must be one of 1 to 256, counted from 0, not 0 of 257", { region: { index: 0, count: 257 } }],
    ["seed must be a whole number, not 0.5", { seed: 0.5 }],
    ["a machine has 1 to 4096 CPUs, not 4097", { cpus: 4097 }],
    ["costModel.kmapCycles must be a number from 0, not -1", { costModel: { kmapCycles: -1 } }],
    ["costModel.copyBytesPerCycle must be more than 0", { costModel: { copyBytesPerCycle: 0 } }],
  ])("%s", (message, wrong) => {
    expect(() => new Machine({ ...options, ...wrong })).toThrow(
      expect.objectContaining({ message, code: "ZLAB_MACHINE_OPTIONS" }),
    );
  });

  test("the limits of each are accepted", () => {
    const sizeOnly = { ...options, backing: "size-only" } as const;
    expect(new Machine({ ...sizeOnly, ...watermarks(0, 0, 0), cpus: 4096 }).cpus.count).toBe(4096);
    expect(new Machine({ ...sizeOnly, ...watermarks(3, 3, 3), seed: -1 }).totalPageCount()).toBe(64);
    expect(new Machine({ ...sizeOnly, costModel: { kmapCycles: 0 } }).cost.model.kmapCycles).toBe(0);
    expect(new Machine({ ...sizeOnly, zones: [{ kind: "NORMAL", pages: 1 }] }).totalPageCount()).toBe(1);
    const zones = [{ kind: "NORMAL" as const, pages: 2 ** 19 }];
    expect(new Machine({ ...sizeOnly, zones, region: { index: 255, count: 256 } }).totalPageCount()).toBe(2048);
  });

  test("messages of misuse say what was wrong and what there is", () => {
    const machine = new Machine({ ...options, cpus: 2 });
    const pfn = machine.allocPages(1, GFP_KERNEL, 0) as Pfn;
    expect(() => machine.allocPages(0.5, 0, 0)).toThrow("the order of a block is a whole number from 0 to 10, not 0.5");
    expect(() => machine.freePages(pfn, 0)).toThrow(`page ${pfn} is not the head of an allocated block of order 0`);
    expect(() => machine.zoneOf(9999 as Pfn)).toThrow("the machine has no page 9999");
    expect(() => machine.cpus.runOn(2, () => 0)).toThrow("there is no CPU 2: the machine has CPUs 0 to 1");
    expect(() => machine.cpus.preemptEnable()).toThrow("CPU 0: preemption enabled more often than disabled");
    expect(() => machine.allocPages(0, __GFP_DMA32 | __GFP_HIGHMEM, 0)).toThrow(
      "__GFP_DMA32 and __GFP_HIGHMEM exclude each other: ask for one of them",
    );
    expect(() => new Machine({ ...options, pageBytes: 8192 })).toThrow(
      "page size 8192 is not supported: use 4096, 16384, 65536",
    );
    expect([machine.ownerName(0), machine.ownerName(7)]).toEqual(["nobody", "owner 7"]);
  });

  test("page sizes are 4, 16 and 64 KiB", () => {
    expect([4096, 16_384, 65_536].map((pageBytes) => new Machine({ ...options, pageBytes }).pageShift)).toEqual([
      12, 14, 16,
    ]);
    expect(() => new Machine({ ...options, pageBytes: 8192 })).toThrow(
      expect.objectContaining({ code: "ZLAB_PAGE_SIZE" }),
    );
  });
});

describe("allocPages and freePages", () => {
  test("mark the block with its owner for as long as it is held", () => {
    const machine = new Machine(options);
    const owner = machine.registerOwner("zram0");
    const pfn = machine.allocPages(2, GFP_KERNEL, owner) as Pfn;
    expect(machine.pages.ownerOf(pfn)).toBe(owner);
    expect(machine.ownerName(owner)).toBe("zram0");
    expect(machine.pages.isAllocatedBlock(pfn, 2)).toBe(true);
    expect(machine.pages.headOf(pfn + 3)).toBe(pfn);
    machine.freePages(pfn, 2);
    expect(machine.pages.ownerOf(pfn)).toBe(0);
    expect(machine.ownerName(0)).toBe("nobody");
    expect(machine.ownerName(77)).toBe("owner 77");
  });

  test("a block is given back once, by its head, with its order", () => {
    const machine = new Machine(options);
    const pfn = machine.allocPages(2, GFP_KERNEL, 0) as Pfn;
    const wrong: [number, number][] = [
      [pfn, 0],
      [pfn, 3],
      [pfn + 1, 0],
      [0, 0],
      [-1, 0],
      [machine.endPfn, 0],
      [pfn, 18],
      [2 ** 31, 2],
    ];
    for (const [page, order] of wrong) {
      expect(() => machine.freePages(page as Pfn, order)).toThrow(
        expect.objectContaining({ code: "ZLAB_BAD_PAGE_FREE" }),
      );
    }
    machine.freePages(pfn, 2);
    expect(() => machine.freePages(pfn, 2)).toThrow(expect.objectContaining({ code: "ZLAB_BAD_PAGE_FREE" }));
    machine.check();
    expect(machine.freePageCount()).toBe(64);
  });

  test("an order that makes no sense throws; one that is too large fails as in the kernel", () => {
    const machine = new Machine(options);
    for (const order of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => machine.allocPages(order, GFP_KERNEL, 0)).toThrow(expect.objectContaining({ code: "ZLAB_ORDER" }));
    }
    expect(machine.allocPages(11, GFP_NOWAIT, 0)).toBe(ENOMEM);
    expect(machine.log.lines).toEqual([]);
    expect(machine.allocPages(11, GFP_KERNEL, 0)).toBe(ENOMEM);
    expect(machine.log.lines).toEqual(["WARNING: page allocation of order 11 is above MAX_PAGE_ORDER 10"]);
    machine.check();
  });

  test("the last single page can be had without watermarks, and a failure is logged unless __GFP_NOWARN", () => {
    const machine = new Machine({ ...options, panicOnWarn: true });
    const owner = machine.registerOwner("pool");
    for (let i = 0; i < 64; i++) expect(machine.allocPages(0, GFP_KERNEL, owner)).toBeGreaterThan(0);
    expect(machine.freePageCount()).toBe(0);
    expect(machine.allocPages(0, GFP_KERNEL | __GFP_NOWARN, owner)).toBe(ENOMEM);
    expect(machine.log.lines).toEqual([]);
    expect(machine.allocPages(0, GFP_KERNEL, owner)).toBe(ENOMEM);
    expect(machine.log.lines).toEqual([
      "pool: page allocation failure: order:0, mode:__GFP_DIRECT_RECLAIM|__GFP_KSWAPD_RECLAIM",
    ]);
    expect(machine.failedRequestsByOrder()[0]).toBe(2);
  });

  test("__GFP_ZERO clears every page of the block", () => {
    const machine = new Machine(options);
    const pfn = machine.allocPages(2, GFP_KERNEL, 0) as Pfn;
    for (let page = 0; page < 5; page++) machine.memory.fill((pfn + page) as Pfn, 0, 4096, 0xaa);
    machine.freePages(pfn, 2);
    expect(machine.allocPages(2, GFP_KERNEL | __GFP_ZERO, 0)).toBe(pfn);
    const bytes = machine.memory
      .chunkOf(pfn)
      .subarray(machine.memory.offsetOf(pfn))
      .subarray(0, 5 * 4096);
    expect(bytes.subarray(0, 4 * 4096).every((byte) => byte === 0)).toBe(true);
    expect(bytes[4 * 4096]).toBe(0xaa);
  });

  test("owners run out after 65,535", () => {
    const machine = new Machine(options);
    for (let i = 1; i <= 0xffff; i++) expect(machine.registerOwner("x")).toBe(i);
    expect(() => machine.registerOwner("x")).toThrow(
      expect.objectContaining({
        code: "ZLAB_OWNERS",
        message: "a machine can tell 65535 page owners apart; make a new machine",
      }),
    );
  });
});

describe("sleeping with preemption off", () => {
  test("is reported as the kernel reports it, and the request goes on", () => {
    const machine = new Machine({ ...options, cpus: 2 });
    const owner = machine.registerOwner("zsmalloc");
    machine.cpus.runOn(1, () => {
      machine.cpus.preemptDisable();
      machine.allocPages(0, GFP_NOWAIT, owner);
      expect(machine.log.lines).toEqual([]);
      expect(machine.allocPages(0, GFP_KERNEL, owner)).toBeGreaterThan(0);
      machine.cpus.preemptEnable();
    });
    machine.allocPages(0, GFP_KERNEL, owner);
    expect(machine.log.lines).toEqual([
      "BUG: sleeping function called from invalid context at page_alloc",
      "in_atomic(): 1, irqs_disabled(): 0, non_block: 0, cpu: 1, name: zsmalloc",
      "preempt_count: 1, expected: 0",
    ]);
  });

  test("throws on a machine that panics on warnings, before anything is taken", () => {
    const machine = new Machine({ ...options, panicOnWarn: true });
    machine.cpus.preemptDisable();
    expect(() => machine.allocPages(0, GFP_KERNEL, 0)).toThrow(expect.objectContaining({ code: "ZLAB_KERNEL_PANIC" }));
    expect(machine.freePageCount()).toBe(64);
  });
});

describe("counters", () => {
  test("say what happened, per order", () => {
    const machine = new Machine({ ...options, costModel: { pageAllocCycles: 10, copyBytesPerCycle: 4 } });
    const pfn = machine.allocPages(3, GFP_KERNEL, 0) as Pfn;
    machine.allocPages(0, GFP_KERNEL, 0);
    machine.freePages(pfn, 3);
    machine.allocPages(7, GFP_NOWAIT, 0);
    machine.cost.copy(100);
    expect(machineCounters(machine)).toEqual({
      freePages: 63,
      allocatedBlocks: [1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      freedBlocks: [0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
      failedRequests: [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
      injectedFailures: 0,
      kswapdWakeups: 1,
      kmaps: 0,
      tlbFlushesLocal: 0,
      tlbFlushesBroadcast: 0,
      copiedBytes: 100,
      cycles: 30 + 25,
      preemptOffCycles: 0,
      longestPreemptOffCycles: 0,
    });
  });

  test("a broadcast TLB flush has its own price", () => {
    const { cost } = new Machine({ ...options, costModel: { tlbFlushBroadcastCycles: 7 } });
    cost.tlbFlushBroadcast();
    cost.spend(3);
    expect([cost.tlbFlushesBroadcast, cost.cycles]).toEqual([1, 10]);
  });
});

describe("the container", () => {
  test("shares one machine", () => {
    const container = new Container();
    container.load(machineModule(x86_64(2 ** 20)));
    expect(container.get<Machine>(MACHINE)).toBe(container.get<Machine>(MACHINE));
    expect(container.get<Machine>(MACHINE).totalPageCount()).toBe(256);
  });
});
