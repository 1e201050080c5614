// How much memory an input takes: the largest resident size while it is read, beyond that before it. Linux can tell and forget the peak.

import { readFileSync, writeFileSync } from "node:fs";

/** Makes the next `peakBytes` the peak since now. Returns the resident bytes of now. */
export function resetPeak(): number {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Elsewhere, and where /proc can't be written, the peak is that of the whole run.
  }
  return process.memoryUsage.rss();
}

/** The largest resident size of the process since `resetPeak`, in bytes. */
export function peakBytes(): number {
  try {
    const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
    if (peak !== null) return Number(peak[1]) * 1024;
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS * 1024;
}
