// The examples of the README and of docs/ are what the program prints: each ```console block is a command and its output, with
// "..." for lines left out. What depends on the machine (its name, times) is not compared.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { packageDirectory, zlab } from "./zlab.ts";

const repository = join(packageDirectory, "../..");
const documents = [
  "packages/lab/README.md",
  "docs/published-tables.md",
  "docs/experiments.md",
  "docs/block-traces.md",
].map((file) => readFileSync(join(repository, file), "utf8"));
const blocks = documents.flatMap((text) =>
  [...text.matchAll(/^```console\n\$ zlab (.*)\n([^]*?)^```$/gm)].map(
    ([, command, output]) => [command!, output!] as const,
  ),
);

/** Columns at the end of each table that hold times. */
const timeColumns = (command: string): number => ({ compare: 3, replay: 1 })[command.split(" ")[0]!] ?? 0;

/** The lines without times, and without the widths of columns that follow from them. */
function comparable(text: string, command: string): string[] {
  const times = new RegExp(`( +[\\d,]+){${timeColumns(command)}}$`);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^machine .*/, "machine"))
    .map((line) =>
      timeColumns(command) === 0 ? line : line.replace(times, "").replaceAll(/ +/g, " ").replaceAll(/-{2,}/g, "--"),
    )
    .map((line) => (timeColumns(command) === 0 ? line : line.trim()));
}

/** Whether the lines are those of the pattern, in which "..." stands for any number of lines. */
function expectLines(lines: readonly string[], pattern: readonly string[]): void {
  let next = 0;
  for (const [i, wanted] of pattern.entries()) {
    if (wanted === "...") continue;
    if (pattern[i - 1] === "...") {
      const found = lines.indexOf(wanted, next);
      if (found < 0) expect(lines.slice(next)).toContain(wanted);
      next = found;
    }
    expect(lines[next]).toBe(wanted);
    next++;
  }
  if (pattern.at(-1) !== "...") expect(lines.slice(next)).toEqual([]);
}

describe("README", () => {
  test("has examples of every command", () => {
    const commands = new Set(blocks.map(([command]) => command.split(" ")[0]));
    expect(commands).toEqual(
      new Set([
        "backends",
        "classes",
        "compare",
        "conformance",
        "experiment",
        "explain",
        "image",
        "predict",
        "capture",
        "replay",
        "reproduce",
        "stat",
      ]),
    );
  });

  test.each(blocks)("zlab %s", async (command, output) => {
    const { stdout, stderr } = await zlab(command.split(" "), {}, repository);
    expectLines(comparable(stderr + stdout, command), comparable(output, command));
  });
});
