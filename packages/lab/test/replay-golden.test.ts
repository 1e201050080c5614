// Every golden trace, every recorded fact.

import { readFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { bytesOf, families, goldenPath, readLines, tracesOf } from "./replay-traces.ts";
import { temporaryFile, zlab, zlabJson } from "./zlab.ts";

interface ReplayJson {
  readonly files: readonly {
    readonly file: string;
    readonly family: string;
    readonly backend: string;
    readonly poolOptions: Readonly<Record<string, unknown>>;
    readonly operations: number;
    readonly operationCounts: Readonly<Record<string, number>>;
    readonly refused: number;
    readonly checks: number;
    readonly contentChecks: number;
    readonly finalPages: number;
    readonly operationsPerSecond: number;
    readonly divergence: unknown;
  }[];
  readonly errors: readonly string[];
  readonly totals: { readonly operations: number; readonly checks: number; readonly divergences: number };
}

/** Operations and comparisons per family. They are exact, so that no check can vanish unnoticed. */
const expected: Readonly<Record<string, readonly [operations: number, checks: number]>> = {
  "zsmalloc-6.12": [173347, 830779],
  "zsmalloc-3.10": [107219, 509560],
  "zbud-6.12": [103655, 329162],
  "z3fold-6.12": [107162, 533876],
  "zram-6.18": [126376, 205014],
};

describe.each(families)("%s", (family) => {
  test("every recorded fact of every trace is reproduced", async () => {
    const files = tracesOf(family).map(goldenPath);
    const result = await zlabJson<ReplayJson>(["replay", ...files, "--verify"]);
    expect(result.files.map(({ file }) => file)).toEqual(files);
    expect(result.files.filter(({ divergence }) => divergence !== null)).toEqual([]);
    expect([...new Set(result.files.map((file) => file.family))]).toEqual([family]);
    expect(result.errors).toEqual([]);
    expect([result.totals.operations, result.totals.checks]).toEqual(expected[family]);
  });

  test("contents survive", async () => {
    const file = goldenPath(tracesOf(family).find((name) => /errors|boundary|cycles/.test(name))!);
    const { files } = await zlabJson<ReplayJson>(["replay", file, "--verify", "--payload"]);
    expect(files[0]!.divergence).toBeNull();
    const { allocations = 0, writes = 0 } = files[0]!.operationCounts;
    expect(files[0]!.contentChecks).toBeGreaterThan((allocations + writes) / 2);
  });
});

/** Kinds of lines with one number that is played and not checked: the size, the slot, the id that is freed. */
const kindsWithInput = ["a", "f", "e", "w", "d"];

test.each(families)(
  "%s: there are as many checks as numbers in the traces, and some for the lengths of lists",
  (family) => {
    let factCount = 0;
    let listCount = 0;
    for (const file of tracesOf(family)) {
      for (const line of readLines(file).slice(1)) {
        factCount += (line.match(/-?\d+/g) ?? []).length - Number(kindsWithInput.includes(line[2]!));
        listCount += (line.match(/\[/g) ?? []).length;
      }
    }
    expect(expected[family]![1]).toBeGreaterThanOrEqual(factCount);
    expect(expected[family]![1]).toBeLessThanOrEqual(factCount + listCount);
  },
);

test("contents are compared before every free, after every compaction and at the end", async () => {
  const trace = "zsmalloc-6.12/zsmalloc-boundary-s1.trace.jsonl.gz";
  let live = 0;
  let comparisons = 0;
  for (const line of readLines(trace)) {
    if (line.startsWith('["a"')) live++;
    if (line.startsWith('["f"')) {
      live--;
      comparisons++;
    }
    if (line.startsWith('["c"')) comparisons += live;
  }
  const { files } = await zlabJson<ReplayJson>(["replay", goldenPath(trace), "--payload"]);
  expect(files[0]!.contentChecks).toBe(comparisons + live);
});

describe("files", () => {
  const trace = "zsmalloc-6.12/zsmalloc-errors-s1.trace.jsonl.gz";

  test("plain and gzipped traces are told by content and give the same", async () => {
    const bytes = gunzipSync(readFileSync(goldenPath(trace)));
    const plain = temporaryFile("trace.gz", bytes);
    const zipped = temporaryFile("trace.jsonl", gzipSync(bytes));
    const { files } = await zlabJson<ReplayJson>(["replay", plain, zipped, "--verify"]);
    const [first, second] = files.map(({ operations, checks, finalPages }) => ({ operations, checks, finalPages }));
    expect(first).toEqual(second);
    expect(first!.checks).toBeGreaterThan(10_000);
  });

  test("lines may end in CR LF, and the last one without anything", async () => {
    const crlf = temporaryFile("crlf.jsonl", readLines(trace).join("\r\n"));
    const { files } = await zlabJson<ReplayJson>(["replay", goldenPath(trace), crlf, "--verify"]);
    expect(files[1]!.checks).toBe(files[0]!.checks);
    expect(files[1]!.divergence).toBeNull();
  });

  test("a header alone is a trace of no operations", async () => {
    for (const end of ["", "\n"]) {
      const file = temporaryFile("header.jsonl", readLines(trace)[0]! + end);
      const { files } = await zlabJson<ReplayJson>(["replay", file, "--verify"]);
      expect(files[0]).toMatchObject({ operations: 0, checks: 0, finalPages: 0, divergence: null });
    }
  });

  test("chain size and era come from the header, --chain comes before", async () => {
    const file = goldenPath("zsmalloc-6.12/zsmalloc-chain16-compact-s1.trace.jsonl.gz");
    const header = await zlabJson<ReplayJson>(["replay", file]);
    expect(header.files[0]!.poolOptions).toEqual({ era: "linux-6.12", chainSize: 16 });
    const chain5 = await zlabJson<ReplayJson>(["replay", file, "--chain", "5"]);
    expect(chain5.files[0]!.poolOptions).toEqual({ era: "linux-6.12", chainSize: 5 });
    const verified = await zlab(["replay", file, "--chain", "5", "--verify"]);
    expect(verified.code).toBe(1);
  });

  test("a chain size in the header of a zram trace decides", () => {
    const [header, ...lines] = readLines("zram-6.18/uniform-churn-11.jsonl.gz");
    const chain4 = JSON.stringify({ ...(JSON.parse(header!) as object), chainSize: 4 });
    const file = temporaryFile("zram.jsonl", bytesOf([chain4, ...lines]));
    return expect(zlabJson<ReplayJson>(["replay", file])).resolves.toMatchObject({
      files: [{ poolOptions: { chainSize: 4 } }],
    });
  });
});

describe("other backends", () => {
  const trace = goldenPath("zsmalloc-6.12/zsmalloc-bimodal-s1.trace.jsonl.gz");

  test("run the same workload, and tell what they refused", async () => {
    const { files } = await zlabJson<ReplayJson>(["replay", trace, "--backend", "zbud"]);
    expect(files[0]).toMatchObject({ backend: "zbud", operations: 30032, refused: 1241, checks: 0, finalPages: 871 });
  });

  test("may store what the recorded one refused; it is given back", async () => {
    const zbudTrace = goldenPath("zbud-6.12/zbud-bimodal-s1.trace.jsonl.gz");
    const { files } = await zlabJson<ReplayJson>(["replay", zbudTrace, "--backend", "zsmalloc"]);
    // Kept to the end they would need 1359 pages, as in the trace of the same workload on zsmalloc.
    expect(files[0]).toMatchObject({ backend: "zsmalloc", operations: 28901, refused: 0, finalPages: 1232 });
  });

  test.each(["zbud", "z3fold", "kmalloc"])("a zram trace runs on %s", async (backend) => {
    const file = goldenPath("zram-6.18/zramlike-churn-12.jsonl.gz");
    const { files } = await zlabJson<ReplayJson>(["replay", file, "--backend", backend, "--payload"]);
    expect(files[0]).toMatchObject({ backend, operations: 20041, divergence: null });
  });

  test("cannot be verified", async () => {
    const { code, stdout, stderr } = await zlab(["replay", trace, "--backend", "zbud", "--verify"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/: places recorded from zsmalloc cannot be verified on zbud/);
  });
});

test("the report has a row per file and one for all", async () => {
  const files = tracesOf("zbud-6.12").slice(0, 2).map(goldenPath);
  const { code, stdout, stderr } = await zlab(["replay", ...files, "--verify"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.includes("zbud-6.12 ")).length).toBe(2);
  expect(lines.at(-1)).toMatch(/^total +48,668 +\d+,\d+ +0 /);
});
