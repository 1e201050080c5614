// Looks at the pools and the machine after every step of a program. Each audit watches over one promise.

import type { PoolStats } from "../stats.ts";
import { STAT_FIELDS, type Session } from "./session.ts";
import type { Step } from "./step.ts";

/** Called after every step; a new one is made for every session. */
export type Audit = (session: Session, step: Step) => void;

/** Handles are positive integers. */
export function handlesValid(): Audit {
  return (session, step) => {
    if (step.op !== "malloc" && step.op !== "replace") return;
    const handle = session.objects.get(step.name)?.handle;
    if (handle === undefined || (Number.isSafeInteger(handle) && handle > 0)) return;
    session.fail(`returned ${handle}, expected a positive integer`);
  };
}

/** No two live objects of a pool have the same handle. */
export function handlesUnique(): Audit {
  const holders = [new Map<number, number>(), new Map<number, number>()]; // per pool: name of the latest object by handle
  return (session, step) => {
    if (step.op !== "malloc" && step.op !== "replace") return;
    const made = session.objects.get(step.name);
    if (made === undefined) return;
    const holder = session.objects.get(holders[made.pool]!.get(made.handle) ?? made.name);
    holders[made.pool]!.set(made.handle, made.name);
    if (holder === undefined || holder === made || holder.handle !== made.handle) return;
    session.fail(`returned handle ${made.handle}, which is that of the live object ${session.label(holder.name)}`);
  };
}

/** The pages that a pool says it owns are those that it took from the machine. */
export function pagesCounted(): Audit {
  return (session) => {
    const pools = session.livePools();
    const total = pools.reduce((sum, { pool }) => sum + pool.totalPages(), 0);
    const taken = session.pagesTaken();
    if (total !== taken)
      session.fail(`afterwards totalPages() is ${total}, but ${taken} pages were taken from the machine`);
  };
}

/** `stats().totalPages` is `totalPages()`. */
export function pagesAgree(): Audit {
  return (session) => {
    for (const { pool } of session.livePools()) {
      const [counted, reported] = [pool.totalPages(), pool.stats().totalPages];
      if (counted !== reported) {
        session.fail(`afterwards totalPages() is ${counted}, but stats().totalPages ${reported}`);
      }
    }
  };
}

/** A pool owns at least as many bytes as it stores. */
export function pagesCover(): Audit {
  return (session) => {
    for (const { index, pool } of session.livePools()) {
      const stored = session.liveObjects(index).reduce((sum, object) => sum + object.bytes, 0);
      const owned = pool.totalPages() * session.context.pageBytes;
      if (!(stored <= owned)) session.fail(`afterwards ${stored} bytes are stored in pages of ${owned} bytes together`);
    }
  };
}

/** Every statistic is a whole number from 0, and the counts are those of the calls that were made. */
export function statsAddUp(): Audit {
  return (session) => {
    for (const { index, pool } of session.livePools()) {
      const stats = pool.stats();
      assertWhole(session, stats);
      const { mallocs, frees, failures } = session.counts[index]!;
      const expected: readonly (readonly [keyof PoolStats, number])[] = [
        ["mallocs", mallocs],
        ["frees", frees],
        ["failures", failures],
        ["objects", mallocs - frees],
      ];
      for (const [field, count] of expected) assertStat(session, field, stats[field], count);
    }
  };
}

function assertWhole(session: Session, stats: PoolStats): void {
  for (const field of STAT_FIELDS) {
    const value: unknown = stats[field];
    if (Number.isSafeInteger(value) && (value as number) >= 0) continue;
    session.fail(`afterwards stats().${field} is ${String(value)}, expected a whole number from 0`);
  }
}

function assertStat(session: Session, field: string, value: number, expected: number): void {
  if (value !== expected) session.fail(`afterwards stats().${field} is ${value}, expected ${expected}`);
}

