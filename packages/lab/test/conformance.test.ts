import { describe, expect, test } from "vitest";
import { zlab, zlabJson } from "./zlab.ts";

interface Reports {
  readonly drivers: readonly {
    readonly driver: string;
    readonly pageBytes: number;
    readonly seed: number;
    readonly runs: number;
    readonly kept: number;
    readonly broken: number;
    readonly properties: readonly { id: string; verdict: string; counterexample?: string; seed?: number }[];
  }[];
}

const quick = ["--runs", "3"];

describe("conformance", () => {
  test("the example driver keeps every promise", async () => {
    const { code, stdout, stderr } = await zlab(["conformance", "examples/page-per-object.js", ...quick]);
    expect(stdout).not.toContain("BROKEN");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("page-per-object: pages of 4 KiB, seed 1, 3 runs per promise");
    expect(stdout).toMatch(/^ok {6}handles-unique +No two live objects/m);
    expect(stdout).toMatch(/^- {7}compaction-keeps-contents .* \[only for: .*\]$/m);
    expect(stdout).toMatch(/\n\d+ kept, 0 broken, \d+ not applicable\n$/);
  });

  test("a broken promise is named with what breaks it and how to see it again", async () => {
    const file = "test/fixtures/faulty-driver.js";
    const { code, stdout } = await zlab([
      "conformance",
      file,
      ...quick,
      "--seed",
      "9",
      "--property",
      "contents-persist",
    ]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^BROKEN {2}contents-persist +\S.*\n +smallest counterexample:\n +a = malloc\(\d+\)\n/m);
    expect(stdout).toContain(`again: zlab conformance ${file} --property contents-persist --seed 9 --runs 3\n`);
    expect(stdout).toContain("\n0 kept, 1 broken, 0 not applicable\n");
  });

  test("a registered backend is found by its name; the page size is a choice", async () => {
    const argv = ["conformance", "zbud", ...quick, "--property", "handles-unique", "--property", "size-limits"];
    const { drivers } = await zlabJson<Reports>([...argv, "--page-size", "16384"]);
    expect(drivers).toHaveLength(1);
    expect(drivers[0]).toMatchObject({ driver: "zbud", pageBytes: 16384, seed: 1, runs: 3, kept: 2, broken: 0 });
    expect(drivers[0]!.properties.map(({ id, verdict }) => [id, verdict])).toEqual([
      ["handles-unique", "kept"],
      ["size-limits", "kept"],
    ]);
  });

  test("a broken promise in JSON has its counterexample", async () => {
    const argv = ["conformance", "test/fixtures/leaking-driver.js", ...quick, "--property", "pages-returned"];
    const { code, stdout } = await zlab([...argv, "--json"]);
    const { drivers } = JSON.parse(stdout) as Reports;
    expect(code).toBe(1);
    expect(drivers[0]!.properties[0]).toMatchObject({ verdict: "broken", seed: 1 });
    expect(drivers[0]!.properties[0]!.counterexample).toContain("malloc(");
  });

  test.each([
    [["zcache"], /no backend "zcache"; name a module file, as \.\/my-driver\.js, or one of zsmalloc, /],
    [["./nosuch.js"], /\.\/nosuch\.js: no such file/],
    [["zbud", "--property", "nosuch"], /no property "nosuch"; there are: handles-valid, /],
    [["zbud", "--runs", "0"], /--runs must be a whole number from 1 to 1000000, not "0"/],
    [["test/fixtures/half-a-driver.js"], /the exported driver lacks capabilities/],
  ])("%j is misuse", async (argv, message) => {
    const { code, stdout, stderr } = await zlab(["conformance", ...argv]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^zlab: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });
});
