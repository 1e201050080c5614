// What can be checked about style and is no matter for the linter, as rules over text: each returns the violations it finds, a line
// for each. (Lengths of files and functions, `any` and suppressed type errors are rules in .oxlintrc.json.)

import { posix } from "node:path";
import type { TextFile } from "./repository.ts";

const LONGEST_COMMENT = 140;
const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9.]+)*(?:\.[a-z]+)*$/;
const DECLARATION = /^export (?:abstract |async )?(function|class)\*? (\w+)/;
const DOOR_EXPORT = /^export (\*|\{[^}]*\}) from "(\.[^"]+)";/gm;

/** Notes to oneself; written with a dash, so that this file has none. */
const NOTES = new RegExp(`\\b(?:${["TO-DO", "FIX-ME", "X-XX", "HA-CK"].join("|").replaceAll("-", "")})\\b`);
const PLACEHOLDER = /@@\w+@@/;
const HISTORY = /\b(?:issue|ticket|PR) ?#?\d+\b/i;
const UNRUN_TEST = /\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|only|todo|fails)\b|\bx(?:test|it|describe)\(/;
/** A path from the root of a machine's file system, in quotes or in prose; the kernel's own files are named freely. */
const ABSOLUTE_PATH = /(?:^|[\s"'`(=])(?:\/(?!proc\/|sys\/|dev\/|boot\/)[a-z][\w.-]*\/[\w.-]|[A-Z]:\\|file:\/\/\/\w)/;
const RELATIVE_PATH = /["'`](\.\.\/[^"'`\s$]*)["'`]/g;

function violations({ path, text }: TextFile, what: string, offends: (line: string) => boolean): string[] {
  return text.split("\n").flatMap((line, i) => (offends(line) ? [`${path}:${i + 1}: ${what}`] : []));
}

/** File names in kebab-case. Documents that tools look for by their upper-case names are no code. */
export function badNames({ path }: TextFile): string[] {
  return FILE_NAME.test(posix.basename(path)) ? [] : [`${path}: a file name is kebab-case`];
}

/** Notes to oneself, placeholders, history, and tests that don't run or keep others from running. */
export function leftovers(file: TextFile): string[] {
  return [
    ...violations(file, "a note to oneself", (line) => NOTES.test(line)),
    ...violations(file, "a placeholder", (line) => PLACEHOLDER.test(line)),
    ...violations(file, "a ticket's number; say why instead", (line) => HISTORY.test(line)),
    ...violations(file, "a test that is not run, or alone", (line) => UNRUN_TEST.test(line)),
  ];
}

/** Paths that lead out of the repository, so that it would not work elsewhere. */
export function foreignPaths(file: TextFile): string[] {
  const folder = posix.dirname(file.path);
  const leadsOut = (line: string) =>
    Array.from(line.matchAll(RELATIVE_PATH)).some(([, path]) => posix.join(folder, path!).startsWith(".."));
  return [
    ...violations(file, "an absolute path", (line) => ABSOLUTE_PATH.test(line)),
    ...violations(file, "a path out of the repository", leadsOut),
  ];
}

/** Comments wider than a screen; the formatter takes care of code. */
export function wideComments(file: TextFile): string[] {
  const isWide = (line: string) => line.length > LONGEST_COMMENT && /^\s*(?:\/\/|\/?\*)/.test(line);
  return violations(file, `a comment of more than ${LONGEST_COMMENT} columns`, isWide);
}

/** Sources that don't say what they are: a file begins with a comment, or, after its imports, with a documented declaration. The door of
 * a package is its exports. */
export function missingHead({ path, text }: TextFile): string[] {
  if (posix.basename(path) === "index.ts") return [];
  const body = text
    .replace(/^#!.*\n/, "")
    .replaceAll(/^import\b(?:[\w\s{},*$]*?\bfrom)?\s*["'][^"'\n]+["'];\n/gm, "")
    .trimStart();
  return /^\/[/*]/.test(body) ? [] : [`${path}: no head comment`];
}

/** Functions and classes that a package shows at a door (`index.ts`) without a docstring. The head comment may stand for the one class
 * or the only declaration of its file; what a package keeps to itself is documented where its name is not enough. */
export function missingDocs(door: TextFile, sources: readonly TextFile[]): string[] {
  return Array.from(door.text.matchAll(DOOR_EXPORT)).flatMap(([, names, specifier]) => {
    const path = posix.join(posix.dirname(door.path), specifier!);
    const file = sources.find((source) => source.path === path);
    if (file === undefined) return [`${door.path}: there is no ${path}`];
    const shown = names === "*" ? undefined : new Set(names!.match(/\w+/g));
    return undocumented(file)
      .filter(({ name }) => shown === undefined || shown.has(name))
      .map(({ name, line }) => `${path}:${line}: ${name} has no docstring`);
  });
}

function undocumented({ text }: TextFile): { name: string; line: number }[] {
  const lines = text.split("\n");
  const declared = lines.flatMap((line, i) => {
    const [, kind, name] = DECLARATION.exec(line) ?? [];
    return name === undefined ? [] : [{ kind, name, line: i + 1, isDocumented: (lines[i - 1] ?? "").endsWith("*/") }];
  });
  const hasHead = text.startsWith("//") || text.startsWith("/*");
  const classCount = declared.filter(({ kind }) => kind === "class").length;
  const isCovered = (kind: string | undefined) =>
    hasHead && (declared.length === 1 || (kind === "class" && classCount === 1));
  return declared.filter(({ kind, isDocumented }) => !isDocumented && !isCovered(kind));
}
