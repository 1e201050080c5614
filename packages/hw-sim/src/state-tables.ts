// State written down: the tables of a machine or pool by name, as they go into an image and come out of one. Whoever loads them trusts
// nothing: they may come from a damaged file. Here it is verified that a table is there, of its kind and length; what the values must
// fulfil is verified by their owner, before an index is followed.

import { ZlabError } from "./errors.ts";

export type StateTable = Uint8Array | Uint16Array | Int32Array | Float64Array;

/** Tables by name. Integers are in the host's byte order; files have them as little-endian. */
export type StateTables = Readonly<Record<string, StateTable>>;

/** Thrown for an image that can't be made, read or loaded. Codes:
 *
 * | code | what is wrong |
 * |---|---|
 * | ZLAB_IMAGE_UNKNOWN | not an image, or of another version |
 * | ZLAB_IMAGE_FORMAT | cut off, or the head makes no sense |
 * | ZLAB_IMAGE_CHECKSUM | the bytes of the head or of a section are not those that were written |
 * | ZLAB_IMAGE_STATE | a table has a wrong length, or a value that no state can have |
 * | ZLAB_IMAGE_SURPLUS | a byte that is no part of the state is not 0 |
 * | ZLAB_IMAGE_REFUSED | the state can't be written down: an object is mapped, or the machine is shared with others |
 */
export class ImageError extends ZlabError {}

/** The exception for a value that no state can have; `index` is its place in the table. */
export function badState(table: string, index: number, what: string): ImageError {
  return new ImageError("ZLAB_IMAGE_STATE", `table ${table}, entry ${index}: ${what}`);
}

/** The tables of one part, handed out by name. Every method throws ZLAB_IMAGE_STATE for a table that is missing or of another kind, or
 * has not `length` entries where a length is given. */
export class StateReader {
  readonly #tables: StateTables;

  constructor(tables: StateTables) {
    this.#tables = tables;
  }

  uint8(name: string, length?: number): Uint8Array {
    const table = this.#find(name, length);
    if (table instanceof Uint8Array) return table;
    throw wrongKind(name);
  }

  uint16(name: string, length?: number): Uint16Array {
    const table = this.#find(name, length);
    if (table instanceof Uint16Array) return table;
    throw wrongKind(name);
  }

  int32(name: string, length?: number): Int32Array {
    const table = this.#find(name, length);
    if (table instanceof Int32Array) return table;
    throw wrongKind(name);
  }

  /** Counters: numbers from 0, whole ones up to 2^53 unless `mayBeFractions`. */
  counters(name: string, length: number, mayBeFractions = false): Float64Array {
    const table = this.#find(name, length);
    if (!(table instanceof Float64Array)) throw wrongKind(name);
    for (const [index, value] of table.entries()) {
      const isRight = mayBeFractions ? Number.isFinite(value) : Number.isSafeInteger(value);
      if (!isRight || value < 0 || Object.is(value, -0)) throw badState(name, index, `${value} counts nothing`);
    }
    return table;
  }

  #find(name: string, length: number | undefined): StateTable {
    const table = Object.hasOwn(this.#tables, name) ? this.#tables[name] : undefined;
    if (table === undefined) throw new ImageError("ZLAB_IMAGE_STATE", `table ${name} is missing`);
    if (length === undefined || table.length === length) return table;
    throw new ImageError("ZLAB_IMAGE_STATE", `table ${name} has ${table.length} entries, expected ${length}`);
  }
}

function wrongKind(name: string): ImageError {
  return new ImageError("ZLAB_IMAGE_STATE", `table ${name} has entries of another kind`);
}
