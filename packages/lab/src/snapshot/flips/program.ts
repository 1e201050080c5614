// Random operations on a pool, before its image and after it, and what can be observed of them. Observations are kept apart by what they
// are about, so that it can be said in what two pools differ.

import { GFP_KERNEL, type Machine, Prng, __GFP_HIGHMEM, isErrno, machineCounters } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import { type FullnessList, ZsPool } from "@zlab/zsmalloc";

export interface LiveObject {
  readonly handle: Handle;
  readonly bytes: number;
  /** All its bytes have this value. */
  readonly fill: number;
}

/** What was observed, by what it is about. */
export type Observation = ReadonlyMap<string, string>;

const FOLLOWING_OPERATIONS = 120;
/** Small objects at the end, enough to use every cell for handles that was free. */
const CLOSING_OBJECTS = 450;
const CLOSING_BYTES = 24;
const FOLLOWING_SEED = 7;

/** Told of everything that a program sees. */
type Observe = (about: string, value: unknown) => void;

/** Random mallocs, frees, mappings and compactions. `live` are the objects, before and after. */
export function playAtRandom(
  pool: ZpoolBackend,
  live: LiveObject[],
  operations: number,
  prng: Prng,
  observe: Observe = () => {},
): void {
  for (let i = 0; i < operations; i++) {
    const kind = prng.below(100);
    if (kind < 58 || live.length === 0) {
      const bytes = prng.below(4) === 0 ? 1 + prng.below(pool.capabilities.maxBytes) : 1 + prng.below(600);
      store(pool, live, bytes, prng.below(256), observe);
    } else if (kind < 92) {
      const [object] = live.splice(prng.below(live.length), 1);
      observeContents(pool, object!, observe);
      pool.free(object!.handle);
      observe("pages", pool.totalPages());
    } else if (kind < 97) {
      const { handle, bytes: length } = live[prng.below(live.length)]!;
      const { bytes, offset } = pool.map(handle, MapMode.RW);
      observe("contents", bytes[offset + length - 1]);
      pool.unmap(handle);
    } else {
      observe("pages", pool.compact?.());
    }
  }
}

/** A program that looks at all that there is, goes on at random, and looks again. */
export function observeProgram(machine: Machine, pool: ZpoolBackend, live: LiveObject[]): Observation {
  const seen = new Map<string, unknown[]>();
  const observe: Observe = (about, value) => {
    const values = seen.get(about);
    if (values === undefined) seen.set(about, [value]);
    else values.push(value);
  };
  lookAtAll(machine, pool, live, observe);
  playAtRandom(pool, live, FOLLOWING_OPERATIONS, new Prng(FOLLOWING_SEED), observe);
  for (let i = 0; i < CLOSING_OBJECTS; i++) store(pool, live, CLOSING_BYTES, i & 255, observe);
  lookAtAll(machine, pool, live, observe);
  return new Map(Array.from(seen, ([about, values]) => [about, JSON.stringify(values)]));
}

/** What two observations differ in. */
export function differences(a: Observation, b: Observation): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].filter((about) => a.get(about) !== b.get(about));
}

function store(pool: ZpoolBackend, live: LiveObject[], bytes: number, fill: number, observe: Observe): void {
  const handle = pool.malloc(bytes, pool.capabilities.movable ? GFP_KERNEL | __GFP_HIGHMEM : GFP_KERNEL);
  if (isErrno(handle)) {
    observe("results", handle);
    return;
  }
  pool.write(handle, new Uint8Array(bytes).fill(fill), 0, bytes);
  const object = { handle, bytes, fill };
  live.push(object);
  observe("handles", handle);
  observePlace(pool, object, observe);
}

function lookAtAll(machine: Machine, pool: ZpoolBackend, live: readonly LiveObject[], observe: Observe): void {
  for (const [name, count] of Object.entries(pool.stats())) observe(`stats.${name}`, count);
  for (const [name, count] of Object.entries(machineCounters(machine))) observe(`machine.${name}`, count);
  for (const object of live) {
    observeContents(pool, object, observe);
    observePlace(pool, object, observe);
  }
  if (pool instanceof ZsPool) {
    observe("classes", pool.classRows());
    observe(
      "sequences",
      pool.fullnessLists().map(({ zspageSeqs }: FullnessList) => zspageSeqs),
    );
  }
}

/** Compares an object with what was written to it. */
function observeContents(pool: ZpoolBackend, { handle, bytes, fill }: LiveObject, observe: Observe): void {
  const buffer = new Uint8Array(bytes);
  pool.read(handle, buffer, 0, bytes);
  observe(
    "contents",
    buffer.every((byte) => byte === fill),
  );
}

/** Its place, with the numbers of zspages or pages in order of creation apart. */
function observePlace(pool: ZpoolBackend, { handle }: LiveObject, observe: Observe): void {
  if (!("placementOf" in pool) || typeof pool.placementOf !== "function") return;
  const place: object = (pool as unknown as { placementOf(handle: Handle): object }).placementOf(handle);
  for (const [name, value] of Object.entries(place))
    observe(name.endsWith("Seq") ? "sequences" : `place.${name}`, value);
}
