// The architecture as rules over text: each returns the violations it finds, a line for each. Kept apart from the test, so that
// the test can also show that each rule finds what it is there for.

import { posix } from "node:path";
import type { TextFile, Workspace } from "./repository.ts";

/** Which packages of the repository each package may depend on. The arrows point one way, and backends do not know each other. */
const MACHINE = ["hw-sim"];
const CONTRACT = [...MACHINE, "zpool"];
const BACKENDS = ["zsmalloc", "zbud", "z3fold", "kmalloc-sim", "xvmalloc", "zblock"];
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "hw-sim": [],
  codecs: MACHINE,
  zpool: MACHINE,
  ...Object.fromEntries(BACKENDS.map((name) => [name, CONTRACT])),
  zram: [...CONTRACT, "codecs"],
  lab: [...CONTRACT, ...BACKENDS, "codecs", "zram"],
  benchmarks: [...CONTRACT, ...BACKENDS, "codecs", "zram", "lab"],
};

/** The doors of a package: all that others may import. */
const DOORS = /^@zlab\/(?:[a-z0-9-]+|zpool\/testing)$/;
const BACKEND_FILES = ["driver.ts", "check.ts", "module.ts", "index.ts"];

const IMPORT =
  /^[ \t]*(?:import|export)\b(?:[\w\s{},*$]*?\bfrom)?\s*["']([^"'\n]+)["']|^(?!\s*\/?[/*]).*\bimport\(\s*["']([^"'\n]+)["']/gm;

/** What the import and export statements and the import() calls of a file name. */
export function importsOf({ text }: TextFile): string[] {
  return Array.from(text.matchAll(IMPORT), (match) => match[1] ?? match[2]!);
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}

export function isBackend(name: string): boolean {
  return BACKENDS.includes(name);
}

/** Imports and dependencies against the direction of the arrows. */
export function dependencyViolations({ name, folder, manifest, sources }: Workspace): string[] {
  const allowed = ALLOWED[name];
  if (allowed === undefined) return [`${folder}: has no place in the dependency rule; give it one in this test`];
  const isForbidden = (dependency: string) =>
    dependency.startsWith("@zlab/") && !allowed.includes(dependency.slice("@zlab/".length));
  const listed = Object.keys(manifest.dependencies ?? {}).filter(isForbidden);
  const imported = sources.flatMap((file) =>
    importsOf(file)
      .map(packageOf)
      .filter((dependency) => isForbidden(dependency) && dependency !== `@zlab/${name}`)
      .map((dependency) => `${file.path}: imports ${dependency}`),
  );
  return [...listed.map((dependency) => `${folder}/package.json: depends on ${dependency}`), ...imported];
}

/** Imports of packages that package.json does not list: they work only by luck. */
export function undeclaredImports({ manifest, sources }: Workspace): string[] {
  const declared = new Set(Object.keys(manifest.dependencies ?? {}));
  return sources.flatMap((file) =>
    importsOf(file)
      .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"))
      .map(packageOf)
      .filter((dependency) => !declared.has(dependency))
      .map((dependency) => `${file.path}: imports ${dependency}, which its package.json does not list`),
  );
}

/** Imports that reach into another package past its doors, or of the conformance kit outside of tests. */
export function deepImports({ folder, name, sources, tests }: Workspace): string[] {
  const usesKit = name === "lab" || name === "benchmarks";
  const violations = [...sources, ...tests].flatMap((file) =>
    importsOf(file)
      .filter((specifier) => {
        if (specifier.startsWith("@zlab/")) return !DOORS.test(specifier);
        if (!specifier.startsWith(".")) return false;
        const target = posix.join(posix.dirname(file.path), specifier);
        const home = file.path.startsWith(`${folder}/src/`) ? `${folder}/src/` : `${folder}/`;
        return !target.startsWith(home);
      })
      .map((specifier) => `${file.path}: reaches into "${specifier}"`),
  );
  const kit = usesKit ? [] : sources.filter((file) => importsOf(file).includes("@zlab/zpool/testing"));
  return [...violations, ...kit.map((file) => `${file.path}: the conformance kit is for tests`)];
}

/** Uses of the container outside of the composing edge: tokens.ts, module.ts, the lab's compose.ts and services with
 * decorators. In backends there are no services, so an engine can't become one. */
export function containerViolations({ name, sources }: Workspace): string[] {
  const isAtEdge = ({ path, text }: TextFile) => {
    const file = posix.basename(path);
    if (file === "tokens.ts" || file === "module.ts") return true;
    if (path === "packages/lab/src/compose.ts") return true;
    return !isBackend(name) && name !== "hw-sim" && /@(?:injectable|inject|multiInject)\(/.test(text);
  };
  return sources
    .filter((file) => !isAtEdge(file))
    .flatMap((file) =>
      importsOf(file)
        .filter((specifier) => ["inversify", "reflect-metadata"].includes(packageOf(specifier)))
        .map((specifier) => `${file.path}: imports ${specifier}, but is not part of the composing edge`),
    );
}

/** Where a library loads the container: its modules take the types alone, so that who has no container need not wait for one. */
export function containerLoads({ name, sources }: Workspace): string[] {
  if (name === "lab" || name === "benchmarks") return [];
  return sources
    .filter(({ text }) => /^[ \t]*import\s+(?!type\b)[^;]*?["'](?:inversify|reflect-metadata)["']/m.test(text))
    .map(({ path }) => `${path}: loads the container; import its types alone`);
}

/** Files that each package has, so that one finds one's way about. `hasFile` tells of a path from the root. */
export function missingFiles({ folder, name }: Workspace, hasFile: (path: string) => boolean): string[] {
  if (!folder.startsWith("packages/")) return [];
  const files = isBackend(name) ? BACKEND_FILES : ["index.ts"];
  return [...files.map((file) => `${folder}/src/${file}`), `${folder}/README.md`].filter((path) => !hasFile(path));
}
