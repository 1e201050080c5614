import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { readTrace, replay } from "./golden-replay.ts";

const golden = new URL("../../../golden/z3fold-6.12/", import.meta.url);
const traces = readdirSync(golden).filter((file) => file.endsWith(".trace.jsonl.gz"));

describe("z3fold does what Linux 6.12 did", () => {
  test("there are traces", () => expect(traces.length).toBeGreaterThan(0));

  test.each(traces)("%s", (file) => {
    expect(replay(readTrace(new URL(file, golden)))).toBeGreaterThan(1000);
  });

  test("a wrong fact in a trace is found", () => {
    const lines = readTrace(new URL(traces.at(0) ?? "", golden));
    const tampered = lines.with(100, ["a", 4711, 100, 1, 1, 1, 1]);
    expect(() => replay(tampered)).toThrow(/line 102/u);
  });
});
