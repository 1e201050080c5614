// The language of the kit's test programs. A program is a list of steps that name objects by numbers of the program's own,
// so that any step can be left out and the rest still means the same: a step about an object that isn't there is skipped.
// That is what lets a failing program be minimised by cutting pieces out of it.

import type { Errno } from "@zlab/hw-sim";
import type { MapMode } from "../zpool-driver.ts";

/** Where a step happens. */
interface Place {
  readonly cpu: number;
  /** Which of the session's two pools. */
  readonly pool: number;
}

/** Names an object of the program; a malloc step introduces it. */
export type ObjectName = number;

interface OnObject extends Place {
  readonly name: ObjectName;
}

/** Calls that take a handle. */
export type HandleCall = "free" | "map" | "unmap" | "read" | "write";

/** Where a handle that is not live comes from. */
export type BadHandleSource =
  | { readonly kind: "value"; readonly value: number }
  /** The former handle of an object that has been freed. */
  | { readonly kind: "freed"; readonly name: ObjectName }
  /** A live object's handle plus `delta`. */
  | { readonly kind: "near"; readonly name: ObjectName; readonly delta: number }
  /** The handle of a live object of the other pool. */
  | { readonly kind: "foreign"; readonly name: ObjectName };

export type Step =
  /** `faulty`: first with every page allocation of the call failing in turn, which must leave no trace. */
  | (OnObject & { readonly op: "malloc"; readonly bytes: number; readonly gfp: number; readonly faulty?: boolean })
  | (OnObject & { readonly op: "free" })
  /** Frees `victim` and asks for the same size again, which must succeed however little memory is left. */
  | (OnObject & { readonly op: "replace"; readonly victim: ObjectName; readonly gfp: number })
  /** Writes all usable bytes through a WO mapping. */
  | (OnObject & { readonly op: "fill"; readonly seed: number })
  /** Writes the first `length` bytes by the copying call, from `bufferOffset` of a buffer. */
  | (OnObject & { readonly op: "write"; readonly length: number; readonly bufferOffset: number; readonly seed: number })
  /** Reads and verifies by the copying call or through an RO mapping. */
  | (OnObject & { readonly op: "read"; readonly via: "copy" | "mapping"; readonly bufferOffset: number })
  /** `shared`: also if another CPU has the object mapped. */
  | (OnObject & { readonly op: "map"; readonly mode: MapMode; readonly shared?: boolean })
  /** Writes bytes of the object mapped on the CPU: `from` and `length` as parts of a thousand of the usable length. */
  | (Place & { readonly op: "store"; readonly from: number; readonly length: number; readonly seed: number })
  /** Verifies the object mapped on the CPU through its open mapping. */
  | (Place & { readonly op: "look" })
  | (Place & { readonly op: "unmap" })
  | (Place & { readonly op: "compact" })
  /** Verifies every object that is not mapped. */
  | (Place & { readonly op: "verify" })
  | (Place & { readonly op: "free-all"; readonly order: "lifo" | "fifo" | "random" })
  | (Place & { readonly op: "destroy" })
  /** Allocates and frees `count` objects of `bytes` bytes one after the other. */
  | (Place & { readonly op: "churn"; readonly count: number; readonly bytes: number; readonly gfp: number })
  /** The kit takes pages from the machine until only `leavePages` are free. */
  | (Place & { readonly op: "squat"; readonly leavePages: number })
  /** The kit gives `pages` of those pages back. */
  | (Place & { readonly op: "release"; readonly pages: number })
  /** From now on so many per cent of the page allocations fail; 0 ends it. */
  | (Place & { readonly op: "inject"; readonly percent: number; readonly seed: number })
  /** Exchanges the backend of a pool that has a front end for one of the subject's other backends, with all objects. */
  | (Place & { readonly op: "switch"; readonly target: number; readonly gfp: number })
  /** Calls that must be refused with a code and change nothing. */
  | (Place & { readonly op: "refused-malloc"; readonly bytes: number; readonly gfp: number; readonly errno: Errno })
  | (Place & { readonly op: "bad-handle"; readonly call: HandleCall; readonly source: BadHandleSource })
  | (OnObject & { readonly op: "free-mapped" })
  | (OnObject & { readonly op: "nested-map" })
  | (OnObject & { readonly op: "wrong-unmap" })
  | (Place & { readonly op: "destroy-mapped" })
  /** `excess`: bytes beyond the object's usable length, or beyond the buffer. */
  | (OnObject & {
      readonly op: "bad-range";
      readonly call: "read" | "write";
      readonly beyond: "object" | "buffer" | "negative";
      readonly excess: number;
    })
  /** Calls everything that only looks. */
  | (Place & { readonly op: "observe" });

export type Program = readonly Step[];
