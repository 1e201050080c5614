// Runs zlab in this process and collects what it prints.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { run } from "../src/cli.ts";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The package's directory, against which the tests name files. */
export const packageDirectory = fileURLToPath(new URL("..", import.meta.url));

export async function zlab(
  argv: readonly string[],
  env: Record<string, string> = {},
  cwd: string = packageDirectory,
): Promise<Outcome> {
  let stdout = "";
  let stderr = "";
  const code = await run(argv, {
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    env,
    cwd,
  });
  return { code, stdout, stderr };
}

/** Runs zlab and parses what it prints on stdout. */
export async function zlabJson<T>(argv: readonly string[]): Promise<T> {
  const { stdout } = await zlab([...argv, "--json"]);
  return JSON.parse(stdout) as T;
}

/** A file with these bytes, until the end of the test. */
export function temporaryFile(name: string, bytes: Uint8Array | string): string {
  const directory = mkdtempSync(join(tmpdir(), "zlab-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const file = join(directory, name);
  writeFileSync(file, bytes);
  return file;
}

/** Pages that compress, all different: page `i` is a counter from i. */
export function somePages(pageCount: number, pageBytes = 4096): Uint8Array {
  const words = new Uint32Array((pageCount * pageBytes) / 4);
  for (let i = 0; i < words.length; i++) words[i] = (i >> 4) * 7 + 1;
  return new Uint8Array(words.buffer);
}
