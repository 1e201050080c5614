// The golden traces, and changed copies of them, for the tests of `replay`.

import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type ReplayResult, replayTrace } from "../src/replay/replay-trace.ts";

const golden = new URL("../../../golden/", import.meta.url);

export const families = ["zsmalloc-6.12", "zsmalloc-3.10", "zbud-6.12", "z3fold-6.12", "zram-6.18"] as const;

/** Path of a golden file. */
export function goldenPath(file: string): string {
  return fileURLToPath(new URL(file, golden));
}

/** Names of a family's traces, below golden/. */
export function tracesOf(family: string): string[] {
  return readdirSync(new URL(`${family}/`, golden)).map((file) => `${family}/${file}`);
}

/** The lines of a golden trace. Line n of the file is element n - 1. */
export function readLines(file: string): string[] {
  return gunzipSync(readFileSync(new URL(file, golden)))
    .toString()
    .trimEnd()
    .split("\n");
}

export function bytesOf(lines: readonly string[]): Uint8Array {
  return Buffer.from(`${lines.join("\n")}\n`);
}

/** Replays a trace and checks every fact. */
export function verifyBytes(bytes: Uint8Array): ReplayResult {
  return replayTrace("trace", bytes, { verify: true, payload: false, checkpoint: () => {} });
}

export function verify(lines: readonly string[]): ReplayResult {
  return verifyBytes(bytesOf(lines));
}
