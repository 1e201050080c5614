import { kernelCodecs, lz4Codec } from "@zlab/codecs";
import { Prng } from "@zlab/hw-sim";
import { describe, expect, test } from "vitest";
import { ZERO_CONTENT } from "../src/referee/contents.ts";
import { MOST_REQUEST_PAGES, OPERATION_KINDS, type Operation, describeOperation } from "../src/referee/operations.ts";
import { corpusWorkload, mixedWorkload } from "../src/referee/workloads.ts";
import { someContents, take } from "./referee-fakes.ts";

const shape = { slotCount: 300, corpusCount: 64, canDiscard: true };

const mixed = (seed: number, canDiscard = true): Operation[] =>
  take(mixedWorkload(seed, { ...shape, canDiscard }), 20_000);

const lengthOf = (operation: Operation): number => {
  if (operation.kind === "write") return operation.contents.length;
  return "pageCount" in operation ? operation.pageCount : 0;
};

describe("the mix", () => {
  const operations = mixed(7);

  test("depends on the seed alone", () => {
    expect(mixed(7)).toEqual(operations);
    expect(mixed(8)).not.toEqual(operations);
  });

  test("has operations of every kind, most of them writes", () => {
    const counts = OPERATION_KINDS.map((kind) => operations.filter((operation) => operation.kind === kind).length);
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(counts[0]).toBeGreaterThan(16_000);
  });

  test("stays within the device, with requests that are not split", () => {
    for (const operation of operations) {
      if (!("pageIndex" in operation)) continue;
      const length = lengthOf(operation);
      expect(length).toBeGreaterThan(0);
      expect(operation.pageIndex + length).toBeLessThanOrEqual(shape.slotCount);
      if (operation.kind !== "discard") expect(length).toBeLessThanOrEqual(MOST_REQUEST_PAGES);
    }
  });

  test("reaches every slot, and none too often", () => {
    const counts = new Uint32Array(shape.slotCount);
    for (const operation of operations) if ("pageIndex" in operation) counts[operation.pageIndex]!++;
    expect(Math.min(...counts)).toBeGreaterThan(0);
    expect(Math.max(...counts)).toBeLessThan(operations.length / 50);
  });

  test("writes zeros where it can't discard", () => {
    const without = mixed(7, false);
    expect(without.some(({ kind }) => kind === "discard")).toBe(false);
    const zeros = without.filter((operation) => operation.kind === "write" && operation.contents[0] === ZERO_CONTENT);
    expect(zeros.length).toBeGreaterThan(100);
  });
});

describe("the corpus's operations", () => {
  test("write, thin out, compact and overwrite", () => {
    const operations = [...corpusWorkload(shape)];
    const texts = operations.map(describeOperation);
    expect(texts.slice(0, 2)).toEqual(["write of contents 0 to page 0", "write of contents 1 to page 1"]);
    expect(texts.slice(64, 70)).toEqual([
      "discard of pages 0 to 7",
      "discard of pages 24 to 31",
      "discard of pages 48 to 55",
      "compaction",
      "write of contents 32 to page 0",
      "write of contents 33 to page 1",
    ]);
    expect(texts).toHaveLength(64 + 3 + 1 + 32 + 1);
    expect(texts.at(-1)).toBe("compaction");
  });

  test("end with a device that is smaller than the corpus", () => {
    const operations = [...corpusWorkload({ ...shape, slotCount: 16 })];
    expect(operations).toHaveLength(16 + 1 + 1 + 8 + 1);
  });

  test("write zeros where they can't discard", () => {
    const thinning = [...corpusWorkload({ ...shape, canDiscard: false })][64];
    expect(thinning).toEqual({ kind: "write", pageIndex: 0, contents: Array.from({ length: 8 }, () => ZERO_CONTENT) });
  });
});

test("operations are described in words", () => {
  const limit = (slackPages: number) => describeOperation({ kind: "limit", slackPages });
  expect([limit(3), limit(-4)]).toEqual([
    "mem_limit at the present use + 3 pages",
    "mem_limit at the present use - 4 pages",
  ]);
  const kinds = ["unlimit", "reset-peak", "restart"] as const;
  expect(kinds.map((kind) => describeOperation({ kind }))).toEqual([
    "mem_limit taken away",
    "mem_used_max set to the present use",
    "reset and set-up",
  ]);
});

describe("contents", () => {
  const contents = someContents();
  const pageOf = (content: number): Uint8Array => {
    const page = new Uint8Array(4096).fill(0xee);
    contents.fill(page, content);
    return page;
  };
  const random = new Prng(1);
  const made = Array.from({ length: 600 }, () => pageOf(random.next()));

  test("are the same for the same number", () => {
    for (const content of [0, 5, 100, 0xdead_beef]) expect(pageOf(content)).toEqual(pageOf(content));
    expect(pageOf(5)).not.toEqual(pageOf(6));
    expect(pageOf(0xdead_beef)).not.toEqual(pageOf(0xdead_bee0));
  });

  test("include the page of zeros", () => expect(pageOf(ZERO_CONTENT)).toEqual(new Uint8Array(4096)));

  test("are same-filled, nearly so, of every compressed length, and incompressible", () => {
    const stream = lz4Codec().createStream();
    const sizes = made.map((page) => stream.compressedSize(page));
    const sameFilled = made.filter((page) => page.subarray(8).every((byte, i) => byte === page[i]));
    const count = (low: number, high: number): number => sizes.filter((size) => size >= low && size < high).length;
    expect(sameFilled.length).toBeGreaterThan(20);
    const nearlySame = made.filter((page) => {
      const differing = page.subarray(8).filter((byte, i) => byte !== page[i]).length;
      return differing === 1 || differing === 2;
    });
    expect(nearlySame.length).toBeGreaterThan(20);
    for (let low = 0; low < 4096; low += 512) expect(count(low, low + 512)).toBeGreaterThan(5);
    expect(count(4096, 5000)).toBeGreaterThan(20);
  });

  test.each(["lz4", "lzo", "lzo-rle"])("meet the threshold of huge pages with %s, exactly and by a byte", (name) => {
    const stream = kernelCodecs()
      .find((codec) => codec.name === name)!
      .createStream();
    const sizes = new Set(Array.from({ length: 2500 }, () => stream.compressedSize(pageOf(random.next()))));
    expect([3624, 3625].filter((size) => sizes.has(size))).toEqual([3624, 3625]);
  });
});
