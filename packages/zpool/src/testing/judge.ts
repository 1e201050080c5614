// Comparisons of what a backend did with what the model says, shared by the steps.

import type { ObjectModel } from "./object-model.ts";
import type { Session } from "./session.ts";

/** Fails if the first `length` bytes that were read (byte 0 of the object at `offset`) differ from the model. */
export function assertContent(
  session: Session,
  object: ObjectModel,
  got: Uint8Array,
  offset: number,
  length: number = object.knownEnd,
): void {
  const index = object.firstDifference(got, offset);
  if (index < 0 || index >= length) return;
  session.fail(`byte ${index} is ${hex(got[offset + index])}, expected ${hex(object.content[index])}`);
}

export function hex(byte: number | undefined): string {
  return byte === undefined ? "missing" : `0x${byte.toString(16).padStart(2, "0")}`;
}

/** Fails if the pool is not as `Session.stateOf` described it before the call just made. */
export function assertUnchanged(session: Session, pool: number, before: readonly string[]): void {
  const after = session.stateOf(pool);
  const changed = after.findIndex((line, i) => line !== before[i]);
  if (changed >= 0) session.fail(`afterwards ${after[changed]}; before, ${before[changed]}`);
}

/** "pool2." before the calls of the second pool. */
export function poolPrefix(pool: number): string {
  return pool === 0 ? "" : "pool2.";
}
