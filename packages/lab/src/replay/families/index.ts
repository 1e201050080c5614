// The trace families, and which one a header belongs to.

import { shorten } from "../../errors.ts";
import { TraceError } from "../trace-error.ts";
import { shortJson } from "../trace-json.ts";
import type { TraceFamily } from "../trace-family.ts";
import { type TraceHeader, notATrace } from "../trace-header.ts";
import { z3fold612 } from "./z3fold-6.12.ts";
import { zbud612 } from "./zbud-6.12.ts";
import { zram618 } from "./zram-6.18.ts";
import { zsmalloc310 } from "./zsmalloc-3.10.ts";
import { zsmalloc612 } from "./zsmalloc-6.12.ts";

const TRACE_FAMILIES: readonly TraceFamily[] = [zsmalloc612, zsmalloc310, zbud612, z3fold612, zram618];

/** The family of a header. Throws a TraceError if there is none. */
export function familyOf(header: TraceHeader): TraceFamily {
  const family = TRACE_FAMILIES.find((candidate) => candidate.recognises(header));
  if (family !== undefined) return family;
  const { allocator, kernel } = header;
  if (typeof allocator !== "string") throw notATrace();
  const version = typeof kernel === "string" ? shorten(kernel) : shortJson(kernel);
  const known = TRACE_FAMILIES.map(({ name }) => name).join(", ");
  throw new TraceError(`there are no traces of ${shorten(allocator)} of kernel ${version}; known families: ${known}`);
}
