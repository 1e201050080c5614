import { GFP_KERNEL, Machine, type Pfn, isErrno, x86_64 } from "@zlab/hw-sim";
import { expect, test } from "vitest";
import { FreedPages } from "../src/testing/freed-pages.ts";

function watchedMachine(): { machine: Machine; freed: FreedPages; pair: Pfn; owner: number } {
  const machine = new Machine(x86_64(64 * 2 ** 20));
  const owner = machine.registerOwner("test");
  const freed = new FreedPages(machine);
  const pair = machine.allocPages(1, GFP_KERNEL, owner);
  if (isErrno(pair)) throw new Error("no memory");
  machine.freePages(pair, 1);
  return { machine, freed, pair, owner };
}

test("a write to a page that was given back is seen, also to the second of a block", () => {
  const { machine, freed, pair } = watchedMachine();
  machine.memory.fill((pair + 1) as Pfn, 100, 1, 7);
  expect(freed.firstChanged()).toBe(pair + 1);
  expect(freed.firstChanged()).toBeUndefined();
});

test("whoever got the block again may write to all of it, though the machine knows the owner of its first page only", () => {
  const { machine, freed, pair, owner } = watchedMachine();
  expect(machine.allocPages(1, GFP_KERNEL, owner)).toBe(pair);
  machine.memory.fill((pair + 1) as Pfn, 100, 1, 7);
  expect(freed.firstChanged()).toBeUndefined();
});
