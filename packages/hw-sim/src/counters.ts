// All counters of a machine in one record, for tables and for comparing two moments.

import type { Machine } from "./machine.ts";

/** Everything that a machine counts. Arrays have one element per order, 0 to MAX_PAGE_ORDER. */
export interface MachineCounters {
  readonly freePages: number;
  readonly allocatedBlocks: readonly number[];
  readonly freedBlocks: readonly number[];
  readonly failedRequests: readonly number[];
  /** Failures that were injected, among the failed requests. */
  readonly injectedFailures: number;
  readonly kswapdWakeups: number;
  readonly kmaps: number;
  readonly tlbFlushesLocal: number;
  readonly tlbFlushesBroadcast: number;
  readonly copiedBytes: number;
  /** Simulated time, in cycles of the cost model. */
  readonly cycles: number;
  /** Of it, time with preemption off, over all CPUs, in sections that have ended. */
  readonly preemptOffCycles: number;
  readonly longestPreemptOffCycles: number;
}

/** The counters as they are now; the record doesn't change afterwards. */
export function machineCounters(machine: Machine): MachineCounters {
  const { cost, cpus } = machine;
  return {
    freePages: machine.freePageCount(),
    allocatedBlocks: machine.allocatedBlocksByOrder(),
    freedBlocks: machine.freedBlocksByOrder(),
    failedRequests: machine.failedRequestsByOrder(),
    injectedFailures: machine.faults.injected,
    kswapdWakeups: machine.zones.reduce((sum, zone) => sum + zone.kswapdWakeups, 0),
    kmaps: cost.kmaps,
    tlbFlushesLocal: cost.tlbFlushesLocal,
    tlbFlushesBroadcast: cost.tlbFlushesBroadcast,
    copiedBytes: cost.copiedBytes,
    cycles: cost.cycles,
    preemptOffCycles: cpus.preemptOffCycles,
    longestPreemptOffCycles: cpus.longestPreemptOffCycles,
  };
}
