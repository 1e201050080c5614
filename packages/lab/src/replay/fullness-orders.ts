// The order of zspages on the fullness lists of a zsmalloc pool, in the form of the traces: for each class with a listed zspage
// its groups, and for each group the sequence numbers, head first.

import type { ZsPool } from "@zlab/zsmalloc";
import type { Checker } from "./checker.ts";
import type { Shape } from "./shape.ts";

/** [class, [[group, [sequence numbers]], …]]. */
export type ClassOrders = readonly [classIndex: number, groups: readonly GroupOrder[]];
type GroupOrder = readonly [group: number, zspageSeqs: readonly number[]];

export const classOrdersShape: Shape = {
  tuple: ["integer", { list: { tuple: ["integer", { list: "integer" }] } }],
};

/** Compares all lists of a pool with the recorded ones. `groupNumbers` gives the trace's number for those of the pool's groups
 * that a trace lists. */
export function checkOrders(
  checker: Checker,
  recorded: readonly ClassOrders[],
  pool: ZsPool,
  groupNumbers: ReadonlyMap<number, number>,
): void {
  const found = ordersOf(pool, groupNumbers);
  for (let i = 0; i < Math.min(recorded.length, found.length); i++) {
    const [classIndex, groups] = recorded[i]!;
    checker.equal(`class ${i} with lists`, classIndex, found[i]![0]);
    checker.sameKeyedLists(`list of class ${classIndex}`, "group", groups, found[i]![1]);
  }
  checker.sameLength("number of classes with lists", recorded, found);
}

function ordersOf(pool: ZsPool, groupNumbers: ReadonlyMap<number, number>): ClassOrders[] {
  const orders = new Map<number, GroupOrder[]>();
  for (const { classIndex, group, zspageSeqs } of pool.fullnessLists()) {
    const number = groupNumbers.get(group);
    if (number === undefined) continue;
    const groups = orders.get(classIndex) ?? [];
    groups.push([number, zspageSeqs]);
    orders.set(classIndex, groups);
  }
  return Array.from(orders, ([classIndex, groups]) => [classIndex, groups.toSorted(([a], [b]) => a - b)]);
}
