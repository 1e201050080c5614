// Observations of real devices (golden/zram-experiments.json) as data, and the pages that their recipes stand for.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

export const PAGE_BYTES = 4096;

/** How a page is made. */
export type Recipe =
  | { readonly fill: string }
  | { readonly random: number; readonly k: number; readonly then: string; readonly mask?: string }
  | { readonly base: Recipe; readonly patch: readonly (readonly [offset: number, hex: string])[] }
  | { readonly sha256: string };

/** One step; which of the fields are there depends on `op`. */
export interface Step {
  readonly op: string;
  readonly attr: string;
  readonly value: string;
  readonly page: number;
  readonly count?: number;
  readonly data: readonly Recipe[];
  readonly offset: number;
  readonly length: number;
  readonly hex: string;
  readonly id?: string;
  readonly times: number;
  readonly seconds: number;
  readonly block: number;
  readonly mode?: string;
  readonly memoff?: number;
}

/** What was seen at a step: any of errno, ok, bytes, value, data, rows, mm, io, bd … */
export type Observation = Readonly<Record<string, unknown>>;

export interface Experiment {
  readonly id: string;
  readonly title: string;
  readonly checked_on: readonly string[];
  readonly steps: readonly Step[];
  readonly expect: Readonly<Record<string, Observation>>;
  readonly expect_6_12?: Readonly<Record<string, Observation>>;
}

/** Stored length of a page by algorithm, or by algorithm@level. */
export type StoredLengths = Readonly<Record<string, number | "same" | "huge">>;

interface File {
  readonly backend_order: readonly string[];
  readonly backing_devices: Readonly<Record<string, { readonly pages: number }>>;
  readonly huge_class_size: number;
  readonly page_sizes: { readonly rows: readonly (readonly [Recipe, StoredLengths])[] };
  readonly experiments: readonly Experiment[];
}

export const golden = JSON.parse(
  readFileSync(new URL("../../../golden/zram-experiments.json", import.meta.url), "utf8"),
) as File;

/** The page that a recipe makes. */
export function pageOf(recipe: Recipe): Uint8Array {
  if ("fill" in recipe) return filledPage(Buffer.from(recipe.fill, "hex"));
  if ("random" in recipe) {
    const page = filledPage(Buffer.from(recipe.then, "hex"));
    const mask = recipe.mask === undefined ? 0xff : Number.parseInt(recipe.mask, 16);
    page.set(randomBytes(recipe.random, recipe.k).map((byte) => byte & mask));
    return page;
  }
  if ("base" in recipe) {
    const page = pageOf(recipe.base);
    for (const [offset, hex] of recipe.patch) page.set(Buffer.from(hex, "hex"), offset);
    return page;
  }
  throw new Error("a hash makes no page");
}

function filledPage(pattern: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: PAGE_BYTES }, (_, i) => pattern[i % pattern.length]!);
}

/** Bytes of xorshift32, the least significant of each state first. */
export function randomBytes(seed: number, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = seed;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return new Uint8Array(words.buffer).subarray(0, length);
}

/** Whether a page is the one that a recipe, or a hash, stands for. */
export function isPage(page: Uint8Array, recipe: Recipe): boolean {
  if ("sha256" in recipe) return createHash("sha256").update(page).digest("hex") === recipe.sha256;
  return Buffer.compare(page, pageOf(recipe)) === 0;
}
