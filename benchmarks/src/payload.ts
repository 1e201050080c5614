// Where the benchmarks' payloads and the buffers of their callers come from, in one place: how a buffer is made decides how fast
// bytes are copied to and from a machine's memory.

import type { Machine } from "@zlab/hw-sim";

/** A buffer of `bytes` bytes filled with `value`, as a caller of pools over this machine would make it: the machine gives out
 * buffers beside its own pages. */
export function makePayload(machine: Machine, bytes: number, value = 7): Uint8Array {
  return machine.memory.buffer(bytes).fill(value);
}
