// Every way in which bytes get into, out of and around the machine's memory, against plain arrays.

import fc from "fast-check";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { hasWebAssembly, newWasmMemory } from "../src/copy-module.ts";
import { type MemoryBacking, type Pfn, PhysicalMemory } from "../src/index.ts";

const PAGE_BYTES = 4096;
const PAGES = 3; // of the window that is looked at: one before a border between chunks, two behind it
const seed = Number(process.env["ZLAB_SEED"] ?? 1);
const rangeError = expect.objectContaining({ code: "ZLAB_MEMORY_RANGE" });

interface Kind {
  readonly name: string;
  readonly memory: PhysicalMemory;
  /** Pages of a chunk. */
  readonly chunkPages: number;
}

function kind(name: string, endPfn: number, backing: MemoryBacking): Kind {
  const memory = new PhysicalMemory(PAGE_BYTES, endPfn, backing);
  return { name, memory, chunkPages: memory.chunkBytes / PAGE_BYTES };
}

/** A machine in a host without WebAssembly; its chunks are made under the same condition. */
function withoutWebAssembly(): Kind {
  vi.stubGlobal("WebAssembly", undefined);
  const made = kind("array-buffer, no WebAssembly", 2 ** 15, "array-buffer");
  made.memory.fill(0 as Pfn, 0, 1, 1);
  made.memory.fill((2 ** 14) as Pfn, 0, 1, 1);
  vi.unstubAllGlobals();
  return made;
}

const kinds: readonly Kind[] = [
  kind("array-buffer, small", 2 ** 12, "array-buffer"),
  kind("shared-array-buffer, small", 2 ** 12, "shared-array-buffer"),
  kind("array-buffer, WebAssembly", 2 ** 19 + 8, "array-buffer"),
  kind("shared-array-buffer, WebAssembly", 2 ** 19 + 8, "shared-array-buffer"),
  withoutWebAssembly(),
];
afterAll(() => vi.unstubAllGlobals());

/** What a copy moves between: one of a few buffers that come again and again, a new one, or one in the machine's memory. */
const WHERE = ["again", "again too", "new", "exact", "staged", "part of staged"] as const;

interface Step {
  readonly op: "in" | "out" | "within" | "fill";
  readonly where: (typeof WHERE)[number];
  readonly page: number;
  readonly offset: number;
  readonly page2: number;
  readonly offset2: number;
  readonly bufferOffset: number;
  readonly length: number;
  readonly value: number;
}

const lengths = fc.oneof(fc.nat(40), fc.nat(PAGE_BYTES), fc.constantFrom(0, 1, 63, 64, 4095, PAGE_BYTES));
const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom("in", "in", "out", "out", "within", "fill"),
    where: fc.constantFrom(...WHERE),
    page: fc.nat(PAGES - 1),
    offset: fc.nat(PAGE_BYTES),
    page2: fc.nat(PAGES - 1),
    offset2: fc.nat(PAGE_BYTES),
    bufferOffset: fc.oneof(fc.constant(0), fc.nat(4100)),
    length: lengths,
    value: fc.nat(255),
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

