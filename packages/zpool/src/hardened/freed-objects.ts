// Objects that the caller has freed and the backend has not: they are full of FREED, and a write to their memory shows. The
// latest is held until the next operation, before which nothing else happens to the pool, so that this changes no placement.
// With a quarantine it is held longer.

import type { Machine } from "@zlab/hw-sim";
import type { Handle, ZpoolBackend } from "../zpool-driver.ts";
import { FREED, firstOther, startsFreed } from "./patterns.ts";
import type { ObjectBytes } from "./object-bytes.ts";

export interface FreedObject {
  readonly handle: number;
  readonly backendHandle: Handle;
  readonly bytes: number;
  /** The CPU on which it was freed, where the backend will free it too. */
  readonly cpu: number;
}

/** A freed object that was written to, the first such byte, and what it is. */
export interface WrittenFreed {
  readonly object: FreedObject;
  readonly byteIndex: number;
  readonly value: number;
}

export class FreedObjects {
  readonly #machine: Machine;
  readonly #backend: ZpoolBackend;
  readonly #contents: ObjectBytes;
  readonly #quarantineObjects: number;
  readonly #quarantine: FreedObject[] = [];
  #latest: FreedObject | undefined;

  constructor(machine: Machine, backend: ZpoolBackend, contents: ObjectBytes, quarantineObjects: number) {
    this.#machine = machine;
    this.#backend = backend;
    this.#contents = contents;
    this.#quarantineObjects = quarantineObjects;
  }

  /** Objects held back, beyond that of the latest free. */
  get quarantined(): number {
    return this.#quarantine.length;
  }

  /** Poisons an object and holds it. */
  hold(object: FreedObject): void {
    this.#contents.fill(object.backendHandle, object.bytes, FREED);
    this.#latest = object;
  }

  /** Looks at the latest freed object and lets it go: into the quarantine, out of which the oldest then comes, or to the backend.
   * Returns what was written to; the objects are on their way all the same. */
  settle(): WrittenFreed | undefined {
    const latest = this.#latest;
    if (latest === undefined) return undefined;
    this.#latest = undefined;
    const written = this.#written(latest);
    if (this.#quarantineObjects === 0) {
      this.#free(latest);
      return written;
    }
    if (written !== undefined) this.#contents.fill(latest.backendHandle, latest.bytes, FREED);
    this.#quarantine.push(latest);
    if (this.#quarantine.length <= this.#quarantineObjects) return written;
    const oldest = this.#release();
    return written ?? oldest;
  }

  /** Gives all of the quarantine to the backend. Returns the first object that was written to. */
  drain(): WrittenFreed | undefined {
    let found: WrittenFreed | undefined;
    while (this.#quarantine.length > 0) {
      const written = this.#release();
      found ??= written;
    }
    return found;
  }

  /** Looks at all objects of the quarantine. Returns the first that was written to, poisoned anew. */
  verify(): WrittenFreed | undefined {
    for (const object of this.#quarantine) {
      const written = this.#written(object);
      if (written === undefined) continue;
      this.#contents.fill(object.backendHandle, object.bytes, FREED);
      return written;
    }
    return undefined;
  }

  #release(): WrittenFreed | undefined {
    const object = this.#quarantine.shift()!;
    const written = this.#written(object);
    this.#free(object);
    return written;
  }

  #written(object: FreedObject): WrittenFreed | undefined {
    const { contents, bytes } = { contents: this.#contents, bytes: object.bytes };
    if (!contents.hasBytes) return undefined;
    contents.load(object.backendHandle, bytes);
    if (startsFreed(contents.words, contents.bytes, bytes)) return undefined;
    const byteIndex = firstOther(contents.bytes, 0, bytes, FREED);
    return { object, byteIndex, value: contents.bytes[byteIndex]! };
  }

  /** Frees on the CPU of the caller's free: backends with lists per CPU would otherwise place later objects elsewhere. */
  #free({ backendHandle, cpu }: FreedObject): void {
    if (cpu === this.#machine.cpus.current) this.#backend.free(backendHandle);
    else this.#machine.cpus.runOn(cpu, () => this.#backend.free(backendHandle));
  }
}
