import { expect, test } from "vitest";
import { somePages, temporaryFile, zlab, zlabJson } from "./zlab.ts";

interface Statistics {
  readonly objects: number;
  readonly totalPages: number;
  readonly pagesCompacted: number;
  readonly classes: readonly { objectsUsed: number; pagesUsed: number }[];
}

const title612 =
  " class  size       10%       20%       30%       40%       50%       60%       70%       80%       90%       99%      100% obj_allocated   obj_used pages_used pages_per_zspage freeable";

test("stdout is the kernel's file and nothing else", async () => {
  const { code, stdout, stderr } = await zlab(["stat"]);
  const lines = stdout.split("\n");
  expect(code).toBe(0);
  expect(lines[0]).toBe(title612);
  expect(lines).toHaveLength(1 + 119 + 1 + 1 + 1);
  expect(lines.slice(1, 120).every((line) => line.length === title612.length)).toBe(true);
  expect(lines[120]).toBe("");
  expect(lines[121]).toMatch(/^ Total  .* 1810 /);
  expect(stderr).toContain("1,810 objects stored in zsmalloc of linux-6.12; 238 same-filled pages are not stored");
});

test.each([
  ["linux-4.x", 99],
  ["linux-3.10", 255],
])("%s has the columns of 2015", async (era) => {
  const { stdout } = await zlab(["stat", "--era", era]);
  expect(stdout.split("\n")[0]!.trim().split(/ +/)).toEqual([
    "class",
    "size",
    "almost_full",
    "almost_empty",
    "obj_allocated",
    "obj_used",
    "pages_used",
    "pages_per_zspage",
  ]);
});

test("the classes' pages are the pool's pages", async () => {
  const { classes, totalPages, objects } = await zlabJson<Statistics>(["stat", "--codec", "deflate", "--chain", "5"]);
  expect(classes.reduce((sum, row) => sum + row.pagesUsed, 0)).toBe(totalPages);
  expect(classes.reduce((sum, row) => sum + row.objectsUsed, 0)).toBe(objects);
});

test("a chain of 4 has 69 classes", async () => {
  expect((await zlabJson<Statistics>(["stat", "--chain", "4"])).classes).toHaveLength(69);
});

test("a partial page is mentioned on stderr", async () => {
  const { code, stderr } = await zlab([
    "stat",
    temporaryFile("memory.bin", somePages(1).subarray(0, 4000)),
    "--compact",
  ]);
  expect(code).toBe(0);
  expect(stderr).toMatch(/memory\.bin ends within a page: its last 96 bytes were filled with zeros\n1 page of 4 KiB/);
  expect(stderr).toContain("compaction gave 0 pages back\n");
});
