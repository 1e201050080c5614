// Copies of golden traces with one fact changed: each must be reported at exactly the changed line.

import { describe, expect, test } from "vitest";
import { bytesOf, families, readLines, tracesOf, verify, verifyBytes } from "./replay-traces.ts";
import { temporaryFile, zlab, zlabJson } from "./zlab.ts";

type Json = number | string | Json[] | { [key: string]: Json };
type Line = [kind: string, ...fields: Json[]];

/** A changed copy of a line and what was changed. */
type Tampering = readonly [what: string, line: Line];

const MOST_COPIES = 60; // of one line and one way of tampering; beyond that an even sample is tried

function parse(lines: readonly string[], lineNumber: number): Line {
  return JSON.parse(lines[lineNumber - 1]!) as Line;
}

/** Line numbers of the first, a middle and the last line that satisfy `test`. */
function pick(lines: readonly string[], accepts: (line: string) => boolean): number[] {
  const found = lines.flatMap((line, i) => (accepts(line) ? [i + 1] : []));
  return [...new Set([found[0], found[Math.floor(found.length / 2)], found.at(-1)])].filter((n) => n !== undefined);
}

/** Paths of all numbers in a value. */
function numberPaths(value: Json, path: readonly (string | number)[] = []): (string | number)[][] {
  if (typeof value === "number") return [[...path]];
  if (typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, element]) =>
    numberPaths(element, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** A copy of `line` with `change` applied to the element at `path`. */
function changed(line: Line, path: readonly (string | number)[], change: (value: never) => Json): Line {
  const copy = structuredClone(line);
  let parent = copy as unknown as Record<string, Json>;
  for (const key of path.slice(0, -1)) parent = parent[key] as Record<string, Json>;
  const last = path.at(-1)!;
  parent[last] = change(parent[last] as never);
  return copy;
}

function sample<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, list.length / most);
  return Array.from({ length: Math.min(most, list.length) }, (_, i) => list[Math.floor(i * step)]!);
}

/** Every number changed in turn, up and down, but for those at the field numbers `inputs`: what is played, not checked. */
function everyNumber(line: Line, inputs: readonly number[]): Tampering[] {
  const paths = numberPaths(line).filter(([field]) => !inputs.includes(field as number));
  return sample(paths, MOST_COPIES / 2).flatMap((path): Tampering[] => [
    [`${path.join(".")} + 1`, changed(line, path, (n: number) => n + 1)],
    [`${path.join(".")} - 1`, changed(line, path, (n: number) => n - 1)],
  ]);
}

/** The list at `path` with its first element dropped, its last dropped, one doubled, and two exchanged. */
function everyListChange(line: Line, path: readonly (string | number)[]): Tampering[] {
  let list = line as Json[];
  for (const key of path) list = list[key as number] as Json[];
  const middle = Math.floor(list.length / 2);
  const tamperings: Tampering[] = [];
  const add = (what: string, change: (elements: Json[]) => Json[]): void => {
    tamperings.push([`${path.join(".")} ${what}`, changed(line, path, change as (value: never) => Json)]);
  };
  if (list.length > 0) {
    add("first dropped", (elements) => elements.slice(1));
    add("last dropped", (elements) => elements.slice(0, -1));
    add("one doubled", (elements) => elements.toSpliced(middle, 0, elements[middle]!));
  }
  if (list.length > 1) {
    add("two exchanged", (elements) => elements.with(0, elements[middle]!).with(middle, elements[0]!));
  }
  return tamperings;
}

/** Replays each tampered copy; returns those that were not reported at the line. */
function unnoticed(lines: readonly string[], lineNumber: number, tamperings: readonly Tampering[]): string[] {
  expect(tamperings.length).toBeGreaterThan(0);
  const before = bytesOf(lines.slice(0, lineNumber - 1));
  return sample(tamperings, MOST_COPIES).flatMap(([what, line]) => {
    try {
      const { divergence } = verifyBytes(Buffer.concat([before, bytesOf([JSON.stringify(line)])]));
      return divergence?.line === lineNumber ? [] : [`${lineNumber}: ${what}: ${JSON.stringify(divergence)}`];
    } catch (error) {
      return [`${lineNumber}: ${what}: ${String(error)}`];
    }
  });
}

const isKind =
  (kind: string) =>
  (line: string): boolean =>
    line.startsWith(`["${kind}"`);

