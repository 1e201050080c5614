// The record of each object of a hardened pool. Two tables have this form: the live objects by cell, and the latest freed ones.
// A record is a row of numbers, so that it can be copied from one table to the other as it is:
//
//   handle | backend's handle | object number | bytes | gfp | map mode | seal | allocated | mapped | unmapped | written | freed

import type { Handle, MapMode } from "../zpool-driver.ts";
import type { ObjectHistory } from "./object-history.ts";

/** Columns of a record. From ALLOCATED on they are numbers of operations, 0 for what hasn't happened. */
export const Field = {
  HANDLE: 0,
  BACKEND_HANDLE: 1,
  OBJECT: 2,
  BYTES: 3,
  GFP: 4,
  MAP_MODE: 5,
  SEAL: 6,
  ALLOCATED: 7,
  MAPPED: 8,
  UNMAPPED: 9,
  WRITTEN: 10,
  FREED: 11,
} as const;

export type Field = (typeof Field)[keyof typeof Field];

const FIELD_COUNT = 12;

interface Stacks {
  readonly allocatedAt: string | undefined;
  readonly freedAt: string | undefined;
}

const NO_STACKS: Stacks = { allocatedAt: undefined, freedAt: undefined };

export class ObjectRecords {
  #rows: Float64Array;
  readonly #stacks = new Map<number, Stacks>(); // by row; empty unless stacks are recorded

  constructor(rowCount: number) {
    this.#rows = new Float64Array(rowCount * FIELD_COUNT);
  }

  get rowCount(): number {
    return this.#rows.length / FIELD_COUNT;
  }

  get(row: number, field: Field): number {
    return this.#rows[row * FIELD_COUNT + field]!;
  }

  set(row: number, field: Field, value: number): void {
    this.#rows[row * FIELD_COUNT + field] = value;
  }

  /** Makes a row empty. */
  clear(row: number): void {
    this.#rows.fill(0, row * FIELD_COUNT, (row + 1) * FIELD_COUNT);
    this.#stacks.delete(row);
  }

  stacksOf(row: number): Stacks {
    return this.#stacks.get(row) ?? NO_STACKS;
  }

  setStacks(row: number, stacks: Stacks): void {
    this.#stacks.set(row, stacks);
  }

  /** Copies a record of another table over a row of this one. */
  copyFrom(source: ObjectRecords, sourceRow: number, row: number): void {
    const start = sourceRow * FIELD_COUNT;
    this.clear(row);
    this.#rows.set(source.#rows.subarray(start, start + FIELD_COUNT), row * FIELD_COUNT);
    const stacks = source.#stacks.get(sourceRow);
    if (stacks !== undefined) this.#stacks.set(row, stacks);
  }

  /** Makes room for `rowCount` rows; the new ones are empty. */
  grow(rowCount: number): void {
    const rows = new Float64Array(rowCount * FIELD_COUNT);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  /** The row as it is told to people. */
  historyOf(row: number): ObjectHistory {
    const moment = (field: Field): number | undefined => this.get(row, field) || undefined;
    const mappedBy = moment(Field.MAPPED);
    return {
      handle: this.get(row, Field.HANDLE) as Handle,
      object: this.get(row, Field.OBJECT),
      bytes: this.get(row, Field.BYTES),
      gfp: this.get(row, Field.GFP),
      allocatedBy: this.get(row, Field.ALLOCATED),
      mappedBy,
      mapMode: mappedBy === undefined ? undefined : (this.get(row, Field.MAP_MODE) as MapMode),
      unmappedBy: moment(Field.UNMAPPED),
      writtenBy: moment(Field.WRITTEN),
      freedBy: moment(Field.FREED),
      ...this.stacksOf(row),
    };
  }
}
