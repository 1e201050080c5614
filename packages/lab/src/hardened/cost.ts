// What hardening costs, measured for each backend in a process of its own: in one process, calls to the methods of many classes
// would be slow in themselves.

import { spawnSync } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** One operation on a plain and on a hardened pool, in nanoseconds. */
export interface OperationCost {
  readonly operation: string;
  /** Medians over the rounds. */
  readonly plainNs: number;
  readonly hardenedNs: number;
  /** Of hardened / plain over the rounds: the median, the least, the most. */
  readonly ratio: number;
  readonly leastRatio: number;
  readonly mostRatio: number;
}

/** What is measured: the size of the objects, and how often. */
export interface CostSettings {
  readonly bytes: number;
  readonly rounds: number;
}

export interface Cost {
  readonly backend: string;
  readonly operations: readonly OperationCost[];
  /** Memory outside the pool's pages that hardening takes for each of many live objects. */
  readonly bytesPerObject: number;
}

/** Measures one backend in a new process. Throws an Error with what that said if it fails. */
export function measureInOwnProcess(backend: string, { bytes, rounds }: CostSettings): Cost {
  const program = fileURLToPath(new URL("main.js", import.meta.url));
  const settings = ["--bytes", String(bytes), "--rounds", String(rounds)];
  const argv = ["--expose-gc", program, "--cost", "--in-process", "--backend", backend, ...settings, "--json"];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(`measuring ${backend} failed: ${stderr.trim()}`);
  return (JSON.parse(stdout) as { costs: Cost[] }).costs[0]!;
}
