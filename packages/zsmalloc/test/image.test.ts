// Images: a pool that is written down and made again goes on exactly as the original.

import {
  GFP_KERNEL,
  type Machine,
  type MachineOptions,
  NO_WATERMARKS,
  Prng,
  __GFP_HIGHMEM,
  forEachAllocatedPage,
  isErrno,
  machineCounters,
  machineImage,
  restoreMachine,
} from "@zlab/hw-sim";
import { type Handle, MapMode, type PoolImage, type PoolOptions } from "@zlab/zpool";
import { type ZsPool, zsmallocDriver } from "@zlab/zsmalloc";
import fc from "fast-check";
import { expect, test } from "vitest";
import { smallMachine, zsPool } from "./fixtures.ts";

const seed = Number(process.env["ZLAB_SEED"] ?? 1);

/** The machine and the pool again, with the bytes of all pages. */
function restored(machine: Machine, pool: ZsPool): { machine: Machine; pool: ZsPool } {
  const image = machineImage(machine);
  const copy = restoreMachine({ ...image, ownerNames: image.ownerNames.slice(0, pool.ownerNumber) });
  const buffer = new Uint8Array(machine.pageBytes);
  forEachAllocatedPage(machine, (pfn) => {
    machine.memory.copyOut(pfn, 0, buffer, 0, buffer.length);
    copy.memory.copyIn(pfn, 0, buffer, 0, buffer.length);
  });
  return { machine: copy, pool: zsmallocDriver.restore!(copy, pool.name, pool.image()) as ZsPool };
}

/** Random operations; returns what each of them gave. `live` are the objects, with the seeds of their bytes. */
function play(pool: ZsPool, live: [Handle, number, number][], operations: number, programSeed: number): unknown[] {
  const prng = new Prng(programSeed);
  const { pageBytes } = pool.machine;
  const buffer = new Uint8Array(pageBytes);
  return Array.from({ length: operations }, (_, i) => {
    const kind = prng.below(100);
    if (kind < 55 || live.length === 0) {
      const bytes = 1 + prng.below(pageBytes + 20);
      const handle = pool.malloc(bytes, GFP_KERNEL | __GFP_HIGHMEM);
      if (isErrno(handle)) return handle;
      pool.write(handle, buffer.fill(i), 0, bytes);
      live.push([handle, i, bytes]);
      return [handle, pool.placementOf(handle)];
    }
    if (kind < 94) {
      const [[handle, contents, bytes]] = live.splice(prng.below(live.length), 1) as [[Handle, number, number]];
      pool.read(handle, buffer, 0, bytes);
      expect(buffer.findIndex((byte, at) => at < bytes && byte !== (contents & 255))).toBe(-1);
      pool.free(handle);
      return pool.totalPages();
    }
    if (kind < 98) {
      const [handle] = live[prng.below(live.length)]!;
      const { bytes, offset } = pool.map(handle, MapMode.RO);
      const first = bytes[offset];
      pool.unmap(handle);
      return first;
    }
    const moved: Handle[] = [];
    return [pool.compact((handle) => moved.push(handle)), moved];
  });
}

function observed(machine: Machine, pool: ZsPool): unknown {
  return [pool.stats(), pool.classRows(), pool.fullnessLists(), machineCounters(machine)];
}

const highmem: Partial<MachineOptions> = {
  zones: [
    { kind: "NORMAL", pages: 60, watermarks: { minPages: 10, lowPages: 40, highPages: 50 } },
    { kind: "HIGHMEM", pages: 60, watermarks: NO_WATERMARKS },
  ],
};
const cases: [PoolOptions, Partial<MachineOptions>][] = [
  [{}, {}],
  [{ era: "linux-4.x", chainSize: 5 }, highmem],
  [{ era: "linux-3.10" }, {}],
  [{ layout: "in-page", mapping: "page-table", fullness: "three-quarters" }, { pageBytes: 16384 }],
  [{ era: "rfc-2026", compaction: "ideal" }, { costModel: { copyBytesPerCycle: 3 } }],
];