describe.each(kinds)("copies over $name", ({ memory, chunkPages }) => {
  const first = chunkPages - 1;
  const pfnOf = (page: number): Pfn => (first + page) as Pfn;
  const again = [new Uint8Array(8200), new Uint8Array(8200)];
  const staged = memory.buffer(8200);

  /** A buffer with random content from `bufferOffset` on, and the place of that in it. */
  function bufferOf({ where, bufferOffset, length, value }: Step): [Uint8Array, number] {
    const bytes = Uint8Array.from({ length }, (_, i) => value + i * 7 + (i >> 8));
    if (where === "exact") return [bytes, 0];
    if (where === "part of staged") {
      const part = staged.subarray(bufferOffset, bufferOffset + length);
      part.set(bytes);
      return [part, 0];
    }
    const buffer =
      where === "again"
        ? again[0]!
        : where === "again too"
          ? again[1]!
          : where === "staged"
            ? staged
            : new Uint8Array(8200);
    buffer.set(bytes, bufferOffset);
    return [buffer, bufferOffset];
  }

  function expectWindow(model: Uint8Array): void {
    const got = new Uint8Array(PAGE_BYTES);
    for (let page = 0; page < PAGES; page++) {
      memory.copyOut(pfnOf(page), 0, got, 0, PAGE_BYTES);
      expect(Buffer.compare(got, model.subarray(page * PAGE_BYTES, (page + 1) * PAGE_BYTES))).toBe(0);
    }
  }

  function clearedWindow(): Uint8Array {
    for (let page = 0; page < PAGES; page++) memory.fill(pfnOf(page), 0, PAGE_BYTES, 0);
    return new Uint8Array(PAGES * PAGE_BYTES);
  }

  function run(step: Step, model: Uint8Array): void {
    const pfn = pfnOf(step.page);
    const pfn2 = pfnOf(step.page2);
    const length = Math.min(step.length, PAGE_BYTES - step.offset);
    const at = step.page * PAGE_BYTES + step.offset;
    if (step.op === "fill") {
      memory.fill(pfn, step.offset, length, step.value);
      model.fill(step.value, at, at + length);
    } else if (step.op === "within") {
      const both = Math.min(length, PAGE_BYTES - step.offset2);
      const from = step.page2 * PAGE_BYTES + step.offset2;
      memory.copyWithin(pfn, step.offset, pfn2, step.offset2, both);
      model.copyWithin(at, from, from + both);
    } else if (step.op === "in") {
      const [buffer, offset] = bufferOf({ ...step, length });
      memory.copyIn(pfn, step.offset, buffer, offset, length);
      model.set(buffer.subarray(offset, offset + length), at);
    } else {
      const [buffer, offset] = bufferOf({ ...step, length });
      const expected = buffer.slice();
      expected.set(model.subarray(at, at + length), offset);
      memory.copyOut(pfn, step.offset, buffer, offset, length);
      expect(Buffer.compare(buffer, expected)).toBe(0);
    }
  }

  test("move what they should and nothing else", () => {
    fc.assert(
      fc.property(steps, (program) => {
        const model = clearedWindow();
        for (const step of program) run(step, model);
        expectWindow(model);
      }),
      { seed, numRuns: 60 },
    );
  });

  test("move parts of a source that comes again and again, then of another", () => {
    fc.assert(
      fc.property(steps, (program) => {
        const model = clearedWindow();
        for (const [pass, where] of (["again", "again too"] as const).entries()) {
          for (const step of program) run({ ...step, op: "in", where, value: step.value + pass }, model);
        }
        expectWindow(model);
      }),
      { seed, numRuns: 20 },
    );
  });

  test("take blocks of many pages", () => {
    const bytes = Uint8Array.from({ length: 20 * PAGE_BYTES }, (_, i) => i * 31 + (i >> 9));
    memory.copyIn(0 as Pfn, 5, bytes, 3, bytes.length - 3);
    const target = new Uint8Array(bytes.length);
    memory.copyOut(0 as Pfn, 5, target, 3, bytes.length - 3);
    expect(Buffer.compare(target.subarray(3), bytes.subarray(3))).toBe(0);
    expect([...target.subarray(0, 3)]).toEqual([0, 0, 0]);
  });

  test("are refused when they leave the chunk or the buffer", () => {
    const near = pfnOf(0);
    const far = pfnOf(1);
    for (const buffer of [new Uint8Array(8), memory.buffer(8)]) {
      expect(() => memory.copyIn(near, 4090, buffer, 0, 8)).toThrow(rangeError);
      expect(() => memory.copyOut(near, 4090, buffer, 0, 8)).toThrow(rangeError);
      expect(() => memory.copyIn(far, -1, buffer, 0, 8)).toThrow(rangeError);
      expect(() => memory.copyIn(far, 0, buffer, 1, 8)).toThrow(rangeError);
      expect(() => memory.copyIn(far, 0, buffer, -1, 4)).toThrow(rangeError);
      expect(() => memory.copyIn(far, Number.NaN, buffer, 0, 4)).toThrow(rangeError);
      expect(() => memory.copyOut(far, 0, buffer, 4, 5)).toThrow(rangeError);
      expect(() => memory.copyOut(far, 0, buffer, 0, -1)).toThrow(rangeError);
    }
    expect(() => memory.copyWithin(near, 4090, far, 0, 8)).toThrow(rangeError);
    expect(() => memory.copyWithin(far, 0, near, 4090, 8)).toThrow(rangeError);
    expect(() => memory.fill(near, 4090, 8, 1)).toThrow(rangeError);
  });
});