/** The slots are at least as large as what they hold, lie in the pool's pages, and are none when nothing is stored. */
export function slotsAddUp(): Audit {
  return (session) => {
    for (const { index, pool } of session.livePools()) {
      const { slotBytes, spanningObjects, objects, totalPages } = pool.stats();
      const live = session.liveObjects(index);
      const stored = live.reduce((sum, object) => sum + object.bytes, 0);
      if (slotBytes < stored)
        session.fail(`afterwards stats().slotBytes is ${slotBytes}, but ${stored} bytes are stored`);
      if (live.length === 0) assertStat(session, "slotBytes", slotBytes, 0);
      const owned = totalPages * session.context.pageBytes;
      if (slotBytes > owned) {
        session.fail(`afterwards stats().slotBytes is ${slotBytes}, more than the ${owned} bytes of its pages`);
      }
      const spanning = session.context.capabilities.crossPage ? objects : 0;
      if (spanningObjects > spanning) {
        session.fail(`afterwards stats().spanningObjects is ${spanningObjects}, expected at most ${spanning}`);
      }
    }
  };
}

const EVENT_COUNTERS = ["mallocs", "frees", "failures", "pagesCompacted", "objectsMoved"] as const;

/** Counters of events never fall. */
export function countersGrow(): Audit {
  const before: (PoolStats | undefined)[] = [];
  return (session, step) => {
    if (step.op === "switch") before[step.pool] = undefined; // another backend, which begins to count anew
    for (const { index, pool } of session.livePools()) {
      const stats = pool.stats();
      for (const field of EVENT_COUNTERS) {
        const last = before[index]?.[field] ?? 0;
        if (!(stats[field] >= last))
          session.fail(`afterwards stats().${field} is ${stats[field]}, before it was ${last}`);
      }
      before[index] = { ...stats };
    }
  };
}

/** Preemption is off on a CPU exactly while it has an object mapped and the backend's callers may not sleep then. */
export function preemptionOffWhileMapped(): Audit {
  return (session) => {
    const { sleepMapped } = session.context.capabilities;
    session.open.forEach((mapping, cpu) => {
      if (mapping === undefined) return;
      const count = session.preemptCount(cpu);
      if (sleepMapped && count !== 0) session.fail(`preemption is off on CPU ${cpu}, although sleepMapped is promised`);
      if (!sleepMapped && count === 0) session.fail(`preemption is on on CPU ${cpu}, where an object is mapped`);
    });
  };
}

/** Where nothing is mapped preemption is on. */
export function preemptionRestored(): Audit {
  return (session) => {
    session.open.forEach((mapping, cpu) => {
      const count = mapping === undefined ? session.preemptCount(cpu) : 0;
      if (count !== 0) session.fail(`afterwards the preemption count of CPU ${cpu} is ${count}, with nothing mapped`);
    });
  };
}

/** Where nothing is mapped no temporary mapping is left; where an object is, other calls leave as many as there were. */
export function kmapsReleased(): Audit {
  const whileMapped = new Map<object, number>();
  return (session) => {
    session.open.forEach((mapping, cpu) => {
      const depth = session.machine.kmap.depthOf(cpu);
      const expected = mapping === undefined ? 0 : (whileMapped.get(mapping) ?? depth);
      if (mapping !== undefined) whileMapped.set(mapping, expected);
      if (depth === expected) return;
      session.fail(`afterwards CPU ${cpu} has ${depth} temporary mappings in use, expected ${expected}`);
    });
  };
}

const EAGER_OBJECTS = 64; // with more live objects the whole check is made only now and then
const SELDOM = 64;

