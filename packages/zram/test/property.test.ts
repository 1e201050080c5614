// Random histories on small devices against a map of pages: contents are always right, the statistics are those of the map, and a
// reset gives every page back.

import { isSameFilled } from "@zlab/codecs";
import { type ZramEra, memoryBackingOpener } from "@zlab/zram";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type TestDevice, makeDevice, noisePage, seed, written } from "./devices.ts";

const PAGES = 24;
const PAGE_BYTES = 4096;
const ZEROS = new Uint8Array(PAGE_BYTES);

/** Pages of every kind: same-filled, compressible in many degrees, incompressible. */
const pageContent: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.integer({ min: 0, max: 255 }).map((byte) => new Uint8Array(PAGE_BYTES).fill(byte)),
  fc
    .tuple(fc.integer({ min: 1, max: 1e6 }), fc.integer({ min: 8, max: PAGE_BYTES }))
    .map(([from, random]) => noisePage(from, random)),
  fc.integer({ min: 1, max: 1e6 }).map((from) => noisePage(from, PAGE_BYTES).map((byte) => byte & 0x0f)),
);

const slot = fc.nat({ max: PAGES - 1 });

const attributeWrites: fc.Arbitrary<readonly [string, string]> = fc.constantFrom(
  ["compact", "1"],
  ["idle", "all"],
  ["idle", "1"],
  ["mem_used_max", "0"],
  ["mem_limit", "0"],
  ["mem_limit", "64K"],
  ["recompress", "type=huge"],
  ["recompress", "type=idle max_pages=3"],
  ["recompress", "threshold=2000"],
  ["recompress", "algo=zstd"],
  ["writeback", "idle"],
  ["writeback", "huge"],
  ["writeback", "incompressible"],
  ["writeback", "page_index=3"],
  ["writeback_limit_enable", "1"],
  ["writeback_limit_enable", "0"],
  ["writeback_limit", "3"],
);

type Command =
  | { readonly do: "write"; readonly index: number; readonly page: Uint8Array }
  | { readonly do: "discard"; readonly index: number; readonly count: number }
  | { readonly do: "read"; readonly index: number }
  | { readonly do: "attribute"; readonly name: string; readonly text: string }
  | { readonly do: "fail-backing" };

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("write" as const), index: slot, page: pageContent }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("discard" as const), index: slot, count: fc.integer({ min: 1, max: 4 }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("read" as const), index: slot }) },
  { weight: 4, arbitrary: attributeWrites.map(([name, text]) => ({ do: "attribute" as const, name, text })) },
  { weight: 1, arbitrary: fc.constant({ do: "fail-backing" as const }) },
);

/** The device beside the map. */
class Pair {
  readonly #device: TestDevice;
  readonly #pages = new Map<number, Uint8Array>();
  #discards = 0;
  #failedWrites = 0;

  constructor(device: TestDevice) {
    this.#device = device;
  }

  run(action: Command): void {
    const { zram } = this.#device;
    if (action.do === "write") this.#write(action.index, action.page);
    if (action.do === "read") this.#compare(action.index);
    if (action.do === "discard") this.#discard(action.index, Math.min(action.count, PAGES - action.index));
    if (action.do === "attribute") written(zram, action.name, action.text);
    if (action.do === "fail-backing") zram.backingFaults.failNext(1);
    this.#checkStatistics();
  }

  finish(freePages: number): void {
    const { zram, machine } = this.#device;
    zram.backingFaults.failNext(0);
    for (let index = 0; index < PAGES; index++) this.#compare(index);
    zram.reset();
    expect(machine.freePageCount()).toBe(freePages);
  }

  #write(index: number, page: Uint8Array): void {
    if (this.#device.zram.write(index * PAGE_BYTES, page) === 0) this.#pages.set(index, page);
    else this.#failedWrites++;
  }

  #discard(index: number, count: number): void {
    expect(this.#device.zram.discard(index * PAGE_BYTES, count * PAGE_BYTES)).toBe(0);
    for (let i = index; i < index + count; i++) this.#pages.delete(i);
    this.#discards += count;
  }

  #compare(index: number): void {
    const target = new Uint8Array(PAGE_BYTES);
    // A failure of the backing device, asked for before, may hit this read; the next one finds the page as it was.
    const isBacked = this.#device.zram.blockState().includes(`${String(index).padStart(12)} `);
    const result = this.#device.zram.read(index * PAGE_BYTES, target);
    if (result !== 0) {
      expect([result, isBacked]).toEqual([-5, true]);
      expect(this.#device.zram.read(index * PAGE_BYTES, target)).toBe(0);
    }
    expect(Buffer.compare(target, this.#pages.get(index) ?? ZEROS)).toBe(0);
  }

  #checkStatistics(): void {
    const { zram } = this.#device;
    zram.check();
    zram.store!.backend.check(3);
    const [orig, compressed, used, , , same, , huge, hugeEver] = zram.mmStat() as [number, ...number[]];
    const pages = [...this.#pages.values()];
    expect(orig).toBe(pages.length * PAGE_BYTES);
    expect(same).toBe(pages.filter((page) => isSameFilled(page)).length);
    expect(used! % PAGE_BYTES).toBe(0);
    expect(compressed).toBeLessThanOrEqual(used!);
    expect(huge! * PAGE_BYTES).toBeLessThanOrEqual(compressed!);
    expect(huge).toBeLessThanOrEqual(hugeEver!);
    expect(zram.ioStat()).toEqual([0, this.#failedWrites, 0, this.#discards]);
  }
}

describe.each([
  ["6.18", "lzo-rle"],
  ["6.12", "lz4"],
] satisfies [ZramEra, string][])("Linux %s with %s", (era, algorithm) => {
  test("any history", () => {
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 60 }), (commands) => {
        let now = 1_000_000;
        const clock = () => (now += 400_000);
        const device = makeDevice({ era, clock, openBacking: memoryBackingOpener({ disk: 9 }) });
        const freePages = device.machine.freePageCount();
        for (const [name, text] of [
          ["backing_dev", "disk"],
          ["comp_algorithm", algorithm],
          ["recomp_algorithm", "algo=lzo priority=1"],
          ["recomp_algorithm", "algo=zstd priority=2"],
          ["disksize", String(PAGES * PAGE_BYTES)],
        ] as const) {
          expect(written(device.zram, name, text)).toBe(text.length);
        }
        const pair = new Pair(device);
        for (const action of commands) pair.run(action);
        pair.finish(freePages);
      }),
      { seed, numRuns: 60 },
    );
  });
});
