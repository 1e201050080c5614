// Starts cases in processes of their own and reads what they print.

import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { CaseResult } from "./case-result.ts";
import type { CaseRequest } from "./cases.ts";

const SCRIPT = fileURLToPath(new URL("case-process.js", import.meta.url));

/** Runs a case in a process of its own. Rejects with what it wrote to stderr if it fails. */
export async function runInChild(request: CaseRequest): Promise<CaseResult> {
  return JSON.parse(await outputOf(process.execPath, ["--expose-gc", SCRIPT, JSON.stringify(request)])) as CaseResult;
}

/** What a program writes to stdout. Rejects if it can't be started or ends with an error. */
export function outputOf(program: string, args: readonly string[]): Promise<string> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
  return collectOutput(child, [program, ...args].join(" "));
}

/** What a running process writes to stdout. Rejects if it ends with an error; `name` is what the error calls it. */
export function collectOutput(child: ChildProcess, name: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let output = "";
  let complaint = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => (output += text));
  child.stderr!.setEncoding("utf8").on("data", (text: string) => (complaint += text));
  child.on("error", (error) => reject(new Error(`cannot start ${name}: ${error.message}`)));
  child.on("close", (code, signal) => {
    if (code === 0) resolve(output);
    else reject(new Error(`${name} ended with ${signal ?? `code ${code}`}:\n${complaint}`));
  });
  return promise;
}