/** The pool's own check finds nothing wrong. */
export function selfCheck(): Audit {
  let steps = 0;
  return (session, step) => {
    const rarely = session.objects.size > EAGER_OBJECTS && step.op !== "compact" && step.op !== "verify";
    if (rarely && ++steps % SELDOM !== 0) return;
    for (const { pool } of session.livePools()) {
      try {
        for (const level of [1, 2, 3] as const) pool.check(level);
      } catch (error) {
        session.fail(`afterwards check() threw ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  };
}

/** The machine's own check finds nothing wrong. */
export function machineCheck(): Audit {
  return (session, step) => {
    if (step.op !== "verify" && step.op !== "destroy") return;
    try {
      session.machine.check();
    } catch (error) {
      session.fail(`afterwards the machine's check() threw ${error instanceof Error ? error.message : String(error)}`);
    }
  };
}

/** Nobody writes to pages that aren't the pool's. */
export function strangersUntouched(): Audit {
  return (session, step) => {
    const page = session.pageWrittenAfterFree();
    if (page !== undefined) session.fail(`wrote to page ${page} after giving it back`);
    if (step.op !== "release" && step.op !== "destroy") return;
    const damage = session.damagedSquat();
    if (damage === undefined) return;
    session.fail(`afterwards byte ${damage.byte} of page ${damage.page}, which is not the pool's, has been written to`);
  };
}

/** The kernel log has no complaint: nothing slept where it must not. */
export function kernelQuiet(): Audit {
  let seenCount = 0;
  let seenLast: string | undefined;
  return (session) => {
    const { lines } = session.machine.log;
    const last = lines.at(-1);
    if (lines.length === seenCount && last === seenLast) return;
    seenCount = lines.length;
    seenLast = last;
    const line = lines.find((text) => text.startsWith("BUG:"));
    if (line !== undefined) session.fail(`the kernel log says "${line}"`);
  };
}

/** No page block of a higher order than promised was taken. */
export function ordersRespected(): Audit {
  return (session) => {
    const { capabilities, switchTargets } = session.context;
    if (switchTargets.length > 0) return; // blocks that another backend took before are counted too
    const { maxPageOrder } = capabilities;
    const blocks = session.machine.allocatedBlocksByOrder();
    const order = blocks.findLastIndex((count) => count > 0);
    if (order > maxPageOrder) session.fail(`took a block of order ${order}, but maxPageOrder is ${maxPageOrder}`);
  };
}

/** Objects of a backend that does not move them stay where they are; otherwise moves are counted. */
export function movesCounted(): Audit {
  const places = new Map<string, number>();
  return (session, step) => {
    if (step.op === "malloc" || step.op === "replace") notePlace(session, places, step.name);
    if (step.op !== "compact" && step.op !== "verify") return;
    for (const { index, pool } of session.livePools()) {
      const moved = session.liveObjects(index).filter(({ name }) => notePlace(session, places, name)).length;
      const counted = pool.stats().objectsMoved - (places.get(`moved ${index}`) ?? 0);
      places.set(`moved ${index}`, pool.stats().objectsMoved);
      if (moved > counted)
        session.fail(`afterwards stats().objectsMoved has grown by ${counted}, but ${moved} objects moved`);
    }
  };
}

/** Maps the object to see where it lies, and notes that; returns whether it lay elsewhere before. */
function notePlace(session: Session, places: Map<string, number>, name: number): boolean {
  const object = session.objects.get(name);
  const cpu = session.open.indexOf(undefined);
  if (object === undefined || session.isMapped(object) || cpu < 0 || !session.hasBytes) return false;
  const place = session.machine.cpus.runOn(cpu, () => {
    const { bytes, offset } = session.pool(object.pool).map(object.handle, 1);
    session.pool(object.pool).unmap(object.handle);
    return session.physicalPlace(bytes, offset);
  });
  const key = `object ${name}`;
  const before = places.get(key);
  if (place === undefined) places.delete(key);
  else places.set(key, place);
  return before !== undefined && place !== undefined && before !== place;
}

/** Where the backend may not use HIGHMEM pages, it does not. */
export function zonesRespected(allowsHighmem: (gfp: number) => boolean): Audit {
  let highFree = -1;
  return (session, step) => {
    const free = session.highmemFreePages();
    const before = highFree;
    highFree = free;
    if (before < 0 || step.op !== "malloc" || allowsHighmem(step.gfp) || free >= before) return;
    session.fail(`took ${before - free} HIGHMEM pages without __GFP_HIGHMEM`);
  };
}

/** Pages and statistics are the same after map, store and unmap as before. */
export function mappingLeavesState(): Audit {
  let before: string[] = [];
  return (session, step) => {
    if (session.isDestroyed(0)) return;
    const state = session.stateOf(0).filter((line) => !line.includes("CPU"));
    const changed = state.findIndex((line, i) => line !== before[i]);
    if ((step.op === "map" || step.op === "unmap") && before.length > 0 && changed >= 0) {
      session.fail(`afterwards ${state[changed]}; before, ${before[changed]}`);
    }
    before = state;
  };
}
