// What the speed benchmarks do, as plain tables made from a seed: sizes as zram sees them, and which object is picked when. The
// same tables go to the TypeScript backends and, through a file, to the C program, so that all do exactly the same.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Prng } from "@zlab/hw-sim";

/** How much a case of the speed benchmark does. */
export interface WorkloadShape {
  /** Objects that are live at a time. */
  readonly live: number;
  /** Operations in one sample of pair and of load. */
  readonly operations: number;
  /** Samples taken before those that count. */
  readonly warmUps: number;
  readonly samples: number;
}

/** The tables of a case. */
export interface Workload extends WorkloadShape {
  /** How often a sample of store and free empties and fills the pool. */
  readonly cycles: number;
  /** Operations of all samples of one kind, warm-ups included: the length of `picks` and `newSizes`. No sample repeats another, since
   * sizes that come back are found in the bins that they were freed to. */
  readonly stream: number;
  /** Sizes of the objects that the pool is filled with, in bytes. */
  readonly sizes: Int32Array;
  /** The order in which all objects are freed: a permutation of their indexes. */
  readonly order: Int32Array;
  /** The object of each operation. */
  readonly picks: Int32Array;
  /** The size of what a pair puts in the place of its pick, in bytes. */
  readonly newSizes: Int32Array;
}

const SEED = 1;
const MAGIC = 0x7a6c_6162;
const FNV_BASIS = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

/** Sizes of `count` compressed pages: 8 % don't compress and stay 4,096 bytes, the others lie on two humps around 700 and 1,900
 * bytes; the mean is about 1,400. */
export function zramLikeSizes(count: number, seed: number): Int32Array {
  const prng = new Prng(seed);
  const hump = (centre: number, width: number): number => {
    const sum = prng.below(width) + prng.below(width) + prng.below(width);
    return Math.min(4000, Math.max(32, Math.round(centre + sum - 1.5 * width)));
  };
  return Int32Array.from({ length: count }, () => {
    if (prng.below(100) < 8) return 4096;
    return prng.below(100) < 60 ? hump(700, 500) : hump(1900, 900);
  });
}

/** `count` indexes below `bound`. */
export function randomIndexes(count: number, bound: number, seed: number): Int32Array {
  const prng = new Prng(seed);
  return Int32Array.from({ length: count }, () => prng.below(bound));
}

/** The indexes below `count` in a random order. */
export function randomOrder(count: number, seed: number): Int32Array {
  const prng = new Prng(seed);
  const order = Int32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = prng.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The tables for a shape; the same ones every time. */
export function makeWorkload(shape: WorkloadShape): Workload {
  const stream = shape.operations * (shape.warmUps + shape.samples);
  return {
    ...shape,
    stream,
    cycles: Math.ceil(shape.operations / shape.live),
    sizes: zramLikeSizes(shape.live, SEED),
    order: randomOrder(shape.live, SEED + 3),
    picks: randomIndexes(stream, shape.live, SEED + 1),
    newSizes: zramLikeSizes(stream, SEED + 2),
  };
}

/** Workloads as files of a directory, each written once. */
export class WorkloadFiles {
  readonly #directory: string;
  readonly #paths = new Map<string, string>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** The file with the tables of that shape. */
  pathOf(shape: WorkloadShape): string {
    const key = JSON.stringify(shape);
    const known = this.#paths.get(key);
    if (known !== undefined) return known;
    const path = join(this.#directory, `workload-${this.#paths.size}.bin`);
    writeWorkload(path, makeWorkload(shape));
    this.#paths.set(key, path);
    return path;
  }
}

/** Writes the tables for programs that don't make them themselves: seven 32-bit words of head, then the four tables. */
function writeWorkload(path: string, workload: Workload): void {
  const { live, operations, warmUps, samples, cycles, stream, sizes, order, picks, newSizes } = workload;
  const head = Int32Array.of(MAGIC, live, operations, warmUps, samples, cycles, stream);
  const tables = [head, sizes, order, picks, newSizes];
  writeFileSync(path, Buffer.concat(tables.map((table) => Buffer.from(table.buffer))));
}

/** Names what was done: a hash (FNV-1a over 32-bit words) of the tables and of the sizes that the objects have at the end. */
export function workloadChecksum(workload: Workload, finalSizes: Int32Array): number {
  const { sizes, order, picks, newSizes } = workload;
  return [sizes, order, picks, newSizes, finalSizes].reduce(hashWords, FNV_BASIS) >>> 0;
}

function hashWords(hash: number, words: Int32Array): number {
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i]!, FNV_PRIME);
  return hash;
}
