// The ways in which callers misuse a pool. Each brings a bench into a state, commits the misuse, and says by which call it must
// be found and what must be reported.

import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import type { Misuse } from "../hardened/hardened-error.ts";
import { MapMode } from "../zpool-driver.ts";
import type { BenchObject, MisuseBench } from "./misuse-bench.ts";

export type MisuseKind = "overrun" | "write-after-unmap" | "write-after-free" | "double-free" | "stale-handle";

/** The kinds of misuse that a hardened pool promises to find. */
export const MISUSE_KINDS: readonly MisuseKind[] = [
  "overrun",
  "write-after-unmap",
  "write-after-free",
  "double-free",
  "stale-handle",
];

/** A misuse that has been committed. */
export interface CommittedMisuse {
  /** The form it took, in a few words. */
  readonly form: string;
  readonly expected: Misuse;
  readonly object: BenchObject;
  /** The call that must throw. */
  readonly find: () => unknown;
  /** Ends what is still open afterwards. */
  readonly finish?: () => void;
}

const COMMIT: Readonly<Record<MisuseKind, (bench: MisuseBench) => CommittedMisuse>> = {
  overrun: (bench) => (bench.below(4) === 0 ? copyBeyondEnd(bench) : writeAroundMapping(bench)),
  "write-after-unmap": writeAfterUnmap,
  "write-after-free": (bench) => (bench.below(2) === 0 ? writeToFreedMemory(bench) : writeThroughKeptMapping(bench)),
  "double-free": doubleFree,
  "stale-handle": staleHandle,
};

/** Commits one misuse of a kind; which form it takes is drawn from the bench's random numbers. */
export function commitMisuse(kind: MisuseKind, bench: MisuseBench): CommittedMisuse {
  return COMMIT[kind](bench);
}

function writeAroundMapping(bench: MisuseBench): CommittedMisuse {
  const object = bench.any();
  const mode = bench.oneOf([MapMode.RW, MapMode.RO, MapMode.WO]);
  const { bytes, offset, length } = bench.map(object, mode);
  const before = bench.below(3) === 0;
  const index = before
    ? offset - 1 - bench.below(bench.oneOf([1, 64]))
    : offset + length + bench.below(bench.oneOf([1, 64]));
  damage(bench, bytes, index);
  const unmap = (): void => bench.pool.unmap(object.handle);
  const atUnmap = bench.below(2) === 0;
  return {
    form: `byte ${index - offset} of a mapping of ${length} bytes`,
    expected: before ? "underrun" : "overrun",
    object,
    find: atUnmap ? unmap : anyCall(bench),
    ...(atUnmap ? {} : { finish: unmap }),
  };
}

function copyBeyondEnd(bench: MisuseBench): CommittedMisuse {
  const object = bench.any();
  const length = object.content.length + 1;
  const call = bench.oneOf(["read", "write"] as const);
  const buffer = new Uint8Array(length);
  const find = (): void => bench.pool[call](object.handle, buffer, 0, length);
  return { form: `a ${call} of ${length} bytes`, expected: "overrun", object, find };
}

function writeAfterUnmap(bench: MisuseBench): CommittedMisuse {
  const object = bench.any();
  const { bytes, offset, length } = bench.map(object, bench.oneOf([MapMode.RW, MapMode.RO, MapMode.WO]));
  bench.pool.unmap(object.handle);
  const earlier = bench.mappings;
  workFor(bench, 8, object);
  const index = bench.below(length);
  damage(bench, bytes, offset + index);
  return {
    form: `byte ${index} of a mapping kept`,
    expected: "write-after-unmap",
    object,
    find: lateFind(bench, earlier),
  };
}

function writeThroughKeptMapping(bench: MisuseBench): CommittedMisuse {
  const object = bench.make();
  const { bytes, offset, length } = bench.map(object, bench.oneOf([MapMode.RW, MapMode.RO, MapMode.WO]));
  bench.pool.unmap(object.handle);
  const earlier = bench.mappings;
  bench.free(object);
  workFor(bench, 8);
  const index = bench.below(length);
  damage(bench, bytes, offset + index);
  return {
    form: `byte ${index} of a mapping kept`,
    expected: "write-after-free",
    object,
    find: lateFind(bench, earlier),
  };
}

/** What must find a write through a mapping that was the last one when there had been `earlier`: any call if at most three came
 * after it, otherwise a check. */
function lateFind(bench: MisuseBench, earlier: number): () => unknown {
  const level = bench.oneOf([1, 2, 3] as const);
  return bench.mappings - earlier <= 3 ? anyCall(bench) : () => bench.pool.check(level);
}

/** With a quarantine the write may come later, and is found by a check; without, before the next operation. */
function writeToFreedMemory(bench: MisuseBench): CommittedMisuse {
  const object = bench.make();
  const write = bench.wildWriter(object);
  bench.free(object);
  const later = bench.quarantineObjects > 0;
  if (later) workFor(bench, 4);
  write();
  const find = later ? () => bench.pool.check(bench.oneOf([2, 3])) : anyCall(bench);
  return { form: "the machine's memory", expected: "write-after-free", object, find };
}

function doubleFree(bench: MisuseBench): CommittedMisuse {
  const object = freedAndReused(bench);
  return { form: "free", expected: "double-free", object, find: () => bench.pool.free(object.handle) };
}

function staleHandle(bench: MisuseBench): CommittedMisuse {
  const object = freedAndReused(bench);
  const { pool } = bench;
  const { handle } = object;
  const [form, find] = bench.oneOf<[string, () => unknown]>([
    ["map", () => pool.map(handle, MapMode.RW)],
    ["unmap", () => pool.unmap(handle)],
    ["read", () => pool.read(handle, new Uint8Array(1), 0, 1)],
    ["write", () => pool.write(handle, new Uint8Array(1), 0, 1)],
  ]);
  return { form, expected: "stale-handle", object, find };
}

/** An object that was freed, after which others were made and freed in its place, from none up to a thousand. */
function freedAndReused(bench: MisuseBench): BenchObject {
  const object = bench.any();
  bench.free(object);
  const reuses = bench.oneOf([0, 0, 1, bench.below(20), bench.below(20), bench.below(bench.oneOf([20, 1000]))]);
  for (let round = 0; round < reuses; round++) {
    const handle = bench.pool.malloc(object.content.length, GFP_KERNEL);
    if (!isErrno(handle)) bench.pool.free(handle);
  }
  workFor(bench, 2);
  return object;
}

/** Right use of the pool, so that the misuse doesn't follow at once; `spared` stays. */
function workFor(bench: MisuseBench, most: number, spared?: BenchObject): void {
  for (let round = bench.below(most + 1); round > 0; round--) bench.workALittle(spared);
}

/** Changes a byte to another value. */
function damage(bench: MisuseBench, bytes: Uint8Array, index: number): void {
  bytes[index]! ^= 1 + bench.below(255);
}

/** Any call of the pool that is right in itself. */
function anyCall(bench: MisuseBench): () => unknown {
  const { pool } = bench;
  const object = bench.any();
  const buffer = new Uint8Array(1);
  return bench.oneOf<() => unknown>([
    () => pool.malloc(1 + bench.below(100), GFP_KERNEL),
    () => pool.free(object.handle),
    () => pool.map(object.handle, MapMode.RO),
    () => pool.read(object.handle, buffer, 0, 1),
    () => pool.write(object.handle, buffer, 0, 1),
    () => pool.stats(),
    () => pool.totalPages(),
    () => pool.check(1),
    () => pool.check(3),
    () => pool.compact?.() ?? pool.check(1),
  ]);
}
