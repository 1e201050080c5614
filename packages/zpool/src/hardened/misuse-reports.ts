// The reports of a hardened pool: what was done wrong, to which object, and what had happened to it before.

import { HardenedError } from "./hardened-error.ts";
import type { WrittenFreed } from "./freed-objects.ts";
import { GUARD_BYTES, type MappingArea } from "./mapping-area.ts";
import { type ObjectHistory, describeHistory, nameOfMode, nameOfObject } from "./object-history.ts";
import type { ObjectTable } from "./object-table.ts";
import { FREED, GUARD } from "./patterns.ts";

export class MisuseReports {
  readonly #pool: string;
  readonly #objects: ObjectTable;

  constructor(type: string, name: string, objects: ObjectTable) {
    this.#pool = `${type} pool "${name}"`;
    this.#objects = objects;
  }

  /** What a mapping's damaged guards tell; undefined if they are whole. */
  damagedGuard(area: MappingArea): HardenedError | undefined {
    const byteIndex = area.damagedByte();
    if (byteIndex === undefined) return undefined;
    const value = area.bytes[GUARD_BYTES + byteIndex]!;
    const [code, misuse, what] =
      byteIndex < 0
        ? (["ZLAB_UNDERRUN", "underrun", "was written before its start"] as const)
        : (["ZLAB_OVERRUN", "overrun", "was overrun"] as const);
    const history = this.#objects.historyOf(area.handle);
    return this.#error(code, misuse, history, `${what}: ${byteIs(byteIndex, value, GUARD)}`);
  }

  /** A write through a mapping that had ended. */
  lateWrite(area: MappingArea): HardenedError {
    const byteIndex = area.writtenByte();
    const what = byteIs(byteIndex, area.bytes[GUARD_BYTES + byteIndex]!, FREED);
    const history = this.#objects.historyOf(area.handle);
    const mapping = `through the ${nameOfMode(area.mode)} mapping made by operation ${area.mappedBy}`;
    if (this.#objects.find(area.handle) >= 0) {
      return this.#error(
        "ZLAB_WRITE_AFTER_UNMAP",
        "write-after-unmap",
        history,
        `was written after unmap, ${mapping}: ${what}`,
      );
    }
    return this.#error(
      "ZLAB_WRITE_AFTER_FREE",
      "write-after-free",
      history,
      `was written after free, ${mapping}: ${what}`,
    );
  }

  writeAfterFree({ object, byteIndex, value }: WrittenFreed): HardenedError {
    const history = this.#objects.historyOf(object.handle);
    const what = `was written after free, in the pool's memory: ${byteIs(byteIndex, value, FREED)}`;
    return this.#error("ZLAB_WRITE_AFTER_FREE", "write-after-free", history, what);
  }

  /** A call with the handle of a freed object. */
  badHandle(handle: number, call: string): HardenedError {
    const history = this.#objects.historyOf(handle);
    const misuse = call === "free" ? "double-free" : "stale-handle";
    const what = call === "free" ? "was freed twice" : `was used after free, by ${call}`;
    return this.#error("ZLAB_BAD_HANDLE", misuse, history, `${what} (handle ${handle})`);
  }

  strayWrite(cell: number, call: string): HardenedError {
    const what = `has changed, but not by a call to the pool; seen by ${call}`;
    return this.#error("ZLAB_STRAY_WRITE", "stray-write", this.#objects.records.historyOf(cell), what);
  }

  readOnlyWrite(area: MappingArea): HardenedError {
    const what = `was written through the RO mapping made by operation ${area.mappedBy}`;
    return this.#error("ZLAB_READ_ONLY_WRITE", "read-only-write", this.#objects.historyOf(area.handle), what);
  }

  copyBeyondEnd(cell: number, call: "read" | "write", length: number): HardenedError {
    const what = `was overrun by a ${call} of ${length} bytes`;
    return this.#error("ZLAB_RANGE", "overrun", this.#objects.records.historyOf(cell), what);
  }

  #error(
    code: string,
    misuse: HardenedError["misuse"],
    history: ObjectHistory | undefined,
    what: string,
  ): HardenedError {
    const name = history === undefined ? "an object" : nameOfObject(history);
    const life = history === undefined ? "freed too long ago to tell its history" : describeHistory(history);
    return new HardenedError(code, misuse, `${this.#pool}: ${name} ${what}; ${life}`, history);
  }
}

function byteIs(index: number, value: number, expected: number): string {
  return `byte ${index} is ${hex(value)} instead of ${hex(expected)}`;
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
