// The class for a size, looked up by sixteenths: every slot size is a multiple of 16 bytes, so one entry serves 16 sizes.

import type { SizeClassPlan } from "./size-classes.ts";
import type { ZspageTable } from "./zspage-table.ts";

/** Class of a slot need of up to 16 * i bytes; every nominal size is a multiple of 16. Needs above the page (a request of a
 * whole page and its header) have the top class. */
export function classBySixteenths(plan: SizeClassPlan, zspages: ZspageTable): Int32Array {
  const { pageBytes, headerBytes } = plan.options;
  const table = new Int32Array(pageBytes / 16 + 2);
  for (let i = 1; i < table.length; i++) {
    table[i] = zspages.classAt(plan.indexForRequest(Math.min(16 * i, pageBytes + headerBytes) - headerBytes));
  }
  return table;
}
