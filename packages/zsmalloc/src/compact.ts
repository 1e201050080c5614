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
import { type ClassId, NO_ZSPAGE, type ZspageId } from "./table-layout.ts";
import type { ZsPool } from "./zs-pool.ts";

/** In which order a compaction moves objects. */
export const COMPACTIONS = ["linux-6.12", "before-2023", "ideal"] as const;
export type Compaction = (typeof COMPACTIONS)[number];

type OnMoved = ((handle: Handle) => void) | undefined;

/** Compacts one class; returns the pages freed. */
type CompactClass = (pool: ZsPool, c: ClassId, onMoved: OnMoved) => number;

const strategies: Readonly<Record<Compaction, CompactClass>> = {
  "linux-6.12": compactLinux612,
  "before-2023": compactBefore2023,
  ideal: compactIdeally,
};

/** Compacts all classes, the largest first; returns the pages freed. */
export function compactPool(pool: ZsPool, onMoved: OnMoved): number {
  const compactClass = strategies[pool.config.compaction];
  let pagesFreed = 0;
  for (const c of pool.zspages.classes.toReversed()) pagesFreed += compactClass(pool, c, onMoved);
  return pagesFreed;
}

function compactLinux612(pool: ZsPool, c: ClassId, onMoved: OnMoved): number {
  const { zspages } = pool;
  const capacity = zspages.capacityOf(c);
  let pagesFreed = 0;
  let target = NO_ZSPAGE;
  while (pool.freeablePages(c) > 0) {
    if (target === NO_ZSPAGE) {
      target = zspages.fullest(c); // there is one: the class has more free slots than a zspage holds
      zspages.remove(target, c);
    }
    const source = firstSource(pool, c);
    if (source === NO_ZSPAGE) break;
    zspages.remove(source, c);
    moveObjects(pool, source, target, c, onMoved);
    zspages.insert(source, c);
    if (zspages.inuseOf(source) === 0) pagesFreed += pool.releaseZspage(source, c);
    if (zspages.inuseOf(target) === capacity) {
      zspages.insert(target, c);
      target = NO_ZSPAGE;
    }
  }
  if (target !== NO_ZSPAGE) zspages.insert(target, c);
  return pagesFreed;
}

function compactBefore2023(pool: ZsPool, c: ClassId, onMoved: OnMoved): number {
  const { zspages } = pool;
  let pagesFreed = 0;
  while (pool.freeablePages(c) > 0) {
    const source = firstSource(pool, c);
    if (source === NO_ZSPAGE) break;
    zspages.remove(source, c);
    while (zspages.inuseOf(source) > 0) {
      const target = zspages.fullest(c); // the others have room for all that the source holds
      zspages.remove(target, c);
      moveObjects(pool, source, target, c, onMoved);
      zspages.insert(target, c);
    }
    zspages.insert(source, c);
    pagesFreed += pool.releaseZspage(source, c);
  }
  return pagesFreed;
}

/** The zspages that stay are as many as all objects of the class fill, and the ones that hold the most; a zspage with a mapped
 * object can't be emptied and stays in any case. */
function compactIdeally(pool: ZsPool, c: ClassId, onMoved: OnMoved): number {
  const { zspages } = pool;
  const capacity = zspages.capacityOf(c);
  const order: ZspageId[] = [];
  zspages.forEach(c, (z) => order.push(z));
  const pinned = new Set(order.filter((z) => pool.isPinned(z)));
  order.sort((a, b) => Number(pinned.has(b)) - Number(pinned.has(a)) || zspages.inuseOf(b) - zspages.inuseOf(a));
  const needed = Math.ceil(zspages.usedOf(c) / capacity);
  let pagesFreed = 0;
  let keptIndex = 0;
  for (const source of order.slice(Math.max(needed, pinned.size))) {
    zspages.remove(source, c);
    while (zspages.inuseOf(source) > 0) {
      const target = order[keptIndex]!;
      zspages.remove(target, c);
      moveObjects(pool, source, target, c, onMoved);
      zspages.insert(target, c);
      if (zspages.inuseOf(target) === capacity) keptIndex++;
    }
    zspages.insert(source, c);
    pagesFreed += pool.releaseZspage(source, c);
  }
  return pagesFreed;
}

/** The zspage to empty next: the first of the emptiest that has no mapped object. */
function firstSource(pool: ZsPool, c: ClassId): ZspageId {
  return pool.zspages.emptiest(c, (z) => !pool.isPinned(z));
}

/** Moves the source's objects in ascending order of their slots until the source is empty or the target full. */
function moveObjects(pool: ZsPool, source: ZspageId, target: ZspageId, c: ClassId, onMoved: OnMoved): void {
  const { zspages } = pool;
  const capacity = zspages.capacityOf(c);
  for (let index = 0; zspages.inuseOf(source) > 0 && zspages.inuseOf(target) < capacity; index++) {
    const slot = zspages.slotAt(source, index);
    if (!zspages.isAllocated(slot)) continue;
    const handle = pool.moveObject(source, slot, target, c);
    onMoved?.(handle);
  }
}
