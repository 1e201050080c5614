// The style that can be checked, so that it stays true. Each rule is also shown a planted violation.

import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type TextFile, codeFiles, documents, root, workspaces } from "./repository.ts";
import { badNames, foreignPaths, leftovers, missingDocs, missingHead, wideComments } from "./style-rules.ts";

type Rule = (file: TextFile) => string[];

const code = codeFiles();
const sources = workspaces().flatMap((workspace) => workspace.sources);
// Parts of what is planted, so that it is not found in this very file.
const NO = "no";
const ANY = "any";
const UP = "..";

function check(rule: Rule, files: readonly TextFile[]): void {
  expect(files.length).toBeGreaterThan(0);
  expect(files.flatMap(rule)).toEqual([]);
}

/** What the rule finds in a file of this text. */
function find(rule: Rule, text: string, path = "packages/zbud/src/planted.ts"): number {
  return rule({ path, text }).length;
}

describe("file names are kebab-case", () => {
  test("all", () => check(badNames, code));

  test("a violation is found", () => {
    for (const path of ["src/zsPool.ts", "src/zs_pool.ts", "src/ZsPool.ts"]) expect(find(badNames, "", path)).toBe(1);
    for (const path of ["src/zs-pool.ts", "zs-pool.test.ts", "zram-6.18.ts"]) expect(find(badNames, "", path)).toBe(0);
  });
});

describe("nothing is left over", () => {
  test("in code and documents", () => check(leftovers, [...code, ...documents()]));

  test("a violation is found", () => {
    for (const note of [
      "TO~DO: later",
      "FIX~ME",
      "a HA~CK",
      "@~@TABLE@@",
      "as in iss~ue 12",
      "te~st.skip(",
      "desc~ribe.only.each(",
      "xi~t(",
    ]) {
      expect([note, find(leftovers, `ok();\n// ${note.replace("~", "")}`)]).toEqual([note, 1]);
    }
    expect(find(leftovers, "the issue is that a zspage hacks its way; test.each([1]) and its.only")).toBe(0);
  });
});

describe("no path leads out of the repository", () => {
  test("in code and documents", () => check(foreignPaths, [...code, ...documents()]));

  test("a violation is found", () => {
    const paths = [
      "/ho~me/me/zlab",
      "see /op~t/zlab/x.ts",
      "C:~\\zlab",
      `"${UP}/../../../elsewhere/x.ts"`,
      "file:~///x",
    ];
    for (const path of paths) expect([path, find(foreignPaths, path.replace("~", ""))]).toEqual([path, 1]);
    const own = [
      "/proc/slabinfo",
      "/sys/kernel/slab",
      `"${UP}/../../golden/x.csv"`,
      "pages / bytes",
      "https://a.b/c/d",
    ];
    for (const path of own) expect([path, find(foreignPaths, path)]).toEqual([path, 0]);
  });
});

describe("comments fit on the screen", () => {
  test("all", () => check(wideComments, code));

  test("a violation is found", () => {
    for (const start of ["//", "  /**", "   *"]) {
      expect(find(wideComments, `${start} ${"x".repeat(150)}`)).toBe(1);
      expect(find(wideComments, `${start} ${"x".repeat(120)}`)).toBe(0);
    }
  });
});

describe("each source says what it is", () => {
  test("all", () => check(missingHead, sources));

  test("a violation is found", () => {
    expect(find(missingHead, 'import { a } from "a";\nexport const b = a;\n')).toBe(1);
    expect(find(missingHead, "export const b = 1; // says nothing\n")).toBe(1);
    expect(find(missingHead, '// What b is.\nimport { a } from "a";\n')).toBe(0);
    expect(
      find(missingHead, 'import {\n  a,\n} from "a";\nimport "c";\n\n/** What b is. */\nexport const b = a;\n'),
    ).toBe(0);
    expect(find(missingHead, 'export * from "./a.ts";\n', "packages/zbud/src/index.ts")).toBe(0);
  });
});

describe("what a package shows is documented", () => {
  const doors = sources.filter(({ path }) => path.endsWith("/index.ts"));

  test("all", () => check((door) => missingDocs(door, sources), doors));

  test("a violation is found", () => {
    const door = { path: "packages/zbud/src/index.ts", text: 'export { type A, a, B } from "./planted.ts";' };
    const findDocs = (text: string) => missingDocs(door, [{ path: "packages/zbud/src/planted.ts", text }]);
    const text = "// Head.\n\nexport function a() {}\n\n/** B. */\nexport class B {}\n\nexport function own() {}\n";
    expect(findDocs(text)).toEqual(["packages/zbud/src/planted.ts:3: a has no docstring"]);
    expect(findDocs(text.replace("export function a", "/** A,\n * long. */\nexport async function a"))).toEqual([]);
    expect(findDocs("// Head.\n\nexport class B {}\n")).toEqual([]);
    expect(findDocs("// Head.\n\nexport class A {}\nexport class B {}\n")).toHaveLength(2);
    expect(findDocs('import "a";\n\nexport class B {}\n')).toHaveLength(1);
    expect(missingDocs(door, [])).toHaveLength(1);
  });
});

describe("the linter is set up to find", () => {
  const folder = join(root, ".cache/planted");
  const longFunction = `export function f(): void {\n${"  f();\n".repeat(80)}}\n`;

  test.each([
    ["eslint(max-lines)", "// A line.\n".repeat(460)],
    ["eslint(max-lines-per-function)", longFunction],
    ["typescript(no-explicit-any)", `export const a: ${ANY} = 1;\n`],
    ["typescript(ban-ts-comment)", `// @ts-${NO}check\nexport const a = 1;\n`],
  ])("%s", (rule, text) => {
    const file = join(folder, `${rule.replaceAll(/\W+/g, "-")}.ts`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, text);
    const config = join(root, ".oxlintrc.json");
    const args = [join(root, "node_modules/oxlint/bin/oxlint"), "--no-ignore", "-c", config, file];
    const { stdout, status } = spawnSync(process.execPath, args, { encoding: "utf8", cwd: root });
    rmSync(file);
    expect(stdout).toContain(rule);
    expect(status).toBe(1);
  });
});
