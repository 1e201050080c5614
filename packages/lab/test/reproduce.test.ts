// `zlab reproduce`: the verdicts, what they make of the exit code, and that every figure that must be exact is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { documentFinding } from "../src/reproduce/kernel-document.ts";
import { exitCodeOf } from "../src/reproduce/reproduce.ts";
import { type Cell, type PublishedTable, exactCell, relationCell } from "../src/reproduce/reproduction.ts";
import { PUBLISHED_TABLES, UNREPRODUCED_TABLES } from "../src/reproduce/tables.ts";
import { packageDirectory, zlab, zlabJson } from "./zlab.ts";

interface Report {
  readonly verdicts: { exact: number; within: number; differs: number };
  readonly tables: readonly {
    readonly id: string;
    readonly verdicts: { exact: number; within: number; differs: number };
    readonly remarks: readonly string[];
    readonly cells: readonly Cell[];
  }[];
  readonly notReproduced: readonly { readonly id: string; readonly reason: string }[];
}

describe("all tables", () => {
  test("every figure that must be exact is, and relations are found for the rest", async () => {
    const report = await zlabJson<Report>(["reproduce"]);
    const mustBeExact = report.tables.flatMap(({ cells }) => cells).filter(({ kind }) => kind === "exact");
    expect(mustBeExact.filter(({ verdict }) => verdict !== "exact")).toEqual([]);
    const exactById = Object.fromEntries(report.tables.map(({ id, verdicts }) => [id, verdicts.exact]));
    expect(exactById).toEqual({ T1: 52, T2: 157, T3: 2, T4: 24, T5: 43, T7: 65, T9: 0, T10: 0, T11: 93, T12: 35 });
    expect(report.tables.find(({ id }) => id === "T9")!.verdicts).toEqual({ exact: 0, within: 2, differs: 0 });
    const ids = [...report.tables, ...report.notReproduced].map(({ id }) => id);
    expect(ids.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)))).toEqual(
      Array.from({ length: 15 }, (_, i) => `T${i + 1}`),
    );
  });

  test("long chains win while files are whole and lose when they are cut (T7)", async () => {
    const { tables } = await zlabJson<Report>(["reproduce", "T7"]);
    const relations = tables[0]!.cells.filter(({ kind }) => kind === "relation");
    expect(relations.map(({ published, reproduced }) => Math.sign(published * reproduced))).toEqual([1, 1, 1, 1]);
    expect(relations.slice(0, 3).map(({ verdict }) => verdict)).toEqual(["within", "within", "within"]);
    expect(relations.map(({ reproduced }) => Math.sign(reproduced))).toEqual([-1, 1, 1, 1]);
  });
});

describe("verdicts", () => {
  test("an exact figure is the same number", () => {
    expect([5, 6, 5.000001, Number.NaN].map((found) => exactCell("r", "c", 5, found).verdict)).toEqual([
      "exact",
      "differs",
      "differs",
      "differs",
    ]);
  });

  test("a relation has the sign, and a third to three times the size", () => {
    const verdicts = [-0.06, -0.03, -0.02, -0.0067, -0.006, 0, 0.02].map(
      (found) => relationCell("r", "c", -0.02, found).verdict,
    );
    expect(verdicts).toEqual(["within", "within", "within", "within", "differs", "differs", "differs"]);
    expect(relationCell("r", "c", -0.02, -0.061).verdict).toBe("differs");
  });

  test("a figure that must be exact and differs is exit code 1, a relation that differs is not", () => {
    const done = (...cells: Cell[]): Parameters<typeof exitCodeOf>[0] => [{ table: {} as PublishedTable, cells }];
    expect(exitCodeOf(done(exactCell("r", "c", 1, 1), relationCell("r", "c", 0.1, -0.1)))).toBe(0);
    expect(exitCodeOf(done(exactCell("r", "c", 1, 1), exactCell("r", "d", 1, 2)))).toBe(1);
  });
});

describe("the finding on the kernel's document (T1)", () => {
  const cells = (): readonly Cell[] => PUBLISHED_TABLES.find(({ id }) => id === "T1")!.reproduce().cells;

  test("names the column, the rule and the number of rows", () => {
    expect(documentFinding(cells())).toBe(
      "The document's cluster column no longer describes the code: today's rule gives other numbers in 11 of 13 rows. " +
        "13 of 13 are those of the rule before Linux 6.3, which chose the pages of a zspage by used per cent; " +
        "since January 2023 the least waste decides. The watermark column describes it in 13 of 13 rows.",
    );
  });

  test("would be another if the document were brought up to date", () => {
    const all = cells();
    const today = new Map(all.filter(({ column }) => column === "clusters, today").map((cell) => [cell.row, cell]));
    const updated = all.map((cell) =>
      cell.column === "clusters, document"
        ? exactCell(cell.row, cell.column, today.get(cell.row)!.reproduced, cell.reproduced)
        : cell,
    );
    expect(documentFinding(updated)).toBe(
      "The document's cluster column describes today's code in all 13 rows. The watermark column describes it in 13 of 13 rows.",
    );
  });
});

describe("the report", () => {
  test("shows figures with signs, and why other tables are left out", async () => {
    const { code, stdout, stderr } = await zlab(["reproduce", "t10", "T13", "T4"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^min-waste, chain 10 +339,598 = +175,111 = .* 278,318,624 =$/m);
    expect(stdout).toMatch(/^zbud +\+35\.0 % ~ \+\d+\.\d %$/m);
    expect(stdout).toMatch(/^T13 +larger compression units .*: its pages are not public/m);
    expect(stdout).toMatch(/^=> 24 exact, 1 within the relation, 1 differ, in 2 tables$/m);
  });

  test("a table that isn't in the list is misuse", async () => {
    const { code, stderr } = await zlab(["reproduce", "T16"]);
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'zlab: there is no published table "T16"; there are T1 to T15\n',
    });
  });
});

test("docs/published-tables.md has a section for every table", () => {
  const text = readFileSync(join(packageDirectory, "../../docs/published-tables.md"), "utf8");
  for (const { id } of [...PUBLISHED_TABLES, ...UNREPRODUCED_TABLES])
    expect(text).toMatch(new RegExp(`^\\| ${id} \\|`, "m"));
});