describe("buffers of the machine's memory", () => {
  test("lie beside the pages, apart from each other, and are zero", () => {
    const memory = new PhysicalMemory(PAGE_BYTES, 2 ** 14, "array-buffer");
    const buffers = [memory.buffer(100), memory.buffer(1), memory.buffer(5000)];
    const chunk = memory.chunkOf(0 as Pfn);
    let end = chunk.length;
    for (const buffer of buffers) {
      expect(buffer.buffer).toBe(chunk.buffer);
      expect(buffer.byteOffset).toBeGreaterThanOrEqual(end);
      expect(buffer.every((byte) => byte === 0)).toBe(true);
      end = buffer.byteOffset + buffer.length;
      buffer.fill(0xff);
    }
    expect(chunk.length).toBe(2 ** 26);
  });

  test("survive copies that go by way of the scratch area", () => {
    const memory = new PhysicalMemory(PAGE_BYTES, 2 ** 14, "array-buffer");
    const mine = memory.buffer(64).fill(7);
    memory.copyOut(5 as Pfn, 0, new Uint8Array(PAGE_BYTES), 0, PAGE_BYTES);
    expect(mine.every((byte) => byte === 7)).toBe(true);
  });

  test("are ordinary arrays on small and size-only machines, and when the room is used up", () => {
    const large = new PhysicalMemory(PAGE_BYTES, 2 ** 14, "array-buffer");
    expect(large.buffer(200_000).buffer).toBe(large.chunkOf(0 as Pfn).buffer);
    expect(large.buffer(200_000).buffer).not.toBe(large.chunkOf(0 as Pfn).buffer);
    expect(new PhysicalMemory(PAGE_BYTES, 2 ** 14 - 1, "array-buffer").buffer(9).byteOffset).toBe(0);
    expect(new PhysicalMemory(PAGE_BYTES, 2 ** 28, "size-only").buffer(9).length).toBe(9);
  });
});

describe("a source that comes again and again", () => {
  test("gets a scratch page when a part behind its start is first copied", () => {
    const memory = new PhysicalMemory(PAGE_BYTES, 2 ** 14, "array-buffer");
    const source = Uint8Array.from({ length: 200 }, (_, i) => i + 1);
    for (let round = 0; round < 12; round++) memory.copyIn(5 as Pfn, 64 * round, source, 3 + round, 50);
    const target = new Uint8Array(50);
    for (let round = 0; round < 12; round++) {
      memory.copyOut(5 as Pfn, 64 * round, target, 0, 50);
      expect([...target]).toEqual([...source.subarray(3 + round, 53 + round)]);
    }
  });
});

describe("hosts that have less", () => {
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  test("without Node's buffers bytes are copied by views", async () => {
    vi.resetModules();
    const NodeBuffer = Buffer;
    vi.stubGlobal("Buffer", class extends NodeBuffer {});
    Object.defineProperty(Buffer.prototype, "copy", { value: undefined });
    const { copyBytes } = await import("../src/memory-chunk.ts");
    const target = new Uint8Array(5);
    copyBytes(Uint8Array.of(1, 2, 3, 4), 1, target, 2, 3);
    copyBytes(Uint8Array.of(9), 0, target, 0, 0);
    expect([...target]).toEqual([0, 0, 2, 3, 4]);
  });

  test("a memory that is larger than WebAssembly's, or isn't to be had, is none", () => {
    expect(newWasmMemory(2 ** 33, false)).toBeUndefined();
    vi.stubGlobal("WebAssembly", undefined);
    expect([newWasmMemory(65_536, false), hasWebAssembly()]).toEqual([undefined, false]);
  });

  test("a thread without WebAssembly can't open the memory of one that has it", () => {
    const shared = new PhysicalMemory(PAGE_BYTES, 2 ** 15, "shared-array-buffer").share();
    vi.stubGlobal("WebAssembly", undefined);
    expect(() => PhysicalMemory.open(shared)).toThrow(
      expect.objectContaining({
        code: "ZLAB_SHARE",
        message: "memory can be shared only between threads that all have WebAssembly, or all not",
      }),
    );
  });
});

test("messages of copies that leave the memory or the buffer say which bytes", () => {
  const memory = new PhysicalMemory(PAGE_BYTES, 1030, "array-buffer");
  const pfn = 1029 as Pfn;
  const bytes = new Uint8Array(8);
  expect(() => memory.fill(pfn, 4090, 8, 1)).toThrow("8 bytes from byte 4090 of page 1029 leave the memory");
  expect(() => memory.copyIn(pfn, 0, bytes, 3, 6)).toThrow("6 bytes at 3 of a buffer of 8 bytes leave the buffer");
  expect(() => memory.fill(1030 as Pfn, 0, 1, 1)).toThrow("1 bytes from byte 0 of page 1030 leave the memory");
  expect(() => memory.share()).toThrow(
    'memory with backing "array-buffer" can\'t be shared: use "shared-array-buffer"',
  );
});
