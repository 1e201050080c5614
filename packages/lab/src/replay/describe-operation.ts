// Operations of traces in words, for messages and reports.

import { Kind, type TraceLine } from "./trace-line.ts";

/** Names of the operations, by letter; `c` is the same in all families. */
export const OPERATION_NAMES: Readonly<Record<string, string>> = {
  a: "allocations",
  f: "frees",
  e: "failedAllocations",
  c: "compactions",
  s: "checkpoints",
  l: "listOrders",
  w: "writes",
  d: "discards",
  m: "memoryStatistics",
};

/** One operation with its arguments: "free of id 12". The line has been played, so its fields are sound. */
export function describeOperation(line: TraceLine): string {
  switch (line.kind) {
    case Kind.alloc:
      return `allocation of ${line.at(1)} bytes as id ${line.at(0)}`;
    case Kind.free:
      return `free of id ${line.at(0)}`;
    case Kind.error:
      return `failed allocation of ${line.at(0)} bytes as id ${line.at(2)}`;
    case Kind.compact:
      return "compaction";
    case Kind.checkpoint:
      return "checkpoint";
    case Kind.listOrders:
      return "list orders";
    case Kind.write:
      return `write of slot ${line.at(0)}`;
    case Kind.discard:
      return `discard of slot ${line.at(0)}`;
    default:
      return "memory statistics";
  }
}