test.each(cases)("goes on exactly as the original: %o on %o", (options, machineOptions) => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(), (operations, programSeed) => {
      const machine = smallMachine(machineOptions);
      machine.registerOwner("somebody before");
      const pool = zsPool(machine, options);
      const live: [Handle, number, number][] = [];
      play(pool, live, operations, programSeed);
      const copy = restored(machine, pool);
      copy.machine.check();
      copy.pool.check(3);
      expect(observed(copy.machine, copy.pool)).toEqual(observed(machine, pool));
      expect(copy.pool.image()).toEqual(pool.image());
      const copyOfLive = live.map((object) => [...object] as [Handle, number, number]);
      expect(play(copy.pool, copyOfLive, 100, programSeed + 1)).toEqual(play(pool, live, 100, programSeed + 1));
      expect(observed(copy.machine, copy.pool)).toEqual(observed(machine, pool));
      expect(machineImage(copy.machine).tables).toEqual(machineImage(machine).tables);
    }),
    { seed, numRuns: 3 },
  );
});

test("has nothing in the image that is no state", () => {
  const used = zsPool(smallMachine());
  const handles = Array.from({ length: 300 }, (_, i) => used.malloc(1 + i * 13, GFP_KERNEL) as Handle);
  for (const handle of handles) used.free(handle);
  const words = used.image().tables["zspages"] as Int32Array;
  const { firstSegment } = used.zspages;
  expect(words.subarray(0, firstSegment)).toEqual(used.zspages.copyWords().subarray(0, firstSegment));
  const links = words.subarray(firstSegment).filter((word) => word !== 0);
  const others = used.zspages
    .copyWords()
    .subarray(firstSegment)
    .filter((word) => word !== 0);
  expect(links.length).toBeLessThan(others.length / 10);
});

test("writes no pool down of which an object is mapped", () => {
  const pool = zsPool(smallMachine());
  const handle = pool.malloc(100, GFP_KERNEL) as Handle;
  pool.map(handle, MapMode.RW);
  expect(() => pool.image()).toThrow(/image while 1 objects are mapped/);
  expect(() => machineImage(pool.machine)).toThrow(/CPU 0 has a page mapped or preemption off/);
});

test.each<[string, (tables: Record<string, unknown>) => void, RegExp]>([
  ["a missing table", (tables) => delete tables["handles"], /table handles is missing/],
  ["another kind", (tables) => (tables["handles"] = new Float64Array(1)), /table handles has entries of another kind/],
  ["no cells", (tables) => (tables["handles"] = new Int32Array()), /entry 0: cell 0 is none/],
  ["a list head too few", (tables) => (tables["handles.free"] = new Int32Array(1)), /has 1 entries, expected 2/],
  [
    "half a segment",
    (tables) => (tables["zspages"] = (tables["zspages"] as Int32Array).slice(1)),
    /class \d+ is another/,
  ],
  [
    "no class of a segment",
    (tables) => (tables["zspage.segments"] as Int32Array).fill(7),
    /table zspage\.segments, entry 0: 7 is no class/,
  ],
  [
    "a segment too many",
    (tables) => (tables["zspage.segments"] = new Int32Array(99)),
    /not a class for each segment of the table/,
  ],
  ["a negative counter", (tables) => ((tables["pool.counters"] as Float64Array)[2] = -1), /entry 2: -1 counts nothing/],
  ["half an event", (tables) => ((tables["pool.counters"] as Float64Array)[3] = 0.5), /entry 3: 0.5 counts nothing/],
])("refuses %s", (_what, change, message) => {
  const pool = zsPool(smallMachine());
  pool.malloc(1000, GFP_KERNEL);
  const image: PoolImage = pool.image();
  change(image.tables as Record<string, unknown>);
  expect(() => zsmallocDriver.restore!(smallMachine(), "copy", image)).toThrow(message);
});

test("takes no other owner's pages", () => {
  const image = zsPool(smallMachine()).image();
  const machine = smallMachine();
  machine.registerOwner("another");
  expect(() => zsmallocDriver.restore!(machine, "copy", image)).toThrow(/owner 2 on this machine and 1 in its image/);
});