const traces = {
  "zsmalloc-6.12": "zsmalloc-6.12/zsmalloc-errors-s1.trace.jsonl.gz",
  "zsmalloc-3.10": "zsmalloc-3.10/zsmalloc310-errors-s1.trace.jsonl.gz",
  "zbud-6.12": "zbud-6.12/zbud-errors-s1.trace.jsonl.gz",
  "z3fold-6.12": "z3fold-6.12/z3fold-errors-s1.trace.jsonl.gz",
} as const;

describe.each(Object.entries(traces))("%s", (family, file) => {
  const lines = readLines(file);
  const linesOf = (kind: string): number[] => pick(lines, isKind(kind));

  // The size is what is played; so is the id of a free. An attempt's id is a fact, since ids count the attempts; but a
  // lower one is an id used twice, which is a faulty trace.
  test.each([
    ["a", [2], 1],
    ["f", [1], 0],
    ["e", [1], 3],
  ] as const)("numbers of %s lines", (kind, inputs, idField) => {
    for (const lineNumber of linesOf(kind)) {
      const line = parse(lines, lineNumber);
      const tamperings = everyNumber(line, inputs).filter(([what]) => what !== `${idField} - 1`);
      expect(unnoticed(lines, lineNumber, tamperings)).toEqual([]);
    }
  });

  test("numbers, lists and rows of checkpoints", () => {
    for (const lineNumber of linesOf("s")) {
      const line = parse(lines, lineNumber);
      expect(unnoticed(lines, lineNumber, everyNumber(line, []))).toEqual([]);
      expect(unnoticed(lines, lineNumber, everyListChange(line, [1]))).toEqual([]);
      if (!/zbud|z3fold/.test(family)) continue;
      const innerLists = Array.from((line[1] as Json[]).keys(), (i) => everyListChange(line, [1, i, 1]));
      expect(unnoticed(lines, lineNumber, innerLists.flat())).toEqual([]);
    }
  });
});

describe.each(["zsmalloc-6.12", "zsmalloc-3.10"] as const)("%s", (family) => {
  const lines = readLines(traces[family]);
  const linesOf = (kind: string): number[] => pick(lines, isKind(kind));

  test("a row of a class too many", () => {
    const lineNumber = linesOf("s")[0]!;
    const line = parse(lines, lineNumber);
    const rows = line[1] as number[][];
    const extra = rows[0]!.map((value, i) => (i === 0 ? 0 : value));
    expect(unnoticed(lines, lineNumber, [["extra", ["s", [extra, ...rows], line[2]!]]])).toEqual([]);
  });

  test("numbers and orders of lists", () => {
    for (const lineNumber of linesOf("l")) {
      const line = parse(lines, lineNumber);
      const orders = line[1] as [number, [number, number[]][]][];
      expect(unnoticed(lines, lineNumber, everyNumber(line, []))).toEqual([]);
      expect(unnoticed(lines, lineNumber, everyListChange(line, [1]))).toEqual([]);
      const tamperings: Tampering[] = [];
      for (const [i, [, groups]] of orders.entries()) {
        if (groups.length > 1 || i === 0) tamperings.push(...everyListChange(line, [1, i, 1]));
        for (const [j, [, zspageSeqs]] of groups.entries()) {
          if (zspageSeqs.length > 1) tamperings.push(...everyListChange(line, [1, i, 1, j, 1]));
        }
      }
      expect(unnoticed(lines, lineNumber, tamperings)).toEqual([]);
    }
  });
});

describe("compactions of zsmalloc", () => {
  const lines = readLines("zsmalloc-6.12/zsmalloc-boundary-s1.trace.jsonl.gz");

  test("numbers and the list of moved objects", () => {
    for (const lineNumber of pick(lines, isKind("c"))) {
      const line = parse(lines, lineNumber);
      expect((line[3] as Json[]).length).toBeGreaterThan(10);
      expect(unnoticed(lines, lineNumber, everyNumber(line, []))).toEqual([]);
      expect(unnoticed(lines, lineNumber, everyListChange(line, [3]))).toEqual([]);
      expect(unnoticed(lines, lineNumber, [["emptied", ["c", line[1]!, line[2]!, []]]])).toEqual([]);
    }
  });

  test("a compaction left out is noticed by the next line", () => {
    const [lineNumber] = pick(lines, isKind("c"));
    const shortened = lines.toSpliced(lineNumber! - 1, 1);
    expect(verify(shortened).divergence?.line).toBe(lineNumber);
  });
});

