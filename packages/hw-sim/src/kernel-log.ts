// What the kernel would print. `report` is for misuse that a real kernel survives but complains about (a machine made
// with `panicOnWarn` throws instead); `print` is for what is no fault of the program, such as a lack of memory.

import { MachineError } from "./errors.ts";

/** Lines that are kept; older ones fall out, as from the kernel's ring buffer. */
export const KERNEL_LOG_LINES = 1000;

export class KernelLog {
  readonly #panicOnWarn: boolean;
  readonly #lines: string[] = [];
  #dropped = 0;

  constructor(panicOnWarn: boolean) {
    this.#panicOnWarn = panicOnWarn;
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /** Lines that have fallen out. */
  get droppedLines(): number {
    return this.#dropped;
  }

  /** Appends a line. */
  print(line: string): void {
    if (this.#lines.push(line) <= KERNEL_LOG_LINES) return;
    this.#lines.shift();
    this.#dropped++;
  }

  /** Appends a report ("BUG: …", "WARNING: …") and its further lines. Throws ZLAB_KERNEL_PANIC on a machine with `panicOnWarn`. */
  report(line: string, ...details: readonly string[]): void {
    this.print(line);
    for (const detail of details) this.print(detail);
    if (this.#panicOnWarn) throw new MachineError("ZLAB_KERNEL_PANIC", `panic_on_warn: ${line}`);
  }
}
