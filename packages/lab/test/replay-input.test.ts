// Faulty traces and misuse of `replay`: exit code 2 and one line that names file and line.

import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { goldenPath, readLines } from "./replay-traces.ts";
import { type Outcome, packageDirectory, temporaryFile, zlab } from "./zlab.ts";

const zsmalloc = readLines("zsmalloc-6.12/zsmalloc-errors-s1.trace.jsonl.gz");
const zram = readLines("zram-6.18/uniform-churn-11.jsonl.gz");
const z3fold = readLines("z3fold-6.12/z3fold-errors-s1.trace.jsonl.gz");

const header612 = zsmalloc[0]!;
const headerZram = zram[0]!;
const headerZ3fold = z3fold[0]!;

function withField(header: string, name: string, value: unknown): string {
  return JSON.stringify({ ...(JSON.parse(header) as object), [name]: value });
}

function expectMisuse({ code, stdout, stderr }: Outcome, message: string | RegExp): void {
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^zlab: [^\n]+\n$/);
  expect(stderr).not.toContain("internal error");
}

describe("files", () => {
  test.each([
    ["a missing file", () => "nosuch.jsonl.gz", /nosuch\.jsonl\.gz: no such file/],
    ["a directory", () => packageDirectory, /is a directory/],
    ["an empty file", () => temporaryFile("empty.jsonl", ""), /empty\.jsonl: the file is empty/],
    [
      "a gzip of nothing",
      () => temporaryFile("empty.gz", gzipSync("")),
      /empty\.gz: the file is empty once decompressed/,
    ],
    [
      "a truncated gzip",
      () => temporaryFile("cut.gz", gzipSync(zsmalloc.join("\n")).subarray(0, 5000)),
      /the gzip data are cut off/,
    ],
    [
      "a damaged gzip",
      () => temporaryFile("bad.gz", gzipSync(zsmalloc.join("\n")).fill(7, 1000, 1100)),
      /the gzip data are damaged/,
    ],
    ["text", () => temporaryFile("text", "hello\nworld\n"), /text:1: not a trace/],
    [
      "bytes",
      () =>
        temporaryFile(
          "bytes",
          new Uint8Array(4096).map((_, i) => i * 31),
        ),
      /bytes:1: not a trace/,
    ],
    ["a list instead of a header", () => temporaryFile("list", '["a",0,1,1,0,0,0]\n'), /list:1: not a trace/],
    ["an object that is no header", () => temporaryFile("object", "{}\n"), /object:1: not a trace/],
    [
      "an unknown allocator",
      () => temporaryFile("zblock", '{"allocator":"zblock","kernel":"6.15"}'),
      /zblock:1: there are no traces of zblock of kernel 6\.15; known families: zsmalloc-6\.12, /,
    ],
    [
      "an unknown kernel",
      () => temporaryFile("old", '{"allocator":"zsmalloc","kernel":"4.4"}'),
      /old:1: there are no traces of zsmalloc of kernel 4\.4/,
    ],
  ])("%s", async (_, file, message) => {
    for (const verify of [[], ["--verify"]]) expectMisuse(await zlab(["replay", file(), ...verify]), message);
  });

  test("one faulty file doesn't keep the others from being replayed", async () => {
    const { code, stdout, stderr } = await zlab([
      "replay",
      "nosuch",
      goldenPath("zbud-6.12/zbud-errors-s1.trace.jsonl.gz"),
    ]);
    expect(code).toBe(2);
    expect(stdout).toContain("2,821");
    expect(stderr).toMatch(/^zlab: nosuch: no such file[^\n]*\n$/);
  });

  test("errors stand in the JSON too", async () => {
    const { code, stdout } = await zlab(["replay", "nosuch", "--json"]);
    expect(code).toBe(2);
    expect(JSON.parse(stdout)).toMatchObject({ files: [], errors: [expect.stringContaining("nosuch: no such file")] });
  });
});

