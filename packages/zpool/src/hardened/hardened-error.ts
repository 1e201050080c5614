import { ZPoolError } from "../errors.ts";
import type { ObjectHistory } from "./object-history.ts";

/** What a caller of a hardened pool did wrong. */
export type Misuse =
  /** It wrote, or asked to copy, beyond the end of an object. */
  | "overrun"
  /** It wrote before the start of a mapped object. */
  | "underrun"
  /** It wrote through a mapping that had ended. */
  | "write-after-unmap"
  /** It wrote through a mapping of an object since freed, or to the memory where a freed object was. */
  | "write-after-free"
  | "double-free"
  /** It used the handle of a freed object. */
  | "stale-handle"
  /** The bytes of a live object changed, but not by a call to the pool. */
  | "stray-write"
  /** It wrote through an RO mapping (reported if `strictReadOnly`). */
  | "read-only-write";

/** A misuse that a hardened pool has found. Codes beside those of `ZPoolError`:
 *
 * | code | misuse |
 * |---|---|
 * | ZLAB_OVERRUN, ZLAB_UNDERRUN | bytes around a mapped object were written |
 * | ZLAB_WRITE_AFTER_UNMAP | the bytes of an ended mapping were written |
 * | ZLAB_WRITE_AFTER_FREE | the bytes of a freed object were written |
 * | ZLAB_STRAY_WRITE | a live object changed behind the pool's back |
 * | ZLAB_READ_ONLY_WRITE | an RO mapping was written |
 *
 * Double frees, stale handles and copies beyond the end keep the codes of the contract, ZLAB_BAD_HANDLE and ZLAB_RANGE, so that a
 * hardened pool can stand where a plain one stood; `misuse` tells them apart. */
export class HardenedError extends ZPoolError {
  readonly misuse: Misuse;
  /** The life of the object concerned; undefined if it was freed so long ago that it is forgotten. */
  readonly history: ObjectHistory | undefined;

  constructor(code: string, misuse: Misuse, message: string, history: ObjectHistory | undefined) {
    super(code, message);
    this.misuse = misuse;
    this.history = history;
  }
}
