// Compares the objects that an operation moved with those that the trace says were moved, and their new places.

import type { Handle } from "@zlab/zpool";
import type { Checker } from "./checker.ts";
import type { ObjectIds } from "./object-ids.ts";
import { Divergence } from "./trace-error.ts";

/** An id and the numbers of the new place. */
export type MovedEntry = readonly [id: number, ...place: number[]];

/** Checks that exactly the recorded objects were moved, in ascending order of ids, and that each is where it should be now.
 * `moved` may name an object once only; `placeNames` name the numbers that `placeOf` gives. */
export function checkMoved(
  checker: Checker,
  ids: ObjectIds,
  recorded: readonly MovedEntry[],
  moved: readonly Handle[],
  placeNames: readonly string[],
  placeOf: (handle: Handle) => readonly number[],
): void {
  checker.count++;
  if (recorded.length === 0 && moved.length === 0) return;
  const movedHandles = new Set(moved);
  let previousId = -1;
  for (const [id, ...place] of recorded) {
    checker.count++;
    if (id <= previousId)
      throw new Divergence("moved objects, order of ids", `${previousId} before ${id}`, "ascending ids");
    previousId = id;
    const handle = ids.handleOf(id);
    if (handle === undefined || !movedHandles.has(handle)) {
      throw new Divergence(`object ${id}`, "moved", handle === undefined ? "no such object" : "not moved");
    }
    const found = placeOf(handle);
    for (const [i, name] of placeNames.entries()) checker.equal(`moved object ${id}, ${name}`, place[i]!, found[i]!);
    movedHandles.delete(handle);
  }
  for (const handle of movedHandles) throw new Divergence(`object ${ids.idOf(handle)}`, "not moved", "moved");
}