describe("moves of z3fold", () => {
  const lines = readLines(traces["z3fold-6.12"]);
  const moving = pick(lines, (line) => isKind("f")(line) && line.includes("[["));

  test("numbers of the moved object", () => {
    for (const lineNumber of moving) {
      expect(unnoticed(lines, lineNumber, everyNumber(parse(lines, lineNumber), [1]))).toEqual([]);
    }
  });

  test("a move left out, emptied, doubled or invented", () => {
    for (const lineNumber of moving) {
      const line = parse(lines, lineNumber);
      expect(unnoticed(lines, lineNumber, [["left out", line.slice(0, 3) as Line]])).toEqual([]);
      expect(unnoticed(lines, lineNumber, everyListChange(line, [3]))).toEqual([]);
    }
    const [still] = pick(lines, (line) => isKind("f")(line) && !line.includes("[["));
    const line = parse(lines, still!);
    expect(unnoticed(lines, still!, [["invented", [...line, [[1, 0, 1, 128]]]]])).toEqual([]);
  });
});

describe("zram", () => {
  const lines = readLines("zram-6.18/uniform-cycles-15.jsonl.gz");

  test.each([
    ["w", [1, 3]],
    ["d", [1]],
    ["c", []],
    ["m", []],
  ] as const)("numbers of %s lines", (kind, inputs) => {
    for (const lineNumber of pick(lines, isKind(kind))) {
      expect(unnoticed(lines, lineNumber, everyNumber(parse(lines, lineNumber), inputs))).toEqual([]);
    }
  });

  test("kinds of pages, and lengths that don't go with them", () => {
    for (const kind of ["c", "h", "s"]) {
      for (const lineNumber of pick(lines, (line) => line.startsWith('["w"') && line.includes(`"${kind}",`))) {
        const line = parse(lines, lineNumber);
        const others = ["c", "h", "s"].filter((other) => other !== kind);
        const tamperings = others.map((other): Tampering => [other, line.with(2, other) as Line]);
        if (kind !== "c") tamperings.push(["length", line.with(3, (line[3] as number) + 1) as Line]);
        else tamperings.push(["length", line.with(3, 3625) as Line], ["length", line.with(3, 0) as Line]);
        expect(unnoticed(lines, lineNumber, tamperings)).toEqual([]);
      }
    }
  });

  test("a length that is wrong but possible shows in mm_stat", () => {
    const last = pick(lines, (line) => line.includes('"c",')).at(-1)!;
    const line = parse(lines, last);
    const copy = lines.with(last - 1, JSON.stringify(line.with(3, (line[3] as number) + 1)));
    const found = verify(copy).divergence;
    expect(found?.what).toMatch(/memPages|mm_stat compr_data_size/);
  });
});

describe("the report", () => {
  const lines = readLines(traces["zsmalloc-6.12"]);
  const [lineNumber] = pick(lines, (line) => line.startsWith('["a",7'));
  const line = parse(lines, lineNumber!) as ["a", ...number[]];
  const copy = lines.with(lineNumber! - 1, JSON.stringify(line.with(5, 4321))).join("\n");

  test("names file, line, operation, expected and got, and the exit code is 1", async () => {
    const file = temporaryFile("tampered.jsonl", `${copy}\n`);
    const good = temporaryFile("good.jsonl", `${lines.join("\n")}\n`);
    const { code, stdout, stderr } = await zlab(["replay", file, good, "--verify"]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: "" });
    expect(stdout.split("\n")[0]).toBe(
      `${file}:${lineNumber}: allocation of ${line[2]} bytes as id ${line[1]}, zspage sequence: expected 4321, got ${line[5]}`,
    );
    expect(stdout).toMatch(/good\.jsonl .* 3,004 +13,889 +0 /);
  });

  test("as JSON", async () => {
    const file = temporaryFile("tampered.jsonl", `${copy}\n`);
    const { files, totals } = await zlabJson<{ files: { divergence: unknown }[]; totals: { divergences: number } }>([
      "replay",
      file,
      "--verify",
    ]);
    expect(totals.divergences).toBe(1);
    expect(files[0]!.divergence).toMatchObject({
      line: lineNumber,
      what: "zspage sequence",
      expected: "4321",
      got: String(line[5]),
    });
  });

  test("without --verify nothing is compared", async () => {
    const file = temporaryFile("tampered.jsonl", `${copy}\n`);
    expect((await zlab(["replay", file])).code).toBe(0);
  });
});

test("every family is tampered with", () => {
  expect([...Object.keys(traces), "zram-6.18"].toSorted()).toEqual([...families].toSorted());
  for (const file of Object.values(traces)) expect(tracesOf(file.split("/")[0]!)).toContain(file);
});
