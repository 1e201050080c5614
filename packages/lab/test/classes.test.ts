// `zlab classes` against the golden tables, byte for byte, and against published figures.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  classCost,
  classListings,
  clustersByChain,
  largePageClasses,
  largePagePlan,
} from "../src/reproduce/published.ts";
import { zlab, zlabJson } from "./zlab.ts";

interface ClassesJson {
  readonly indexCount: number;
  readonly classCount: number;
  readonly hugeClassSizeBytes: number | null;
  readonly classes: readonly {
    readonly index: number;
    readonly sizeBytes: number;
    readonly pagesPerZspage: number;
    readonly objectsPerZspage: number;
    readonly wasteBytes: number;
    readonly spanningSlots: number;
    readonly mergedFrom: number;
    readonly minRequestBytes: number;
    readonly maxRequestBytes: number;
  }[];
}

const classes = (...argv: string[]): Promise<ClassesJson> => zlabJson<ClassesJson>(["classes", ...argv]);

function classFor({ classes: rows }: ClassesJson, requestBytes: number): ClassesJson["classes"][number] {
  return rows.find((row) => requestBytes >= row.minRequestBytes && requestBytes <= row.maxRequestBytes)!;
}

describe("--csv", () => {
  test.each([
    ...[4, 5, 6, 7, 8, 16].map((chain) => [["--chain", String(chain)], `classes-chain${chain}.csv`] as const),
    [["--era", "linux-3.10"], "classes-linux3.10.csv"] as const,
  ])("%j is %s", async (argv, file) => {
    const golden = readFileSync(new URL(`../../../golden/tables/${file}`, import.meta.url), "utf8");
    const { code, stdout, stderr } = await zlab(["classes", ...argv, "--csv"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(golden);
  });

  test("names parameters that no kernel of the era has", async () => {
    const { stdout } = await zlab([
      "classes",
      "--page-size",
      "16384",
      "--delta",
      "16",
      "--rule",
      "used-percent",
      "--csv",
    ]);
    expect(stdout).toMatch(
      /^# zsmalloc 6\.12 chain_size=8 classes=1023 .*page_size=16384 class_delta=16 rule=used-percent\n/,
    );
  });
});

describe("published tables", () => {
  test.each(clustersByChain)("chain %i (T1)", async (chain, byPercent, watermark, byWaste) => {
    const documented = await classes("--chain", String(chain), "--rule", "used-percent");
    const today = await classes("--chain", String(chain));
    expect([documented.classCount, today.classCount]).toEqual([byPercent, byWaste]);
    expect([documented.hugeClassSizeBytes, today.hugeClassSizeBytes]).toEqual([watermark - 7, watermark - 7]);
  });

  test.each(classListings)("%s, chain %i (T2)", async (rule, chain, rows) => {
    const listed = await classes("--chain", String(chain), "--rule", rule);
    const byIndex = new Map(listed.classes.map((row) => [row.index, [row.index, row.sizeBytes, row.pagesPerZspage]]));
    expect(rows.map(([index]) => byIndex.get(index))).toEqual(rows);
  });

  test("95 to 99 merge into 100, five objects a zspage, with chain 4 (T2)", async () => {
    const { classes: rows } = await classes("--chain", "4");
    expect(rows.find(({ index }) => index === 100)).toMatchObject({ mergedFrom: 95, objectsPerZspage: 5 });
  });

  test.each(largePageClasses)("16 KiB pages, delta %i, slots for %i (T5)", async (delta, slotBytes, ...expected) => {
    const row = classFor(await classes("--page-size", "16384", "--delta", String(delta)), slotBytes - 8);
    const found = [row.sizeBytes, row.pagesPerZspage, row.objectsPerZspage, row.wasteBytes];
    expect(found).toEqual(expected.slice(0, 4));
  });

  test("16 KiB pages: entries, clusters, threshold (T5)", async () => {
    expect(await classes("--page-size", "16384")).toMatchObject(largePagePlan);
  });

  test.each(classCost)(
    "a request of %i bytes costs %f bytes (T12)",
    async (requestBytes, slotBytes, pages, objects, cost) => {
      const row = classFor(await classes(), requestBytes);
      expect([row.sizeBytes, row.pagesPerZspage, row.objectsPerZspage]).toEqual([slotBytes, pages, objects]);
      expect((row.pagesPerZspage * 4096) / row.objectsPerZspage).toBeCloseTo(cost, 1);
    },
  );
});

describe("the table", () => {
  test("has a row per distinct class and a summary", async () => {
    const { code, stdout } = await zlab(["classes", "--chain", "4"]);
    expect(code).toBe(0);
    const rows = stdout.split("\n").filter((line) => /^ *\d+ /.test(line));
    expect(rows.filter((line) => !line.includes("classes of")).length).toBe(69);
    expect(stdout).toMatch(/^ *202 +3264 +4 +5 +64 +0\.4 % +3 +191-202 +3065-3256$/m);
    expect(stdout).toMatch(/^69 classes of 255 nominal sizes: linux-6\.12, 4 KiB pages/m);
    expect(stdout).toContain("huge_class_size 3257");
  });

  test("serves every request exactly once", async () => {
    for (const argv of [
      ["--era", "linux-3.10"],
      ["--page-size", "65536"],
      ["--chain", "16", "--rule", "rfc-2026"],
    ]) {
      const { classes: rows } = await classes(...argv);
      let next = 1;
      for (const { minRequestBytes, maxRequestBytes } of rows) {
        expect(minRequestBytes).toBe(next);
        next = maxRequestBytes + 1;
      }
      expect(next - 1).toBe(rows.at(-1)!.sizeBytes);
    }
  });

  test("era 3.10 has neither merging nor a threshold", async () => {
    const { stdout } = await zlab(["classes", "--era", "linux-3.10"]);
    expect(stdout).toContain("255 classes of 255 nominal sizes");
    expect(stdout).toContain("no huge_class_size");
  });
});

describe("misuse", () => {
  test.each([
    [["--chain", "0"], /--chain must be a whole number from 4 to 16, not "0"/],
    [["--chain", "17"], /from 4 to 16/],
    [["--chain", "x"], /from 4 to 16/],
    [["--era", "linux-2.6"], /--era must be one of linux-6\.12, linux-4\.x, linux-3\.10/],
    [["--rule", "best"], /--rule must be one of min-waste, used-percent, rfc-2026/],
    [["--page-size", "8192"], /--page-size must be 4096, 16384 or 65536/],
    [["--delta", "17"], /class delta 17 is not possible/],
    [["--era", "linux-3.10", "--chain", "8"], /linux-3\.10 has 4/],
    [["--csv", "--json"], /exclude each other/],
  ])("%j", async (argv, message) => {
    const { code, stdout, stderr } = await zlab(["classes", ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(message);
    expect(stderr.trimEnd().split("\n").length).toBe(1);
  });
});
