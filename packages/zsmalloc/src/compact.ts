// Compaction: moves objects of a class together until it has fewer unused slots than one zspage holds, so that the emptied zspages
// can be given back. Every strategy frees the same pages; they differ in which objects they move, and in how many.
//
//   linux-6.12    Step by step as the kernel does it, since the order of the lists decides every later placement: from the
//                 emptiest into the fullest, which stays the target until it is full. (Spec: zsmalloc 6.12, compaction.)
//   before-2023   The same lists, but the target goes back to the head of its list after every source, where it may be taken as
//                 the next source, so that its objects move again. (What the change of 2023 says of the state before it.)
//   ideal         The fewest moves that free the most pages: keeps the fullest zspages and empties all others. No kernel
//                 does this, since it needs all zspages of a class in the order of their use.

import type { Handle } from "@zlab/zpool";
import { NO_ZSPAGE, type ZspageId } from "./zspage-table.ts";
import type { ZsPool } from "./zs-pool.ts";

/** In which order a compaction moves objects. */
export const COMPACTIONS = ["linux-6.12", "before-2023", "ideal"] as const;
export type Compaction = (typeof COMPACTIONS)[number];

type OnMoved = ((handle: Handle) => void) | undefined;

/** Compacts one class; returns the pages freed. */
type CompactClass = (pool: ZsPool, classIndex: number, onMoved: OnMoved) => number;

const strategies: Readonly<Record<Compaction, CompactClass>> = {
  "linux-6.12": compactLinux612,
  "before-2023": compactBefore2023,
  ideal: compactIdeally,
};

/** Compacts all classes, the largest first; returns the pages freed. */
export function compactPool(pool: ZsPool, onMoved: OnMoved): number {
  const compactClass = strategies[pool.config.compaction];
  let pagesFreed = 0;
  for (const classIndex of pool.plan.owners.toReversed()) pagesFreed += compactClass(pool, classIndex, onMoved);
  return pagesFreed;
}

function compactLinux612(pool: ZsPool, classIndex: number, onMoved: OnMoved): number {
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
    moveObjects(pool, source, target, onMoved);
    if (lists.insert(source) === 0) pagesFreed += pool.releaseZspage(source);
    if (zspages.inuseOf(target) === capacity) {
      lists.insert(target);
      target = NO_ZSPAGE;
    }
  }
  if (target !== NO_ZSPAGE) lists.insert(target);
  return pagesFreed;
}

function compactBefore2023(pool: ZsPool, classIndex: number, onMoved: OnMoved): number {
  const { lists, zspages } = pool;
  let pagesFreed = 0;
  while (pool.freeablePages(classIndex) > 0) {
    const source = lists.emptiest(classIndex, (z) => zspages.pinsOf(z) === 0);
    if (source === NO_ZSPAGE) break;
    lists.remove(source);
    while (zspages.inuseOf(source) > 0) {
      const target = lists.fullest(classIndex);
      if (target === NO_ZSPAGE) break;
      lists.remove(target);
      moveObjects(pool, source, target, onMoved);
      lists.insert(target);
    }
    if (lists.insert(source) > 0) break;
    pagesFreed += pool.releaseZspage(source);
  }
  return pagesFreed;
}

/** The zspages that stay are as many as all objects of the class fill, and the ones that hold the most; a zspage with a mapped
 * object can't be emptied and stays in any case. */
function compactIdeally(pool: ZsPool, classIndex: number, onMoved: OnMoved): number {
  const { lists, zspages } = pool;
  const capacity = pool.plan.objectsPerZspageOf(classIndex);
  const order: ZspageId[] = [];
  lists.forEach(classIndex, (z) => order.push(z));
  const isPinned = (z: ZspageId): boolean => zspages.pinsOf(z) > 0;
  order.sort((a, b) => Number(isPinned(b)) - Number(isPinned(a)) || zspages.inuseOf(b) - zspages.inuseOf(a));
  const needed = Math.ceil(pool.objectsUsedOf(classIndex) / capacity);
  const keptCount = Math.max(needed, order.filter(isPinned).length);
  let pagesFreed = 0;
  let keptIndex = 0;
  for (const source of order.slice(keptCount)) {
    lists.remove(source);
    while (zspages.inuseOf(source) > 0) {
      const target = order[keptIndex]!;
      lists.remove(target);
      moveObjects(pool, source, target, onMoved);
      lists.insert(target);
      if (zspages.inuseOf(target) === capacity) keptIndex++;
    }
    lists.insert(source);
    pagesFreed += pool.releaseZspage(source);
  }
  return pagesFreed;
}

/** Moves the source's objects in ascending order of their slots until the source is empty or the target full. */
function moveObjects(pool: ZsPool, source: ZspageId, target: ZspageId, onMoved: OnMoved): void {
  const { zspages } = pool;
  const capacity = pool.plan.objectsPerZspageOf(zspages.classOf(source));
  for (let slot = 0; zspages.inuseOf(source) > 0 && zspages.inuseOf(target) < capacity; slot++) {
    if (!zspages.isAllocated(source, slot)) continue;
    const handle = pool.moveObject(source, slot, target);
    onMoved?.(handle);
  }
}
