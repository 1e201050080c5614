// Room for the tables of allocators. On a machine whose memory is shared between threads the tables are shared as well, so that
// another thread can find an object by its handle: a table then has a label, by which the other thread opens it, and its
// length never changes. It is zeroed, and costs nothing until touched, so it can be made as long as it may ever have to be.

import { MachineError } from "./errors.ts";
import { zeroedBuffer } from "./zeroed-buffer.ts";

/** A table as it goes to another thread. */
export interface SharedTable {
  readonly label: string;
  readonly kind: "uint8" | "uint16" | "int32" | "float64";
  readonly buffer: SharedArrayBuffer;
}

/** What a machine gives its allocators: `machine.tables`. All methods throw ZLAB_TABLES for a label that is taken. */
export class TableSpace {
  /** Whether other threads can open the tables. Only then do labels matter, and must an allocator that would replace its tables
   * by longer ones make them long enough at once. */
  readonly shared: boolean;
  readonly #tables = new Map<string, SharedTable>();

  constructor(shared: boolean) {
    this.shared = shared;
  }

  uint8(length: number, label: string): Uint8Array {
    return new Uint8Array(this.#reserve("uint8", length, label));
  }

  uint16(length: number, label: string): Uint16Array {
    return new Uint16Array(this.#reserve("uint16", 2 * length, label));
  }

  int32(length: number, label: string): Int32Array {
    return new Int32Array(this.#reserve("int32", 4 * length, label));
  }

  float64(length: number, label: string): Float64Array {
    return new Float64Array(this.#reserve("float64", 8 * length, label));
  }

  /** Forgets the tables whose labels begin with `prefix`; who has one open keeps it. */
  release(prefix: string): void {
    for (const label of this.#tables.keys()) if (label.startsWith(prefix)) this.#tables.delete(label);
  }

  /** The tables that exist now, for `OpenTables` of another thread; none if the space isn't shared. */
  share(): SharedTable[] {
    return Array.from(this.#tables.values());
  }

  #reserve(kind: SharedTable["kind"], bytes: number, label: string): ArrayBuffer | SharedArrayBuffer {
    if (!this.shared) return zeroedBuffer(bytes);
    if (this.#tables.has(label)) throw new MachineError("ZLAB_TABLES", `there is a table "${label}" already`);
    const buffer = new SharedArrayBuffer(bytes);
    this.#tables.set(label, { label, kind, buffer });
    return buffer;
  }
}

/** Another thread's tables. Each method gives the table of that label, and throws ZLAB_TABLES if there is none of that kind. */
export class OpenTables {
  readonly #tables: ReadonlyMap<string, SharedTable>;

  constructor(tables: readonly SharedTable[]) {
    this.#tables = new Map(tables.map((table) => [table.label, table]));
  }

  uint8(label: string): Uint8Array {
    return new Uint8Array(this.#find("uint8", label));
  }

  uint16(label: string): Uint16Array {
    return new Uint16Array(this.#find("uint16", label));
  }

  int32(label: string): Int32Array {
    return new Int32Array(this.#find("int32", label));
  }

  float64(label: string): Float64Array {
    return new Float64Array(this.#find("float64", label));
  }

  #find(kind: SharedTable["kind"], label: string): SharedArrayBuffer {
    const table = this.#tables.get(label);
    if (table?.kind === kind) return table.buffer;
    const found = table === undefined ? "none of that name was shared" : `it is ${table.kind}`;
    throw new MachineError("ZLAB_TABLES", `there is no ${kind} table "${label}": ${found}`);
  }
}
