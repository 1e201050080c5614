import { describe, expect, test } from "vitest";
import { wantsColour, painterFor } from "../src/output/colour.ts";
import { formatBytes, formatPercent, formatRatio, thousands } from "../src/output/format.ts";
import { startProgress } from "../src/output/progress.ts";
import { formatTable } from "../src/output/table.ts";
import { zlab } from "./zlab.ts";

describe("tables", () => {
  test("align names left, numbers right, and titles at the rule", () => {
    const columns = [{ title: "name", align: "left" as const }, { title: "bytes\nstored" }, { title: "x" }];
    expect(
      formatTable(columns, [
        ["a", "1", "22"],
        ["longer", "1,000,000", ""],
      ]),
    ).toBe(
      [
        "            bytes",
        "name       stored   x",
        "------  ---------  --",
        "a               1  22",
        "longer  1,000,000",
        "",
      ].join("\n"),
    );
  });
});

describe("colours", () => {
  const terminal = { write: () => true, isTTY: true };
  const pipe = { write: () => true };

  test("are for terminals", () => {
    expect(wantsColour(terminal, {})).toBe(true);
    expect(wantsColour(pipe, {})).toBe(false);
    expect(wantsColour(terminal, { TERM: "dumb" })).toBe(false);
  });

  test("obey NO_COLOR, and FORCE_COLOR before it", () => {
    expect(wantsColour(terminal, { NO_COLOR: "1" })).toBe(false);
    expect(wantsColour(terminal, { NO_COLOR: "" })).toBe(true);
    expect(wantsColour(pipe, { NO_COLOR: "1", FORCE_COLOR: "1" })).toBe(true);
    expect(wantsColour(terminal, { FORCE_COLOR: "0" })).toBe(false);
  });

  test("are escape sequences around the text", () => {
    expect(painterFor(terminal, {}).bold("x")).toBe("\x1b[1mx\x1b[22m");
    expect(painterFor(pipe, {}).bold("x")).toBe("x");
  });

  test("reach a command's output", async () => {
    expect((await zlab(["backends"])).stdout).not.toContain("\x1b");
    expect((await zlab(["backends"], { FORCE_COLOR: "1" })).stdout).toContain("\x1b[1m");
  });
});

test("numbers are written for people", () => {
  expect(thousands(1234567)).toBe("1,234,567");
  expect([0, 1023, 1024, 8 * 2 ** 20, 3 * 2 ** 40].map(formatBytes)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KiB",
    "8.0 MiB",
    "3.0 TiB",
  ]);
  expect([0.25, Number.NaN, Infinity].map(formatRatio)).toEqual(["0.250", "-", "-"]);
  expect([0.0451, Number.NaN].map(formatPercent)).toEqual(["4.5 %", "-"]);
});

describe("the progress bar", () => {
  const watch = (isTTY: boolean, times: readonly number[], columns = 60): string => {
    let written = "";
    const clock = [0, ...times];
    const terminal = { write: (text: string) => (written += text), isTTY, columns };
    {
      using progress = startProgress(terminal, 4, () => clock.shift()!);
      for (const [i] of times.entries()) progress.update(i + 1, "zsmalloc");
    }
    return written;
  };

  test("is not for pipes, and not for the first two seconds", () => {
    expect(watch(false, [3000, 4000])).toBe("");
    expect(watch(true, [500, 1999])).toBe("");
  });

  test("fits the terminal, also one that doesn't know its width", () => {
    expect(watch(true, [2000], 35)).toBe(`\r\x1b[K${"█".repeat(8)}${"░".repeat(22)} 1/4\r\x1b[K`);
    expect(watch(true, [2000], 0)).toContain(" 1/4 zsmalloc\r");
  });

  test("is drawn, drawn again, and wiped out", () => {
    expect(watch(true, [1000, 2000, 2050, 2200])).toBe(
      `\r\x1b[K${"█".repeat(15)}${"░".repeat(15)} 2/4 zsmalloc\r\x1b[K${"█".repeat(30)} 4/4 zsmalloc\r\x1b[K`,
    );
  });
});
