// Compaction: moves the objects of the emptiest zspages of a class into the fullest, until the class has fewer unused slots than
// one zspage holds. Step by step as the kernel does it, since the order of the lists decides every later placement.
// (Spec: zsmalloc 6.12, compaction.)

import type { Handle } from "@zlab/zpool";
import { NO_ZSPAGE, type ZspageId } from "./zspage-table.ts";
import type { ZsPool } from "./zs-pool.ts";

type OnMoved = ((handle: Handle) => void) | undefined;

/** Compacts all classes, the largest first; returns the pages freed. */
export function compactPool(pool: ZsPool, onMoved: OnMoved): number {
  let pagesFreed = 0;
  for (const classIndex of pool.plan.owners.toReversed()) pagesFreed += compactClass(pool, classIndex, onMoved);
  return pagesFreed;
}

function compactClass(pool: ZsPool, classIndex: number, onMoved: OnMoved): number {
  const { lists, zspages } = pool;
  const capacity = pool.plan.objectsPerZspageOf(classIndex);
  let pagesFreed = 0;
  let target = NO_ZSPAGE;
  while (pool.freeablePages(classIndex) > 0) {
    if (target === NO_ZSPAGE) {
      target = lists.fullest(classIndex);
      if (target === NO_ZSPAGE) break;
      lists.remove(target);
    }
    const source = lists.emptiest(classIndex, (z) => zspages.pinsOf(z) === 0);
    if (source === NO_ZSPAGE) break;
    lists.remove(source);
    moveObjects(pool, source, target, capacity, onMoved);
    if (lists.insert(source) === 0) pagesFreed += pool.releaseZspage(source);
    if (zspages.inuseOf(target) === capacity) {
      lists.insert(target);
      target = NO_ZSPAGE;
    }
  }
  if (target !== NO_ZSPAGE) lists.insert(target);
  return pagesFreed;
}

/** Moves the source's objects in ascending order of their slots until the source is empty or the target full. */
function moveObjects(pool: ZsPool, source: ZspageId, target: ZspageId, capacity: number, onMoved: OnMoved): void {
  const { zspages } = pool;
  for (let slot = 0; zspages.inuseOf(source) > 0 && zspages.inuseOf(target) < capacity; slot++) {
    if (!zspages.isAllocated(source, slot)) continue;
    const handle = pool.moveObject(source, slot, target);
    onMoved?.(handle);
  }
}
