// The cost model: what the simulated operations would cost on hardware, in cycles, and how often they happened. It is
// a simple sum of event counts times prices, meant for comparing designs, not for predicting a machine.

import { MachineError } from "./errors.ts";

/** Prices of events. The defaults are round figures of a current x86 server core. */
export interface CostModel {
  /** Bytes that a copy moves per cycle. */
  readonly copyBytesPerCycle: number;
  /** Cycles to flush one TLB entry of this CPU. */
  readonly tlbFlushLocalCycles: number;
  /** Cycles to have every CPU flush one TLB entry (inter-processor interrupts). */
  readonly tlbFlushBroadcastCycles: number;
  /** Cycles to enter a page in a temporary mapping slot. */
  readonly kmapCycles: number;
  /** Cycles of one page allocation or release. */
  readonly pageAllocCycles: number;
}

export const DEFAULT_COST_MODEL: CostModel = {
  copyBytesPerCycle: 16,
  tlbFlushLocalCycles: 200,
  tlbFlushBroadcastCycles: 4000,
  kmapCycles: 60,
  pageAllocCycles: 300,
};

/** Counts events and adds up their cost. All counters only grow. */
export class CostCounter {
  readonly model: CostModel;
  copiedBytes = 0;
  kmaps = 0;
  tlbFlushesLocal = 0;
  tlbFlushesBroadcast = 0;
  pageAllocs = 0;
  pageFrees = 0;
  #spentCycles = 0;

  /** `model` names the prices that differ from the default. Throws ZLAB_MACHINE_OPTIONS for a negative price, or for copies
   * that move no bytes. */
  constructor(model: Partial<CostModel> = {}) {
    this.model = { ...DEFAULT_COST_MODEL, ...model };
    for (const [name, price] of Object.entries(this.model)) {
      if (Number.isFinite(price) && price >= 0) continue;
      throw new MachineError("ZLAB_MACHINE_OPTIONS", `costModel.${name} must be a number from 0, not ${price}`);
    }
    if (this.model.copyBytesPerCycle === 0) {
      throw new MachineError("ZLAB_MACHINE_OPTIONS", "costModel.copyBytesPerCycle must be more than 0");
    }
  }

  /** Simulated time so far, in cycles: worked out from the counters, so that counting an event is one addition. */
  get cycles(): number {
    const { model } = this;
    return (
      this.#spentCycles +
      this.copiedBytes / model.copyBytesPerCycle +
      this.kmaps * model.kmapCycles +
      this.tlbFlushesLocal * model.tlbFlushLocalCycles +
      this.tlbFlushesBroadcast * model.tlbFlushBroadcastCycles +
      (this.pageAllocs + this.pageFrees) * model.pageAllocCycles
    );
  }

  /** Of them, those charged by `spend`. */
  get spentCycles(): number {
    return this.#spentCycles;
  }

  /** Charges time for something that has no counter of its own. */
  spend(cycles: number): void {
    this.#spentCycles += cycles;
  }

  /** Counts a copy; whoever moves bytes through `PhysicalMemory` calls it. */
  copy(bytes: number): void {
    this.copiedBytes += bytes;
  }

  kmap(): void {
    this.kmaps++;
  }

  tlbFlushLocal(): void {
    this.tlbFlushesLocal++;
  }

  tlbFlushBroadcast(): void {
    this.tlbFlushesBroadcast++;
  }

  pageAlloc(): void {
    this.pageAllocs++;
  }

  pageFree(): void {
    this.pageFrees++;
  }
}
