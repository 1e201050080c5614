// The common yardstick: the workload over the C library's malloc, by a small C program that the machine's compiler makes.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CaseResult } from "./case-result.ts";
import { outputOf } from "./child.ts";
import { type WorkloadShape, WorkloadFiles } from "./workload.ts";

const SOURCE = fileURLToPath(new URL("../native/glibc-malloc.c", import.meta.url));
const COMPILERS = ["cc", "gcc", "clang"];

/** The compiled program in a temporary directory, which disposing removes. */
export class NativeYardstick implements Disposable {
  /** The compiler's first line about itself. */
  readonly compiler: string;
  readonly #directory: string;
  readonly #program: string;
  readonly #files: WorkloadFiles;

  /** Use `buildYardstick`. */
  constructor(compiler: string, directory: string, program: string) {
    this.compiler = compiler;
    this.#directory = directory;
    this.#program = program;
    this.#files = new WorkloadFiles(directory);
  }

  /** Runs the workload of that shape once, in a process of its own. */
  async run(shape: WorkloadShape): Promise<CaseResult> {
    return JSON.parse(await outputOf(this.#program, [this.#files.pathOf(shape)])) as CaseResult;
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Compiles the program with -O2, or says why there is no yardstick. */
export function buildYardstick(): NativeYardstick | { readonly missing: string } {
  if (process.platform !== "linux")
    return { missing: `the yardstick is glibc's malloc, and this is ${process.platform}` };
  const compiler = COMPILERS.find((name) => spawnSync(name, ["--version"]).status === 0);
  if (compiler === undefined) return { missing: `this machine has no C compiler (tried ${COMPILERS.join(", ")})` };
  const directory = mkdtempSync(join(tmpdir(), "zlab-bench-"));
  const program = join(directory, "glibc-malloc");
  const result = spawnSync(compiler, ["-O2", "-Wall", "-Werror", "-o", program, SOURCE], { encoding: "utf8" });
  if (result.status !== 0) {
    rmSync(directory, { recursive: true, force: true });
    return { missing: `${compiler} does not compile it: ${result.stderr.split("\n")[0]}` };
  }
  const version = execFileSync(compiler, ["--version"], { encoding: "utf8" }).split("\n")[0]!;
  return new NativeYardstick(version, directory, program);
}