describe("headers", () => {
  test.each([
    [header612, "chainSize", 0, /:1: the header's chainSize must be a whole number from 4 to 16, not 0/],
    [header612, "chainSize", 17, /:1: the header's chainSize must be a whole number from 4 to 16, not 17/],
    [header612, "chainSize", "x", /:1: the header's chainSize must be .* not "x"/],
    [header612, "chainSize", 4.5, /:1: the header's chainSize must be .* not 4\.5/],
    [header612, "pageSize", 8192, /:1: page size 8192 is not supported: 4096, 16384, 65536/],
    [header612, "pageSize", "4096", /:1: page size "4096" is not supported/],
    [header612, "statColumns", ["class", "size"], /:1: the header's statColumns must be/],
    [headerZram, "chainSize", 3, /:1: the header's chainSize must be a whole number from 4 to 16, not 3/],
    [headerZram, "slots", 0, /:1: the header's slots must be a whole number from 1/],
    [headerZram, "slots", undefined, /:1: the header lacks the number of slots/],
  ])("%.30s… with %s %j", async (header, name, value, message) => {
    expectMisuse(await zlab(["replay", temporaryFile("trace", withField(header, name, value))]), message);
  });
});

describe("lines", () => {
  test.each([
    [["a", 0, 100, 7, 5], /trace:2: operation "a" has 6 fields after its letter, not 4/],
    [["a", 0, 100, 7, 5, 0, 0, 0], /trace:2: operation "a" has 6 fields after its letter, not 7/],
    [["a", 0, 1.5, 7, 5, 0, 0], /trace:2: field 2 of "a" must be a whole number/],
    [["a", 0, 100, null, 5, 0, 0], /trace:2: field 3 of "a" must be a whole number/],
    [["a", 0, 100, 7, "c", 0, 0], /trace:2: field 4 of "a" must be a whole number/],
    [["a", 0, -100, 7, 5, 0, 0], /trace:2: size -100 is negative/],
    [["a", -1, 100, 7, 5, 0, 0], /trace:2: allocation id -1 is out of range/],
    [["a", 2 ** 40, 100, 7, 5, 0, 0], /trace:2: allocation id 1099511627776 is out of range/],
    [["e", 0, -22], /trace:2: operation "e" has 3 fields/],
    [["e", -1, -22, 0], /trace:2: size -1 is negative/],
    [["f", 0, 0], /trace:2: free of id 0, which was never allocated/],
    [["f", -5, 0], /trace:2: free of id -5, which was never allocated/],
    [["f", 0, 0, []], /trace:2: operation "f" has 2 fields/],
    [["x", 1], /trace:2: unknown operation "x"/],
    [["w", 1, "c", 100, 7], /trace:2: unknown operation "w"/],
    [["alloc", 1], /trace:2: unknown operation "alloc"/],
    [[1, 2, 3], /trace:2: unknown operation 1/],
    [[], /trace:2: unknown operation \(none\)/],
    [{ op: "a" }, /trace:2: an operation is a JSON array/],
    [["c", 0, 0], /trace:2: operation "c" has 3 fields/],
    [["c", 0, 0, [[1, 2]]], /trace:2: field 3 of "c"\[0\] must have 3 elements, not 2/],
    [["c", 0, 0, 5], /trace:2: field 3 of "c" must be a list, not 5/],
    [["s", [[0, 32]], {}], /trace:2: field 1 of "s"\[0\] must have 18 elements, not 2/],
    [["s", [], { totalPages: 0 }], /trace:2: field 2 of "s" lacks "shrinkerCount"/],
    [["s", [], []], /trace:2: field 2 of "s" must be an object/],
    [
      ["s", [], { totalPages: 0, shrinkerCount: 0, pagesCompacted: 0, zspagesEverAllocated: 0, luck: 7 }],
      /trace:2: field 2 of "s" has an unknown key "luck"/,
    ],
    [["l", [[0, [[1, ["x"]]]]]], /trace:2: field 1 of "l"\[0\]\[1\]\[0\]\[1\]\[0\] must be a whole number, not "x"/],
  ])("%j", async (line, message) => {
    const file = temporaryFile("trace", `${header612}\n${JSON.stringify(line)}\n`);
    for (const verify of [[], ["--verify"]]) expectMisuse(await zlab(["replay", file, ...verify]), message);
  });

  const first = zsmalloc.slice(0, 4); // a 0, a 1, a 2
  test.each([
    ["broken JSON", [...first, '["f",0,'], "\n", /trace:5: the line is not valid JSON/],
    ["an empty line", [...first, "", '["f",0,3]'], "\n", /trace:5: an empty line/],
    ["a line that is cut off", [...first, '["f",1'], "", /trace:5: the line is cut off or not valid JSON/],
    ["an id used twice", [...first, first[2]!], "\n", /trace:5: allocation id 1 is used twice/],
    ["an id freed twice", [...first, '["f",1,8]', '["f",1,8]'], "\n", /trace:6: free of id 1, which was freed before/],
    ["an id freed and used again", [...first, '["f",1,8]', first[2]!], "\n", /trace:6: allocation id 1 is used twice/],
    [
      "a free of a failed id",
      [...first, '["e",0,-22,3]', '["f",3,9]'],
      "\n",
      /trace:6: free of id 3, whose allocation failed/,
    ],
    ["an unknown id", [...first, '["f",9,8]'], "\n", /trace:5: free of id 9, which was never allocated/],
  ])("%s", async (_, lines, end, message) => {
    const file = temporaryFile("trace", lines.join("\n") + end);
    for (const verify of [[], ["--verify"]]) expectMisuse(await zlab(["replay", file, ...verify]), message);
  });

  test.each([
    [["w", 16384, "c", 100, 7], /trace:2: slot 16384 is out of range: 0 to 16383/],
    [["w", -1, "c", 100, 7], /trace:2: slot -1 is out of range/],
    [["d", 16384, 0], /trace:2: slot 16384 is out of range/],
    [["w", 1, "x", 100, 7], /trace:2: unknown kind of page "x"/],
    [["w", 1, 3, 100, 7], /trace:2: operation "w" has the fields slot, kind/],
    [["w", 1, "c", 100], /trace:2: operation "w" has the fields slot, kind/],
    [["w", 1, "c", 1.5, 7], /trace:2: operation "w" has the fields slot, kind/],
    [["m", 0, 0, 0], /trace:2: operation "m" has 9 fields/],
    [["d", 1], /trace:2: operation "d" has 2 fields/],
    [["c", 1, 2, 3], /trace:2: operation "c" has 2 fields/],
    [["a", 0, 100, 7, 5, 0, 0], /trace:2: unknown operation "a"/],
  ])("zram: %j", async (line, message) => {
    const file = temporaryFile("trace", `${headerZram}\n${JSON.stringify(line)}\n`);
    for (const verify of [[], ["--verify"]]) expectMisuse(await zlab(["replay", file, ...verify]), message);
  });

  test("zram: lengths beyond a page are refused without --verify too", async () => {
    const file = temporaryFile("trace", `${headerZram}\n["w",1,"c",4097,7]\n`);
    expectMisuse(await zlab(["replay", file]), /trace:2: length 4097 is out of range: 1 to 4096/);
  });

  test.each([
    [["f", 0, 0, [[5, 3, 3]]], /trace:2: field 3 of "f"\[0\] must have 4 elements/],
    [["f", 0, 0, 5], /trace:2: field 3 of "f" must be a list/],
    [["c", 0, 0, []], /trace:2: unknown operation "c"/],
    [["l", []], /trace:2: unknown operation "l"/],
  ])("z3fold: %j", async (line, message) => {
    expectMisuse(await zlab(["replay", temporaryFile("trace", `${headerZ3fold}\n${JSON.stringify(line)}\n`)]), message);
  });
});

describe("options", () => {
  const trace = goldenPath("zsmalloc-6.12/zsmalloc-errors-s1.trace.jsonl.gz");
  const old = goldenPath("zsmalloc-3.10/zsmalloc310-errors-s1.trace.jsonl.gz");
  const zbud = goldenPath("zbud-6.12/zbud-errors-s1.trace.jsonl.gz");

  test.each([
    [[trace, "--chain", "0"], /--chain must be a whole number from 4 to 16, not "0"/],
    [[trace, "--chain", "17"], /--chain must be a whole number from 4 to 16, not "17"/],
    [[trace, "--chain", "x"], /--chain must be a whole number from 4 to 16, not "x"/],
    [[trace, "--backend", "zlob"], /there is no backend "zlob"; registered: zsmalloc, zbud/],
    [[old, "--chain", "8"], /chain size 8 is not possible: linux-3\.10 has 4/],
    [[zbud, "--chain", "8"], /zbud has no options; leave out chainSize/],
    [[], /missing required argument 'files'/],
  ])("%j", async (argv, message) => {
    expectMisuse(await zlab(["replay", ...argv]), message);
  });
});
