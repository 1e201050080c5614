// The dependency rule: hw-sim ← zpool ← backends ← lab, benchmarks; packages meet at their doors, and only the composing
// edge knows of a container. Each rule is also shown a planted violation.

import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  containerLoads,
  containerViolations,
  deepImports,
  dependencyViolations,
  importsOf,
  isBackend,
  missingFiles,
  undeclaredImports,
} from "./architecture-rules.ts";
import { type Workspace, root, workspaces } from "./repository.ts";

const all = workspaces();
const UP = ".."; // written apart, so that what is planted does not lead out of this file's own repository

/** A workspace of one source file, to be found fault with. */
function planted(folder: string, path: string, text: string, dependencies: Record<string, string> = {}): Workspace {
  const name = folder.split("/").at(-1)!;
  const manifest = { name: `@zlab/${name}`, version: "0.1.0", dependencies };
  const file = { path: `${folder}/${path}`, text };
  return { folder, name, manifest, sources: path.startsWith("src/") ? [file] : [], tests: [file] };
}

test("the packages are those that the rule speaks of", () => {
  expect(all.length).toBeGreaterThan(6);
  expect(all.filter(({ name }) => isBackend(name)).map(({ name }) => name)).toContain("zsmalloc");
  for (const { name, manifest, sources } of all) {
    expect(manifest.name).toBe(`@zlab/${name}`);
    expect(sources.length).toBeGreaterThan(0);
  }
});

test("every form of import is seen", () => {
  const text = `import "a";
import b from "b";
import {
  type C,
  d,
} from "c/d";
export { e } from "./e.ts";
export * from "@f/g/h";
const i = await import("i");
const notAnImport = "from \\"j\\"";
`;
  expect(importsOf({ path: "x.ts", text })).toEqual(["a", "b", "c/d", "./e.ts", "@f/g/h", "i"]);
});

describe("dependencies point one way", () => {
  test.each(all)("$name", (workspace) => expect(dependencyViolations(workspace)).toEqual([]));

  test("a violation is found", () => {
    const sibling = planted("packages/zbud", "src/x.ts", 'import { a } from "@zlab/zsmalloc";');
    expect(dependencyViolations(sibling)).toEqual(["packages/zbud/src/x.ts: imports @zlab/zsmalloc"]);
    const upwards = planted("packages/hw-sim", "src/x.ts", "", { "@zlab/zpool": "workspace:*" });
    expect(dependencyViolations(upwards)).toEqual(["packages/hw-sim/package.json: depends on @zlab/zpool"]);
    expect(dependencyViolations(planted("packages/other", "src/x.ts", ""))).toHaveLength(1);
  });
});

describe("every import is a declared dependency", () => {
  test.each(all)("$name", (workspace) => expect(undeclaredImports(workspace)).toEqual([]));

  test("a violation is found", () => {
    const text = 'import "node:fs";\nimport "./y.ts";\nimport "known/deep";\nimport "@some/where";';
    const workspace = planted("packages/lab", "src/x.ts", text, { known: "1.0.0" });
    expect(undeclaredImports(workspace)).toEqual([
      "packages/lab/src/x.ts: imports @some/where, which its package.json does not list",
    ]);
  });
});

describe("packages meet at their doors", () => {
  test.each(all)("$name", (workspace) => expect(deepImports(workspace)).toEqual([]));

  test.each([
    ["src/x.ts", "@zlab/hw-sim/dist/machine.js"],
    ["src/x.ts", `${UP}/../hw-sim/src/machine.ts`],
    ["src/x.ts", `${UP}/test/x.ts`],
    ["src/x.ts", "@zlab/zpool/testing"],
    ["test/x.test.ts", `${UP}/../zbud/src/chunks.ts`],
  ])("a violation is found: %s imports %s", (path, specifier) => {
    expect(deepImports(planted("packages/zsmalloc", path, `import { a } from "${specifier}";`))).not.toEqual([]);
  });
});

describe("only the composing edge knows of the container", () => {
  test.each(all)("$name", (workspace) => expect(containerViolations(workspace)).toEqual([]));

  test("a violation is found", () => {
    const text = 'import { inject } from "inversify";\nclass A { constructor(@inject(B) readonly b: B) {} }';
    expect(containerViolations(planted("packages/zbud", "src/zbud-pool.ts", text))).toHaveLength(1);
    expect(containerViolations(planted("packages/lab", "src/x.ts", 'import "inversify";'))).toHaveLength(1);
    expect(containerViolations(planted("packages/lab", "src/service.ts", text))).toEqual([]);
    expect(containerViolations(planted("packages/zbud", "src/module.ts", 'import "inversify";'))).toEqual([]);
  });
});

describe("a library does not load the container", () => {
  test.each(all)("$name", (workspace) => expect(containerLoads(workspace)).toEqual([]));

  test("a violation is found", () => {
    const loads = (text: string) => containerLoads(planted("packages/zbud", "src/module.ts", text));
    expect(loads('import {\n  ContainerModule,\n} from "inversify";')).toHaveLength(1);
    expect(loads('import "reflect-metadata";')).toHaveLength(1);
    expect(loads('import type { ContainerModule } from "inversify";\nimport { A } from "./a.ts";')).toEqual([]);
  });
});

describe("one finds one's way about", () => {
  test.each(all)("$name", (workspace) => {
    expect(missingFiles(workspace, (path) => existsSync(join(root, path)))).toEqual([]);
  });

  test("a missing file is found", () => {
    const hasFile = (path: string) => !path.endsWith("check.ts");
    expect(missingFiles(planted("packages/zbud", "src/x.ts", ""), hasFile)).toEqual(["packages/zbud/src/check.ts"]);
    expect(missingFiles(planted("packages/lab", "src/x.ts", ""), () => false)).toHaveLength(2);
  });
});
