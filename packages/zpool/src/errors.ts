import { ZlabError } from "@zlab/hw-sim";

/** Thrown by the zpool layer and by backends. Codes of programmer's errors:
 *
 * | code | what happened |
 * |---|---|
 * | ZLAB_BAD_HANDLE | free, map, read or write of a handle that is not live: 0, freed before, of another pool, or made up |
 * | ZLAB_MAPPED | an object was freed, or the pool destroyed, while a mapping was open |
 * | ZLAB_NESTED_MAP | a second object was mapped on a CPU |
 * | ZLAB_NOT_MAPPED | unmap of an object that this CPU has not mapped |
 * | ZLAB_RANGE | a copy beyond the end of the object's slot or of the caller's buffer |
 *
 * and of the control plane: ZLAB_NO_DRIVER, ZLAB_DUPLICATE_DRIVER, ZLAB_DRIVER_BUSY, ZLAB_POOL_OPTIONS, ZLAB_DESTROYED,
 * ZLAB_SWITCH. A broken invariant found by `check` is ZLAB_CORRUPT.
 */
export class ZPoolError extends ZlabError {}

/** The exception for an operation on a handle that names no live object of the pool. */
export function badHandle(pool: string, operation: string, handle: number): ZPoolError {
  return new ZPoolError(
    "ZLAB_BAD_HANDLE",
    `${pool}: ${operation} of handle ${handle}, which is not live: it is 0, was freed before, or comes from elsewhere`,
  );
}

/** The exception for a broken invariant; `what` says which equation does not hold. */
export function corrupt(pool: string, what: string): ZPoolError {
  return new ZPoolError("ZLAB_CORRUPT", `${pool}: ${what}`);
}
