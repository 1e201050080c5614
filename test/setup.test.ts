// What makes a fresh clone work: scripts, pinned versions, a lockfile that is bound to no registry, and no package forgotten by the
// build or by the tests.

import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Manifest, readManifest, readText, root, workspaces } from "./repository.ts";

const manifest = readManifest("package.json");
const all = workspaces();

/** Versions that may come out differently tomorrow. */
function looseVersions({ dependencies, devDependencies, optionalDependencies }: Manifest): string[] {
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies })
    .filter(([, version]) => !/^(?:workspace:\*|catalog:|\d+\.\d+\.\d+(?:-[\w.]+)?)$/.test(version))
    .map(([name, version]) => `${name}: ${version}`);
}

/** Whatever would bind the lockfile to the registry of the machine that wrote it. */
function addressesIn(lockfile: string): string[] {
  return lockfile.split("\n").filter((line) => /https?:\/\/|tarball:|registry/.test(line));
}

test("the scripts that a clone is run by exist, and so do the files that they name", () => {
  const scripts = manifest.scripts ?? {};
  for (const name of ["prestart", "start", "pretest", "test", "verify", "build", "format"]) {
    expect([name, scripts[name]]).toEqual([name, expect.any(String)]);
  }
  expect(scripts["prestart"]).toBe(scripts["pretest"]);
  const files = Object.values(scripts).flatMap((script) => script.match(/\b[\w./-]+\.mjs\b/g) ?? []);
  expect(files).toContain("scripts/setup.mjs");
  for (const file of files) expect([file, existsSync(join(root, file))]).toEqual([file, true]);
});

test(".ci/run is executable and ends with the closing line", () => {
  expect(statSync(join(root, ".ci/run")).mode & 0o111).toBe(0o111);
  const lines = readText(".ci/run").trimEnd().split("\n");
  expect(lines[0]).toMatch(/^#!\/usr\/bin\/env bash$/);
  expect(lines.slice(-2)).toEqual(['echo "$line"', 'exit "$status"']);
});

test("the lockfile names no registry, and no .npmrc does", () => {
  expect(addressesIn(readText("pnpm-lock.yaml"))).toEqual([]);
  expect(addressesIn("resolution: {tarball: https://a.b/c.tgz}\nresolution: {integrity: sha512-x}")).toHaveLength(1);
  for (const folder of [".", ...all.map((workspace) => workspace.folder)]) {
    expect(readdirSync(join(root, folder))).not.toContain(".npmrc");
  }
});

test("every version is pinned", () => {
  expect(looseVersions(manifest)).toEqual([]);
  expect(all.flatMap((workspace) => looseVersions(workspace.manifest))).toEqual([]);
  const catalog = readText("pnpm-workspace.yaml").split(/^catalog:\n/m)[1]!;
  const versions = Object.fromEntries(
    Array.from(catalog.matchAll(/^ {2}(\S+): (\S+)$/gm), ([, name, version]) => [name!, version!]),
  );
  expect(Object.keys(versions).length).toBeGreaterThan(3);
  expect(looseVersions({ name: "", version: "", dependencies: versions })).toEqual([]);
  expect(looseVersions({ name: "", version: "", dependencies: { a: "^1.0.0", b: "1.0.0", c: "latest" } })).toHaveLength(
    2,
  );
});

test("every package is built and tested, shows its dist, and has the licence", () => {
  const built = JSON.parse(readText("tsconfig.json")) as { references: { path: string }[] };
  expect(built.references.map(({ path }) => path).toSorted()).toEqual(all.map(({ folder }) => folder).toSorted());
  const tested = readText("vitest.config.ts");
  for (const { name, folder, manifest: own } of all) {
    expect([name, tested.includes(`"${name}"`)]).toEqual([name, true]);
    expect([name, own.license]).toEqual([name, "MIT"]);
    if (!folder.startsWith("packages/")) continue;
    for (const target of JSON.stringify(own.exports).match(/"\.\/[^"]*\.[^"]*"/g) ?? []) {
      expect([name, target.startsWith('"./dist/')]).toEqual([name, true]);
    }
    expect(own.exports).toBeDefined();
  }
  expect(readText("LICENSE")).toMatch(/^MIT License\n/);
});
