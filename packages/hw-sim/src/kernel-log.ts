// What the kernel would print: reports of misuse that a real kernel survives. A machine made with `panicOnWarn` throws instead.

import { MachineError } from "./errors.ts";

export class KernelLog {
  readonly #panicOnWarn: boolean;
  readonly #lines: string[] = [];

  constructor(panicOnWarn: boolean) {
    this.#panicOnWarn = panicOnWarn;
  }

  /** The lines so far, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Appends a report ("BUG: …", "WARNING: …"). */
  report(line: string): void {
    this.#lines.push(line);
    if (this.#panicOnWarn) throw new MachineError("ZLAB_KERNEL_PANIC", `panic_on_warn: ${line}`);
  }
}
