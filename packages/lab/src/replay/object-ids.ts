// The ids of a trace and the handles that the pool gave for them. Ids number the allocation attempts from 0, so a flat
// array holds them. Handles may be addresses above 2^31, hence doubles.

import type { Handle } from "@zlab/zpool";
import { TraceError } from "./trace-error.ts";

const UNSEEN = 0; // 0 is never a handle
const FREED = -1;
const FAILED = -2; // the attempt failed when the trace was recorded
const REFUSED = -3; // the attempt succeeded then, but failed in the pool that is replayed on
const FIRST_CAPACITY = 1 << 14;
const MAX_ID = 2 ** 28 - 1;

export class ObjectIds {
  #handles: Float64Array = new Float64Array(FIRST_CAPACITY);
  /** One more than the highest id seen. */
  end = 0;

  /** Throws a TraceError if the id is out of range or was used before. */
  assertNew(id: number): void {
    if (id >= 0 && id < this.end && this.#handles[id] !== UNSEEN) {
      throw new TraceError(`allocation id ${id} is used twice`);
    }
    if (id < 0 || id > MAX_ID) throw new TraceError(`allocation id ${id} is out of range: 0 to ${MAX_ID}`);
  }

  /** Gives a new id its handle. */
  store(id: number, handle: Handle): void {
    this.#set(id, handle);
  }

  /** Notes that the pool refused what the recorded one had stored. */
  refuse(id: number): void {
    this.#set(id, REFUSED);
  }

  /** Notes that the attempt failed when it was recorded. */
  fail(id: number): void {
    this.#set(id, FAILED);
  }

  /** Ends an id and returns its handle; undefined if it was refused. Throws a TraceError for any id that cannot be freed. */
  take(id: number): Handle | undefined {
    const handle = id >= 0 && id < this.end ? this.#handles[id]! : UNSEEN;
    if (handle === UNSEEN) throw new TraceError(`free of id ${id}, which was never allocated`);
    if (handle === FREED) throw new TraceError(`free of id ${id}, which was freed before`);
    if (handle === FAILED) throw new TraceError(`free of id ${id}, whose allocation failed`);
    this.#handles[id] = FREED;
    if (handle === REFUSED) return undefined;
    return handle as Handle;
  }

  /** The handle of a live object; undefined for any other id. */
  handleOf(id: number): Handle | undefined {
    const handle = id >= 0 && id < this.end ? this.#handles[id]! : UNSEEN;
    return handle > 0 ? (handle as Handle) : undefined;
  }

  /** The id of a live object's handle, by search: for messages. */
  idOf(handle: Handle): number | undefined {
    const id = this.#handles.subarray(0, this.end).indexOf(handle);
    return id < 0 ? undefined : id;
  }

  #set(id: number, value: number): void {
    if (id >= this.#handles.length) this.#grow(id);
    if (id >= this.end) this.end = id + 1;
    this.#handles[id] = value;
  }

  #grow(id: number): void {
    const larger = new Float64Array(Math.min(MAX_ID + 1, Math.max(2 * this.#handles.length, id + 1)));
    larger.set(this.#handles.subarray(0, this.end));
    this.#handles = larger;
  }
}
