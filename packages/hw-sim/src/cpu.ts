// CPUs: which one runs now, whether it may be preempted, and areas that each CPU has for itself. The simulation runs
// one CPU at a time; "now" changes only by `runOn`.

import type { CostCounter } from "./cost.ts";
import { MachineError } from "./errors.ts";

export class CpuSet {
  readonly count: number;
  readonly #cost: CostCounter;
  readonly #preemptCount: Int32Array;
  readonly #offSinceCycles: Float64Array;
  readonly #areas = new Map<symbol, readonly unknown[]>();
  #current = 0;
  /** Sum over all ended sections with preemption off, in cycles of the cost model. Simulated time is one for all CPUs: what
   * another CPU does meanwhile (`runOn`) counts too. */
  preemptOffCycles = 0;
  /** The longest such section, in cycles. */
  longestPreemptOffCycles = 0;

  constructor(count: number, cost: CostCounter) {
    if (!Number.isInteger(count) || count < 1 || count > 4096) {
      throw new MachineError("ZLAB_MACHINE_OPTIONS", `a machine has 1 to 4096 CPUs, not ${count}`);
    }
    this.count = count;
    this.#cost = cost;
    this.#preemptCount = new Int32Array(count);
    this.#offSinceCycles = new Float64Array(count);
  }

  /** The number of the CPU that runs now, from 0. */
  get current(): number {
    return this.#current;
  }

  /** Runs `action` on another CPU and comes back. Throws ZLAB_NO_SUCH_CPU. Moving away while preemption is off is what
   * preemption off forbids of a single task, so this stands for two tasks, one on each CPU. */
  runOn<T>(cpu: number, action: () => T): T {
    if (!Number.isInteger(cpu) || cpu < 0 || cpu >= this.count) {
      throw new MachineError("ZLAB_NO_SUCH_CPU", `there is no CPU ${cpu}: the machine has CPUs 0 to ${this.count - 1}`);
    }
    const previous = this.#current;
    this.#current = cpu;
    try {
      return action();
    } finally {
      this.#current = previous;
    }
  }

  /** Preemption is off while the count of the current CPU is above 0. */
  preemptCount(): number {
    return this.#preemptCount[this.#current]!;
  }

  /** Turns preemption off on the current CPU; nests. */
  preemptDisable(): void {
    if (this.#preemptCount[this.#current]!++ === 0) this.#offSinceCycles[this.#current] = this.#cost.cycles;
  }

  /** Undoes one `preemptDisable` of the current CPU. Throws ZLAB_PREEMPT_UNDERFLOW if there is none. */
  preemptEnable(): void {
    const cpu = this.#current;
    if (this.#preemptCount[cpu] === 0) {
      throw new MachineError("ZLAB_PREEMPT_UNDERFLOW", `CPU ${cpu}: preemption enabled more often than disabled`);
    }
    if (--this.#preemptCount[cpu]! > 0) return;
    const cycles = this.#cost.cycles - this.#offSinceCycles[cpu]!;
    this.preemptOffCycles += cycles;
    if (cycles > this.longestPreemptOffCycles) this.longestPreemptOffCycles = cycles;
  }

  /** The per-CPU area named by `key`, one element per CPU, made at the first call and shared by all later ones. */
  perCpu<T>(key: symbol, make: (cpu: number) => T): readonly T[] {
    const known = this.#areas.get(key);
    if (known !== undefined) return known as readonly T[];
    const made = Array.from({ length: this.count }, (_, cpu) => make(cpu));
    this.#areas.set(key, made);
    return made;
  }
}
