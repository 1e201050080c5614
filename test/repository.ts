// The repository as the tests see it: its packages and the text of its files. Only files that belong to it are looked at, not what
// was installed or built.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** A file by its path from the root, with "/" between the parts, and its text. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: unknown;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** A workspace of the repository: a folder of packages/, or benchmarks. */
export interface Workspace {
  /** Folder from the root: "packages/zbud". */
  readonly folder: string;
  /** Name of the folder, which is the package's name without "@zlab/". */
  readonly name: string;
  readonly manifest: Manifest;
  /** Its sources: src/**. */
  readonly sources: readonly TextFile[];
  /** Its tests: test/**. */
  readonly tests: readonly TextFile[];
}

const SKIPPED = new Set(["node_modules", "dist", "coverage", "results"]);

/** Paths of all files below a folder, from the root; hidden folders and what isn't ours are left out. */
function walk(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (!entry.isDirectory()) return [path];
    return SKIPPED.has(entry.name) || entry.name.startsWith(".") ? [] : walk(path);
  });
}

export function readText(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function readFiles(folder: string, extension: RegExp): TextFile[] {
  return walk(folder)
    .filter((path) => extension.test(path))
    .map((path) => ({ path, text: readText(path) }));
}

export function readManifest(path: string): Manifest {
  return JSON.parse(readText(path)) as Manifest;
}

/** All workspaces. */
export function workspaces(): Workspace[] {
  const folders = readdirSync(join(root, "packages")).map((name) => `packages/${name}`);
  return [...folders, "benchmarks"]
    .filter((folder) => existsSync(join(root, folder, "package.json")))
    .map((folder) => ({
      folder,
      name: folder.split("/").at(-1)!,
      manifest: readManifest(`${folder}/package.json`),
      sources: readFiles(`${folder}/src`, /\.ts$/),
      tests: readFiles(`${folder}/test`, /\.ts$/),
    }));
}

/** Everything written by hand in TypeScript or JavaScript. */
export function codeFiles(): TextFile[] {
  return readFiles("", /\.[cm]?[jt]s$/);
}

/** README.md, ARCHITECTURE.md and the other documents. */
export function documents(): TextFile[] {
  return readFiles("", /\.md$/);
}
