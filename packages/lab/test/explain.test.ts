import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { packageDirectory, zlab, zlabJson } from "./zlab.ts";

interface Explanation {
  readonly columns: readonly { name: string; value: number; meaning: string }[];
  readonly figures: Record<string, number | null>;
  readonly lookAt: readonly string[];
}

const written = "8388608  3355406  4751360        0  4751360      238        0      107      107";

const explained = (line: string, ...options: string[]): Promise<Explanation> =>
  zlabJson<Explanation>(["explain", line, ...options]);

/** The steps that a real device went through with the corpus and lz4. */
function truth(step: string): string {
  const text = readFileSync(`${packageDirectory}corpus/device-truth.json`, "utf8");
  const { corpora } = JSON.parse(text) as { corpora: { pages: { lz4: Record<string, number[]> } } };
  return corpora.pages.lz4[step]!.join(" ");
}

describe("explain", () => {
  test("says what each column is on this device", async () => {
    const { code, stdout, stderr } = await zlab(["explain", written]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/^\d \w+ [\d,]+$/gm)).toHaveLength(9);
    const text = stdout.replaceAll(/\s+/g, " ");
    expect(text).toContain("8.0 MiB of data in 2,048 pages");
    expect(text).toContain("3.2 MiB is what they were compressed to, a ratio of 2.50: 1,810 objects of 1,713 bytes");
    expect(text).toContain("4.5 MiB is what the pool takes for that, in whole pages: 1.3 MiB (41.6 %) beyond");
    expect(text).toContain("there is no limit");
    expect(text).toContain("238 pages (11.6 %) are one machine word");
    expect(text).toContain("107 pages (5.9 % of the objects)");
    expect(text).toContain("107 times a page was stored so; 0 of them are gone");
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
  });

  test("takes the line as nine arguments too", async () => {
    expect(await zlab(["explain", ...written.split(/ +/)])).toEqual(await zlab(["explain", written]));
  });

  const program = `${packageDirectory}dist/main.js`;
  test.skipIf(!existsSync(program))("takes the line from stdin", async () => {
    const { stdout, status } = spawnSync(process.execPath, [program, "explain", "-"], {
      input: `${written}\n`,
      encoding: "utf8",
      env: {},
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: (await zlab(["explain", written])).stdout });
  });

  test("computes its figures from the columns", async () => {
    const { figures } = await explained("40960000 8000000 12288000 16384000 20480000 1000 7 500 800");
    expect(figures).toMatchObject({
      storedPages: 10_000,
      objects: 9_000,
      dataRatio: 5.12,
      memoryRatio: 40_960_000 / 12_288_000,
      meanObjectBytes: (8_000_000 - 500 * 4096) / 8_500,
      overheadBytes: 4_288_000,
      sameShare: 0.1,
      hugeShare: 500 / 9_000,
      limitShare: 0.75,
      belowPeakBytes: 8_192_000,
    });
  });

  test("estimates nothing as empty where every page is stored raw, and all of what is beyond", async () => {
    expect((await explained("4096000 4096000 4096000 0 4096000 0 0 1000 1000")).figures["emptySlotBytes"]).toBe(0);
    expect((await explained("4096000 4096000 8192000 0 8192000 0 0 1000 1000")).figures["emptySlotBytes"]).toBe(
      4096000,
    );
  });

  test("sees the fragmentation of a real device rise with discards and fall with compaction", async () => {
    const shares: number[] = [];
    for (const step of ["written", "discarded", "compacted"]) {
      const { figures, columns } = await explained(truth(step));
      shares.push(figures["emptySlotBytes"]! / columns[2]!.value);
    }
    expect(shares[1]).toBeGreaterThan(shares[0]!);
    expect(shares[1]).toBeGreaterThan(shares[2]!);
  });

  test.each([
    ["a limit that is near", "40960000 8000000 9011200 9420800 9011200 0 0 0 0", /^The limit is near/],
    ["a limit that is passed", "40960000 8000000 9011200 8192000 9011200 0 0 0 0", /^The pool is above its limit/],
    ["a poor ratio", "40960000 30000000 32768000 0 32768000 0 0 0 0", /1\.25 times .* That is little/],
    ["fragmentation", "40960000 8000000 16384000 0 16384000 0 0 0 0", /slots that hold nothing/],
    [
      "incompressible pages",
      "40960000 20480000 21299200 0 21299200 0 0 3000 3000",
      /^30\.0 % of the objects are incompr/,
    ],
    ["a high peak", "40960000 8000000 9011200 0 12288000 0 0 0 0", /^The peak is 3\.1 MiB above the present use/],
    ["an empty device", "0 0 0 0 8192 0 0 0 5", /^The device is empty/],
    [
      "columns that don't fit together",
      "40960000 8000000 4096000 0 0 10001 0 9 0",
      /contradict each other \(more same/,
    ],
  ])("points at %s", async (_, line, message) => {
    const { lookAt } = await explained(line);
    expect(lookAt.filter((text) => message.test(text))).toHaveLength(1);
    const calm = await explained("40960000 8000000 8601600 0 8601600 0 0 0 0");
    expect(calm.lookAt).toHaveLength(1);
    expect(calm.lookAt[0]).not.toMatch(message);
  });

  test.each([
    ["too few columns", "1 2 3", /mm_stat has 9 columns, not 3/],
    ["too many columns", `${written} 5`, /mm_stat has 9 columns, not 10/],
    ["no columns", " ", /mm_stat has 9 columns, not 0/],
    [
      "a word",
      written.replace("238", "many"),
      /column 6 \(same_pages\) must be a number of bytes or pages, not "many"/,
    ],
    ["a negative number", written.replace("238", "-238"), /column 6 \(same_pages\)/],
    ["a number beyond all memory", written.replace("238", "99999999999999999999"), /column 6 \(same_pages\)/],
    [
      "a part of a page",
      written.replace("8388608", "8388609"),
      /orig_data_size 8388609 is not a multiple of the page size/,
    ],
  ])("refuses %s", async (_, line, message) => {
    const { code, stdout, stderr } = await zlab(["explain", line]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  });

  test("counts in the pages of the device", async () => {
    expect((await explained("655360 65536 131072 0 131072 0 0 0 0", "--page-size", "65536")).figures).toMatchObject({
      storedPages: 10,
    });
    expect((await zlab(["explain", written, "--page-size", "65536"])).stderr).toMatch(/mem_used_total|mem_used/);
  });
});
