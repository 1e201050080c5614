// ES modules that somebody else wrote, named on the command line: drivers and codecs.

import { statSync } from "node:fs";
import nodeModule from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { fileError, messageOf, readError } from "../errors.ts";

/** Imports a module. Wherever it lies, `@zlab/…` means the packages of this program, so that it is a single file that needs no
 * installation. `file` is resolved against `cwd`. Throws a `UsageError` if the file isn't there or throws while loading. */
export async function importModule(file: string, cwd: string): Promise<Record<string, unknown>> {
  const path = resolve(cwd, file);
  checkFile(file, path);
  const hooks = nodeModule.registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, specifier.startsWith("@zlab/") ? { ...context, parentURL: import.meta.url } : context),
  });
  try {
    return (await import(/* @vite-ignore */ pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    const kind = error instanceof Error ? `${error.name}: ` : "";
    throw fileError(file, `cannot be loaded: ${kind}${messageOf(error)}; mend it, or name another ES module`);
  } finally {
    hooks.deregister();
  }
}

function checkFile(file: string, path: string): void {
  let isDirectory: boolean;
  try {
    isDirectory = statSync(path).isDirectory();
  } catch (error) {
    throw readError(file, error);
  }
  if (isDirectory) throw fileError(file, "is a directory; name a module file");
}
