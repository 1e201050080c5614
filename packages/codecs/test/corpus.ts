// The corpus of real pages and what Linux made of them, as the tests of this package use them.

import { readFileSync } from "node:fs";
import * as zlib from "node:zlib";

export const PAGE_BYTES = 4096;

/** From this compressed length on zram keeps the page raw. */
export const HUGE_THRESHOLD = 3625;

const corpus = new URL("../../lab/corpus/", import.meta.url);

const read = (name: string): Buffer => readFileSync(new URL(name, corpus));

/** The corpus, 2,048 pages one after the other. */
export const corpusBytes: Uint8Array = new Uint8Array(zlib.zstdDecompressSync(read("pages.bin.zst")));

/** The corpus in units of a size; larger ones are neighbouring pages. */
export function corpusUnits(unitBytes: number): Uint8Array[] {
  return Array.from({ length: corpusBytes.length / unitBytes }, (_, i) =>
    corpusBytes.subarray(i * unitBytes, (i + 1) * unitBytes),
  );
}

/** Columns of truth-pages.csv by name. */
export function truthColumn(name: string): string[] {
  const [head, ...rows] = read("truth-pages.csv").toString().trimEnd().split("\n");
  const index = head!.split(",").indexOf(name);
  return rows.map((row) => row.split(",")[index]!);
}

interface DeviceTruth {
  readonly huge_threshold: number;
  readonly columns: readonly string[];
  readonly corpora: { readonly pages: Readonly<Record<string, Readonly<Record<string, readonly number[]>>>> };
}

/** The columns of mm_stat by name, of a device with this algorithm after a step. */
export function deviceTruth(algorithm: string, step: string): Record<string, number> {
  const truth = JSON.parse(read("device-truth.json").toString()) as DeviceTruth;
  const values = truth.corpora.pages[algorithm]![step]!;
  return Object.fromEntries(truth.columns.map((name, i) => [name, values[i]!]));
}
