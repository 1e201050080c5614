// The open mappings of a pool: at most one per CPU. Backends keep one of these and get the discipline of the contract from it.

import type { Machine } from "@zlab/hw-sim";
import { ZPoolError, badHandle } from "./errors.ts";
import type { Handle, MapMode, Mapping } from "./zpool-driver.ts";

/** The record behind a `Mapping`, filled anew at every map. */
export class CpuMapping implements Mapping {
  bytes: Uint8Array = new Uint8Array(0);
  offset = 0;
  length = 0;
  /** The mapped object, 0 when nothing is mapped. */
  handle = 0;
  mode: MapMode = 0;
}

/** One record per CPU, and the rules of mapping: what is mapped twice, unmapped wrongly or freed while mapped throws. */
export class CpuMappings {
  readonly #pool: string;
  readonly #machine: Machine;
  readonly #records: readonly CpuMapping[];
  #open = 0;

  /** `pool` names the pool in messages. */
  constructor(machine: Machine, pool: string) {
    this.#pool = pool;
    this.#machine = machine;
    this.#records = Array.from({ length: machine.cpus.count }, () => new CpuMapping());
  }

  /** Mappings open now, over all CPUs. */
  get open(): number {
    return this.#open;
  }

  /** The current CPU's free record. Throws ZLAB_NESTED_MAP if it has an object mapped. Nothing is taken until `begin`. */
  available(): CpuMapping {
    const record = this.#records[this.#machine.cpus.current]!;
    if (record.handle !== 0) {
      throw new ZPoolError(
        "ZLAB_NESTED_MAP",
        `${this.#pool}: CPU ${this.#machine.cpus.current} has object ${record.handle} mapped; unmap it before mapping another`,
      );
    }
    return record;
  }

  /** Marks the record as mapping `handle`. */
  begin(record: CpuMapping, handle: Handle, mode: MapMode): void {
    record.handle = handle;
    record.mode = mode;
    this.#open++;
  }

  /** Ends the current CPU's mapping of `handle` and returns its record, whose fields stay readable until the next map.
   * Throws ZLAB_NOT_MAPPED (0 is never mapped). */
  end(handle: Handle): CpuMapping {
    const record = this.#records[this.#machine.cpus.current]!;
    if (handle === 0) throw badHandle(this.#pool, "unmap", handle);
    if (record.handle !== handle) {
      const mapped = record.handle === 0 ? "has nothing mapped" : `has object ${record.handle} mapped`;
      throw new ZPoolError(
        "ZLAB_NOT_MAPPED",
        `${this.#pool}: unmap of object ${handle}, but CPU ${this.#machine.cpus.current} ${mapped}`,
      );
    }
    record.handle = 0;
    this.#open--;
    return record;
  }

  /** Throws ZLAB_MAPPED if the object is mapped on any CPU. Costs one test while nothing is mapped. */
  assertNotMapped(handle: Handle, operation: string): void {
    if (this.#open === 0) return;
    const cpu = this.#records.findIndex((record) => record.handle === handle);
    if (cpu < 0) return;
    throw new ZPoolError("ZLAB_MAPPED", `${this.#pool}: ${operation} of object ${handle}, which CPU ${cpu} has mapped`);
  }

  /** Throws ZLAB_MAPPED if any object is mapped. */
  assertNoneMapped(operation: string): void {
    if (this.#open === 0) return;
    throw new ZPoolError("ZLAB_MAPPED", `${this.#pool}: ${operation} while ${this.#open} objects are mapped`);
  }

  /** Whether any open mapping satisfies `test`, for backends that must leave mapped objects in place. */
  some(test: (handle: Handle) => boolean): boolean {
    return this.#open > 0 && this.#records.some((record) => record.handle !== 0 && test(record.handle as Handle));
  }
}

/** Throws ZLAB_RANGE unless `length` bytes fit the object's slot and the caller's buffer at `bufferOffset`. */
export function assertCopyRange(
  pool: string,
  slotBytes: number,
  buffer: Uint8Array,
  bufferOffset: number,
  length: number,
): void {
  const fits = length >= 0 && length <= slotBytes && bufferOffset >= 0 && bufferOffset + length <= buffer.length;
  if (fits) return;
  throw new ZPoolError(
    "ZLAB_RANGE",
    `${pool}: copy of ${length} bytes at offset ${bufferOffset} of a buffer of ${buffer.length}, with an object slot of ${slotBytes}`,
  );
}
