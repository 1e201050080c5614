// One memory, several threads: each with its own machine over its own pages, all with the same bytes.

import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { describe, expect, test } from "vitest";
import {
  FIRST_PFN,
  GFP_KERNEL,
  Machine,
  type MachineOptions,
  NO_WATERMARKS,
  OpenTables,
  type Pfn,
  PhysicalMemory,
  __GFP_MEMALLOC,
  __GFP_NOWARN,
  isErrno,
  openMachine,
  x86_32,
  x86_64,
} from "../src/index.ts";

const MIB = 2 ** 20;

function shared(memoryBytes: number, count: number): Machine {
  return new Machine({ ...x86_64(memoryBytes), backing: "shared-array-buffer", region: { index: 0, count } });
}

describe("regions", () => {
  test.each([1, 2, 3, 7])("%i of them make up the machine, without a page in common", (count) => {
    const first = shared(30 * MIB, count);
    const share = first.share();
    const machines = Array.from({ length: count }, (_, index) => (index === 0 ? first : openMachine(share, index)));
    const pages = new Set<number>();
    let handedOut = 0;
    for (const machine of machines) {
      for (;;) {
        const pfn = machine.allocPages(0, __GFP_MEMALLOC | __GFP_NOWARN, 0);
        if (isErrno(pfn)) break;
        pages.add(pfn);
        handedOut++;
      }
      machine.check();
    }
    expect([handedOut, pages.size]).toEqual([(30 * MIB) / 4096, (30 * MIB) / 4096]);
  });

  test("divide each zone and its watermarks", () => {
    const options: MachineOptions = { ...x86_32(1024 * MIB), backing: "shared-array-buffer" };
    const whole = new Machine(options);
    const second = openMachine({ ...new Machine({ ...options, region: { index: 0, count: 2 } }).share() }, 1);
    expect(second.zones.map(({ kind, totalPages }) => [kind, totalPages])).toEqual([
      ["NORMAL", (448 * MIB) / 4096],
      ["HIGHMEM", (64 * MIB) / 4096],
    ]);
    expect(second.zones[0]!.watermarks.lowPages).toBe(whole.zones[0]!.watermarks.lowPages >> 1);
    expect(second.highmemStartPfn).toBe(whole.highmemStartPfn);
    expect(second.totalPageCount()).toBe(whole.totalPageCount() / 2);
  });

  test("a page of another region is not this machine's to free or to ask about", () => {
    const first = shared(100 * MIB, 2);
    const second = openMachine(first.share(), 1);
    const theirs = second.allocPages(0, GFP_KERNEL, 0) as Pfn;
    expect(() => first.freePages(theirs, 0)).toThrow(expect.objectContaining({ code: "ZLAB_BAD_PAGE_FREE" }));
    expect(() => first.zoneOf(theirs)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_PAGE" }));
    expect(() => second.zoneOf(FIRST_PFN as Pfn)).toThrow(expect.objectContaining({ code: "ZLAB_NO_SUCH_PAGE" }));
  });

  test.each([
    { index: 2, count: 2 },
    { index: -1, count: 2 },
    { index: 0, count: 0 },
    { index: 0.5, count: 2 },
    { index: 0, count: 257 },
  ])("$index of $count is refused", (region) => {
    expect(() => new Machine({ ...x86_64(64 * MIB), region })).toThrow(
      expect.objectContaining({ code: "ZLAB_MACHINE_OPTIONS" }),
    );
  });

  test("a region without a page is refused", () => {
    const zones = [{ kind: "NORMAL", pages: 100, watermarks: NO_WATERMARKS }] as const;
    expect(() => new Machine({ pageBytes: 4096, zones, region: { index: 0, count: 2 } })).toThrow(/has no page/);
  });
});

describe("sharing", () => {
  test.each([MIB, 100 * MIB])("%i bytes of memory are the same for all who opened them", (bytes) => {
    const machine = new Machine({ ...x86_64(bytes), backing: "shared-array-buffer" });
    const memory = PhysicalMemory.open(machine.memory.share());
    const pfn = machine.allocPages(0, GFP_KERNEL, 0) as Pfn;
    machine.memory.copyIn(pfn, 1, Uint8Array.of(1, 2, 3), 0, 3);
    const target = new Uint8Array(30);
    memory.copyOut(pfn, 0, target, 0, 30);
    expect([...target.subarray(0, 5)]).toEqual([0, 1, 2, 3, 0]);
    expect(memory.buffer(10).byteOffset).toBe(0);
  });

  test("threads have staging areas of their own", () => {
    const first = shared(100 * MIB, 2);
    const second = openMachine(first.share(), 1);
    const [mine, theirs] = [first.memory.buffer(4096), second.memory.buffer(4096)];
    expect(mine.buffer).toBe(first.memory.chunkOf(FIRST_PFN as Pfn).buffer);
    mine.fill(1);
    theirs.fill(2);
    second.memory.copyOut(FIRST_PFN as Pfn, 0, new Uint8Array(4096), 0, 4096);
    expect([mine.every((byte) => byte === 1), theirs.every((byte) => byte === 2)]).toEqual([true, true]);
  });

  test("a machine that one thread has to itself can be opened whole, to read it", () => {
    const machine = new Machine({ ...x86_64(MIB), backing: "shared-array-buffer" });
    const opened = openMachine(machine.share(), 0);
    expect(opened.totalPageCount()).toBe(machine.totalPageCount());
    expect(() => openMachine(machine.share(), 1)).toThrow("region must be one of 1 to 256, counted from 0, not 1 of 1");
  });

  test("a machine of another backing can't be shared", () => {
    const share = (): unknown => new Machine(x86_64(MIB)).share();
    expect(share).toThrow(expect.objectContaining({ code: "ZLAB_SHARE" }));
  });
});

describe("tables", () => {
  test("are zero, of their length, and the same in every opening", () => {
    const { tables } = new Machine({ ...x86_64(MIB), backing: "shared-array-buffer" });
    const made = [tables.uint8(3, "a"), tables.uint16(3, "b"), tables.int32(3, "c"), tables.float64(3, "d")];
    made.forEach((table, i) => {
      expect([...table]).toEqual([0, 0, 0]);
      table[1] = i + 1;
    });
    const open = new OpenTables(tables.share());
    expect([open.uint8("a"), open.uint16("b"), open.int32("c"), open.float64("d")]).toEqual(made);
    expect(open.float64("d").buffer).toBe(made[3]!.buffer);
  });

  test("have one label each, which can be given back", () => {
    const { tables } = new Machine({ ...x86_64(MIB), backing: "shared-array-buffer" });
    tables.int32(1, "pool 1/handles");
    tables.int32(1, "pool 10/handles");
    expect(() => tables.uint8(1, "pool 1/handles")).toThrow(expect.objectContaining({ code: "ZLAB_TABLES" }));
    tables.release("pool 1/");
    expect(tables.share().map(({ label }) => label)).toEqual(["pool 10/handles"]);
    const open = new OpenTables(tables.share());
    expect(() => open.int32("pool 1/handles")).toThrow(/none of that name/);
    expect(() => open.uint8("pool 10/handles")).toThrow(/it is int32/);
  });

  test("are plain arrays, with nothing kept, on a machine that isn't shared", () => {
    const { tables } = new Machine(x86_64(MIB));
    expect(tables.int32(2, "a").buffer).toBeInstanceOf(ArrayBuffer);
    expect([tables.int32(2, "a").length, tables.share().length]).toEqual([2, 0]);
  });
});

test("another thread opens the machine, writes a page of its own and a table, and reads a page of ours", async () => {
  const machine = shared(200 * MIB, 2);
  const pfn = machine.allocPages(0, GFP_KERNEL, 0) as Pfn;
  machine.memory.copyIn(pfn, 0, new TextEncoder().encode("from the first"), 0, 14);
  const places = machine.tables.int32(4, "places");
  places[0] = pfn;
  const worker = new Worker(fileURLToPath(new URL("sharing-worker.ts", import.meta.url)), {
    workerData: machine.share(),
  });
  const [theirs] = (await once(worker, "message")) as [{ read: string; tables: ReturnType<TableShare> }];
  await once(worker, "exit");
  expect(theirs.read).toBe("from the first");
  const text = new Uint8Array(15);
  const theirPfn = places[1]! as Pfn;
  expect(theirPfn).toBeGreaterThanOrEqual(machine.zones.at(-1)!.endPfn);
  machine.memory.copyOut(theirPfn, 4000, text, 0, 15);
  expect(new TextDecoder().decode(text)).toBe("from the second");
  expect(new OpenTables(theirs.tables).float64("theirs")[7]).toBe(0.5);
});

type TableShare = Machine["tables"]["share"];
