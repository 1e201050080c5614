// The ids of a trace and the handles that the pool gave for them. Ids number the allocation attempts from 0, so a flat
// array holds them: of 32-bit numbers, since a free looks at a place in it that is hardly ever in the cache, until a pool comes
// whose handles are addresses above 2^31; then of doubles.

import type { Handle } from "@zlab/zpool";
import { TraceError } from "./trace-error.ts";
import { Kind, type TraceLine } from "./trace-line.ts";

const UNSEEN = 0; // 0 is never a handle
const FREED = -1;
const FAILED = -2; // the attempt failed when the trace was recorded
const REFUSED = -3; // the attempt succeeded then, but failed in the pool that is replayed on
const FIRST_CAPACITY = 1 << 14;
const MAX_ID = 2 ** 28 - 1;
const MAX_SHORT_HANDLE = 2 ** 31 - 1;

export class ObjectIds {
  #handles: Int32Array | Float64Array = new Int32Array(FIRST_CAPACITY);
  /** One more than the highest id seen. */
  end = 0;
  /** Sum of what was fetched last. It means nothing, but what no one can see would not be worked out. */
  fetched = 0;

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

  /** Looks at the entries of ids that will be freed soon, which brings them into the cache, all at the time of one. */
  fetch(lines: readonly TraceLine[], count: number): void {
    const handles = this.#handles;
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const line = lines[i]!;
      const id = line.at(0);
      if (line.kind === Kind.free && id >= 0 && id < handles.length) sum += handles[id]!;
    }
    this.fetched = sum;
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
    if (id >= this.#handles.length)
      this.#replace(Math.min(MAX_ID + 1, Math.max(2 * this.#handles.length, id + 1)), value);
    else if (value > MAX_SHORT_HANDLE && this.#handles instanceof Int32Array)
      this.#replace(this.#handles.length, value);
    if (id >= this.end) this.end = id + 1;
    this.#handles[id] = value;
  }

  /** Makes a table of another length, of doubles if there were or `value` needs one. */
  #replace(length: number, value: number): void {
    const isShort = value <= MAX_SHORT_HANDLE && this.#handles instanceof Int32Array;
    const handles = isShort ? new Int32Array(length) : new Float64Array(length);
    handles.set(this.#handles.subarray(0, this.end));
    this.#handles = handles;
  }
}
