// The four operations of the speed benchmark as loops over typed arrays. One backend is called from here per process, so the call
// sites stay monomorphic and the loops cost little; what they cost is measured with a pool that does nothing.

import { GFP_KERNEL, type Machine, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { makePayload } from "../payload.ts";
import type { Workload } from "../workload.ts";
import type { MeasuredPool } from "./idle-pool.ts";

export class SpeedLoops {
  readonly #pool: MeasuredPool;
  readonly #workload: Workload;
  readonly #handles: Float64Array; // 0 for an object that the backend refused
  readonly #sizeOf: Int32Array;
  readonly #payload: Uint8Array;
  readonly #buffer: Uint8Array;

  constructor(pool: MeasuredPool, machine: Machine, workload: Workload) {
    this.#pool = pool;
    this.#workload = workload;
    this.#handles = new Float64Array(workload.live);
    this.#sizeOf = workload.sizes.slice();
    this.#payload = makePayload(machine, 4096);
    this.#buffer = makePayload(machine, 4096, 0);
  }

  /** The sizes that the objects have now, in bytes. */
  get sizes(): Int32Array {
    return this.#sizeOf;
  }

  /** Objects that the backend refused. */
  refusedCount(): number {
    return this.#handles.reduce((count, handle) => (handle === 0 ? count + 1 : count), 0);
  }

  /** Frees one object at random and puts another in its place, `operations` times. No payload is touched.
   * Sample 0 is the first of the warm-ups. */
  pair(sampleIndex: number): void {
    const pool = this.#pool;
    const handles = this.#handles;
    const sizeOf = this.#sizeOf;
    const { picks, newSizes, operations } = this.#workload;
    const from = sampleIndex * operations;
    for (let i = from; i < from + operations; i++) {
      const pick = picks[i]!;
      const bytes = newSizes[i]!;
      const old = handles[pick]!;
      if (old !== 0) pool.free(old as Handle);
      const handle = pool.malloc(bytes, GFP_KERNEL);
      handles[pick] = isErrno(handle) ? 0 : handle;
      sizeOf[pick] = bytes;
    }
  }

  /** Copies the payload of one object at random to the caller's buffer, `operations` times. */
  load(sampleIndex: number): void {
    const pool = this.#pool;
    const handles = this.#handles;
    const sizeOf = this.#sizeOf;
    const buffer = this.#buffer;
    const { picks, operations } = this.#workload;
    const from = sampleIndex * operations;
    for (let i = from; i < from + operations; i++) {
      const pick = picks[i]!;
      const handle = handles[pick]!;
      if (handle !== 0) pool.read(handle as Handle, buffer, 0, sizeOf[pick]!);
    }
  }

  /** Fills the empty pool: malloc and write, for each object. */
  storeAll(): void {
    const pool = this.#pool;
    const handles = this.#handles;
    const sizeOf = this.#sizeOf;
    const payload = this.#payload;
    for (let i = 0; i < handles.length; i++) {
      const bytes = sizeOf[i]!;
      const handle = pool.malloc(bytes, GFP_KERNEL);
      if (isErrno(handle)) {
        handles[i] = 0;
        continue;
      }
      handles[i] = handle;
      pool.write(handle, payload, 0, bytes);
    }
  }

  /** Frees every object, in the workload's random order. */
  freeAll(): void {
    const pool = this.#pool;
    const handles = this.#handles;
    const { order } = this.#workload;
    for (let i = 0; i < order.length; i++) {
      const handle = handles[order[i]!]!;
      if (handle !== 0) pool.free(handle as Handle);
    }
  }
}
