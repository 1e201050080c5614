import { expect, test } from "vitest";
import { temporaryFile, zlab, zlabJson } from "./zlab.ts";

interface Listings {
  readonly pageBytes: number;
  readonly backends: readonly { name: string; capabilities: { maxBytes: number; compact: boolean } | null }[];
}

test("lists what is registered, with capabilities", async () => {
  const { code, stdout } = await zlab(["backends"]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^zsmalloc +4,096 +yes +no +yes +yes +0  \S.*chainSize 8$/m);
  expect(stdout).toMatch(/^zbud +3,968 +no +yes +no +no +0  at most two objects a page/m);
  expect(stdout).toMatch(/^xvmalloc +4,088 +no +yes +no +no +0  \S/m);
  expect(stdout).toMatch(/^zblock +4,079 +no +yes +no +no +0-3  \S/m);
  expect(stdout).toMatch(/^kmalloc +4,194,304 +no +yes +no +no +0-10  \S/m);
});

test("lists a driver of somebody else, for the page size asked for", async () => {
  const argv = ["backends", "--page-size", "16384", "--driver", "examples/page-per-object.js"];
  const { pageBytes, backends } = await zlabJson<Listings>(argv);
  expect(pageBytes).toBe(16384);
  expect(backends.at(-1)).toMatchObject({ name: "page-per-object", capabilities: { maxBytes: 16384, compact: false } });
});

test.each([
  ["null", "capabilities() returned no record"],
  ["(() => { throw new TypeError('oops'); })()", "capabilities() threw: oops"],
])("says of a driver whose capabilities are %s what is wrong", async (result, reason) => {
  const text = `export default { type: "odd", capabilities: () => ${result}, create() {} };`;
  const { code, stdout } = await zlab(["backends", "--driver", temporaryFile("odd.mjs", text)]);
  expect(code).toBe(0);
  expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^odd( +-){6} {2}/);
  expect(stdout).toContain(reason);
});
