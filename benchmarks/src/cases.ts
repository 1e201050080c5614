// The benchmark cases. Each runs in a process of its own, since call sites that have seen several backends are slower than any
// one backend deserves; `main.ts` starts the processes and puts the results side by side.

import { GFP_KERNEL, isErrno } from "@zlab/hw-sim";
import { type BackendVariant, backendVariants, createPool, machineFor } from "@zlab/lab";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import { randomIndexes, zramLikeSizes } from "./workload.ts";

/** What to measure: a suite, a backend by its label, and the number of live objects. */
export interface CaseRequest {
  readonly suite: SuiteName;
  readonly backend: string;
  readonly objects: number;
}

export type SuiteName = "speed" | "density";

/** Samples by the name of what was measured: nanoseconds per operation, or counts. */
export type CaseResult = Readonly<Record<string, readonly number[]>>;

const SEED = 1;
const OPERATIONS = 200_000; // per sample
const SAMPLES = 15;
const WARM_UP_SAMPLES = 3;

const suites: Readonly<Record<SuiteName, (variant: BackendVariant, objects: number) => CaseResult>> = {
  density: measureDensity,
  speed: measureSpeed,
};

export function runCase({ suite, backend, objects }: CaseRequest): CaseResult {
  const variant = backendVariants().find(({ label }) => label === backend);
  if (variant === undefined) throw new Error(`no backend ${backend}`);
  return suites[suite](variant, objects);
}

/** A pool with `objects` zram-like objects, some of which the backend may have refused (handle 0). */
function filledPool(
  variant: BackendVariant,
  objects: number,
): { pool: ZpoolBackend; handles: Float64Array; sizes: Int32Array } {
  const { createZpool } = createPool(variant, machineFor(4096, objects * 4096));
  const pool = createZpool().backend;
  const sizes = zramLikeSizes(objects, SEED);
  const handles = new Float64Array(objects);
  for (let i = 0; i < objects; i++) {
    const handle = pool.malloc(sizes[i]!, GFP_KERNEL);
    handles[i] = isErrno(handle) ? 0 : handle;
  }
  return { pool, handles, sizes };
}

/** pair: free and malloc without payload. store: malloc and write. load: read. free: free alone. All of zram-like objects at random. */
function measureSpeed(variant: BackendVariant, objects: number): CaseResult {
  const { pool, handles, sizes } = filledPool(variant, objects);
  const picks = randomIndexes(OPERATIONS, objects, SEED + 1);
  const newSizes = zramLikeSizes(OPERATIONS, SEED + 2);
  const page = new Uint8Array(4096).fill(7);
  const sizeOf = Int32Array.from(sizes);
  const replace = (pick: number, bytes: number): void => {
    if (handles[pick] !== 0) pool.free(handles[pick] as Handle);
    const handle = pool.malloc(bytes, GFP_KERNEL);
    handles[pick] = isErrno(handle) ? 0 : handle;
    sizeOf[pick] = bytes;
  };
  const pair = (): void => {
    for (let i = 0; i < OPERATIONS; i++) replace(picks[i]!, newSizes[i]!);
  };
  const load = (): void => {
    for (let i = 0; i < OPERATIONS; i++) {
      const pick = picks[i]!;
      if (handles[pick] !== 0) pool.read(handles[pick] as Handle, page, 0, sizeOf[pick]!);
    }
  };
  const result = { pair: sample(pair), load: sample(load), store: [] as number[], free: [] as number[] };
  for (let n = -WARM_UP_SAMPLES; n < SAMPLES; n++) {
    const free = perOperation(objects, () => {
      for (let i = 0; i < objects; i++) if (handles[i] !== 0) pool.free(handles[i] as Handle);
    });
    const store = perOperation(objects, () => {
      for (let i = 0; i < objects; i++) {
        const handle = pool.malloc(sizeOf[i]!, GFP_KERNEL);
        handles[i] = isErrno(handle) ? 0 : handle;
        if (!isErrno(handle)) pool.write(handle, page, 0, sizeOf[i]!);
      }
    });
    if (n < 0) continue;
    result.free.push(free);
    result.store.push(store);
  }
  return result;
}

/** Stored bytes over pool bytes: full, after freeing half at random, and after compaction where the backend can. */
function measureDensity(variant: BackendVariant, objects: number): CaseResult {
  const { pool, handles, sizes } = filledPool(variant, objects);
  const stored = (): number => handles.reduce((sum, handle, i) => (handle === 0 ? sum : sum + sizes[i]!), 0);
  const density = (): number => stored() / (pool.totalPages() * 4096);
  const refused = handles.filter((handle) => handle === 0).length;
  const full = density();
  for (const pick of randomIndexes(objects / 2, objects, SEED + 3)) {
    if (handles[pick] !== 0) pool.free(handles[pick] as Handle);
    handles[pick] = 0;
  }
  const thinned = density();
  pool.compact?.();
  return { full: [full], thinned: [thinned], compacted: [density()], refused: [refused] };
}

function sample(action: () => void): number[] {
  for (let n = 0; n < WARM_UP_SAMPLES; n++) action();
  return Array.from({ length: SAMPLES }, () => perOperation(OPERATIONS, action));
}

function perOperation(operations: number, action: () => void): number {
  const start = process.hrtime.bigint();
  action();
  return Number(process.hrtime.bigint() - start) / operations;
}
