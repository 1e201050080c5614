// Inputs that were made to do harm: each once did, or nearly.

import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeCorpus } from "../src/pages/corpus.ts";
import { parseCorpusSizes } from "../src/pages/corpus-sizes.ts";
import { decodeTrace } from "../src/replay/trace-file.ts";
import { elfCore, numberedPages } from "./image-files.ts";
import { temporaryFile, zlab } from "./zlab.ts";

const HEADER = '{"allocator":"zsmalloc","kernel":"6.12"}\n';

/** Exit code and message of a command that must refuse. */
async function refusal(argv: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await zlab(argv);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr.split("\n")).toHaveLength(2);
  return stderr;
}

describe("a trace", () => {
  test("with a line of brackets is not taken for values", async () => {
    const file = temporaryFile("deep", `${HEADER}["s",${"[".repeat(100_000)}\n`);
    expect(await refusal(["replay", file])).toMatch(
      /deep:2: values are nested deeper than 32; this is no line of a trace/,
    );
  });

  test("with brackets in a string is read", async () => {
    const { code } = await zlab([
      "replay",
      temporaryFile("text", `{"note":"${'[\\"{'.repeat(50)}",${HEADER.slice(1)}`),
    ]);
    expect(code).toBe(0);
  });

  test("with a line of 20 MiB", async () => {
    const file = temporaryFile("long", Buffer.concat([Buffer.from(HEADER), Buffer.alloc(20 * 2 ** 20, "1,")]));
    expect(await refusal(["replay", file])).toMatch(
      /long:2: a line of 20971520 bytes; no line of a trace is longer than 16777216/,
    );
  });

  test("that says escape sequences", async () => {
    const file = temporaryFile("escape", '{"allocator":"a\\u001b[2Jb","kernel":"\\u001b[2J"}\n');
    expect(await refusal(["replay", file])).toMatch(/there are no traces of a\uFFFD\[2Jb of kernel \uFFFD\[2J; known/);
  });

  test("that unpacks to more than may be kept", async () => {
    const bomb = gzipSync(Buffer.alloc(2 ** 21));
    await expect(decodeTrace("bomb", bomb, 2 ** 20)).rejects.toThrow(
      "bomb: is longer than 1 MiB once decompressed; split it",
    );
    expect(await decodeTrace("bomb", bomb, 2 ** 21)).toHaveLength(2 ** 21);
  });

  test.skipIf(!existsSync("/dev/zero"))("that never ends", async () => {
    expect(await refusal(["replay", "/dev/zero"])).toBe("zlab: /dev/zero: is a device or socket; name a trace\n");
  });
});

test("segments of a core that share bytes of the file are refused", async () => {
  const bytes = elfCore([
    { address: 0x1000n, bytes: numberedPages(0, 1) },
    { address: 0x9000n, bytes: numberedPages(1, 1) },
  ]);
  const view = new DataView(bytes.buffer);
  const [second, third] = [64 + 56, 64 + 2 * 56];
  view.setBigUint64(third + 8, view.getBigUint64(second + 8, true) + 1n, true);
  view.setBigUint64(third + 32, 100n, true);
  expect(await refusal(["stat", temporaryFile("core", bytes)])).toMatch(
    /core: offset \d+: two PT_LOAD segments share these bytes/,
  );
});

test("columns of mm_stat that contradict each other are explained, and end", async () => {
  const huge = String(2 ** 53 - 4096);
  const { code, stdout } = await zlab(["explain", `4096 4096 ${huge} 0 ${huge} 0 0 ${2 ** 53 - 1} 0`]);
  expect(code).toBe(0);
  expect(stdout).toContain("The columns contradict each other");
});

test("a line of mm_stat may not be a file", () => {
  const program = new URL("../dist/main.js", import.meta.url);
  if (!existsSync(program)) return;
  const run = (): string =>
    execFileSync(process.execPath, [program.pathname, "explain", "-"], {
      input: "1 ".repeat(5000),
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(run).toThrow("stdin gives more than a line of mm_stat");
});

describe("a built-in corpus", () => {
  const csv = "page,source\n0,heap\n";

  test("that doesn't unpack, or to another length than the table has", () => {
    const wrong = "the built-in corpus is damaged";
    expect(() => decodeCorpus(Buffer.from("no zstd"), csv, 4096)).toThrow(`pages.bin.zst: ${wrong}`);
  });

  test.each([
    ["page,kind\n0,same", /^truth-pages\.csv:1: the built-in corpus is damaged \(the columns are not page,/],
    ["1,same,0,0,0,1,1", /^truth-pages\.csv:2: .* \(no row of page 0 with 7 cells\)/],
    ["0,compressed,5,-6,7,8,9", /^truth-pages\.csv:2: .* \(column 4 is not a number from 1 to 8192\)/],
  ])("with a table such as %s", (row, message) => {
    const text = row.startsWith("page") ? row : `page,kind,lz4,lzo,lzo_rle,zstd,deflate\n${row}\n`;
    expect(() => parseCorpusSizes(text, "lzo")).toThrow(message);
  });
});
