// A progress bar on stderr, for jobs that take longer than a moment and are watched by a person.

import type { Terminal } from "../context.ts";

const PATIENCE_MS = 2000;
const REDRAW_MS = 100;
const BAR_WIDTH = 30;

export interface Progress extends Disposable {
  /** Tells how many of the steps are done, parts of a step included, and what is being done now. */
  update(doneCount: number, label: string): void;
}

/** A bar over `totalCount` steps; shown only on a terminal, and only after two seconds. Disposing it wipes it out. */
export function startProgress(terminal: Terminal, totalCount: number, now: () => number = Date.now): Progress {
  const startMs = now();
  let drawnMs = 0;
  const wipe = (): unknown => drawnMs > 0 && terminal.write("\r\x1b[K");
  return {
    update(doneCount, label) {
      const ms = now();
      if (terminal.isTTY !== true || ms - startMs < PATIENCE_MS || ms - drawnMs < REDRAW_MS) return;
      drawnMs = ms;
      const filled = Math.round((Math.min(doneCount, totalCount) / Math.max(1, totalCount)) * BAR_WIDTH);
      const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
      const text = `${bar} ${Math.floor(doneCount)}/${totalCount} ${label}`;
      terminal.write(`\r\x1b[K${text.slice(0, (terminal.columns ? terminal.columns : 80) - 1)}`);
    },
    [Symbol.dispose]() {
      wipe();
    },
  };
}
