// Lists of pages, held to plain arrays.

import { Prng } from "@zlab/hw-sim";
import { NO_PAGE, PageLists } from "@zlab/zpool";
import { expect, test } from "vitest";

function brokenNodes(lists: PageLists): number[] {
  const nodes: number[] = [];
  lists.checkLinks((node) => nodes.push(node));
  return nodes;
}

test("1000 random steps do what arrays would do", () => {
  const LISTS = 70;
  const lists = new PageLists(LISTS);
  const model: number[][] = Array.from({ length: LISTS }, () => []);
  const prng = new Prng(Number(process.env["ZLAB_SEED"] ?? 1));
  const anyList = (): number => [0, 1, 31, 32, 62, 63, 64, 69][prng.below(8)]!;
  for (let page = 0; page < 200; page++) lists.admit(page);
  for (let step = 0; step < 1000; step++) {
    const page = prng.below(200);
    const from = model.findIndex((pages) => pages.includes(page));
    if (step % 3 === 0) {
      const [first, last] = [anyList(), anyList()];
      const expected =
        model
          .slice(first, last + 1)
          .find((pages) => pages.length > 0)
          ?.shift() ?? NO_PAGE;
      expect(lists.first(first, last)).toBe(expected);
      expect(lists.takeFirst(first, last)).toBe(expected);
    } else {
      if (from >= 0) model[from] = model[from]!.filter((other) => other !== page);
      const list = anyList();
      const isPut = prng.below(2) === 0;
      if (isPut) model[list]!.unshift(page);
      if (!isPut) lists.remove(page);
      else if (from < 0) lists.insertAtHead(list, page);
      else lists.moveToHead(list, page);
    }
    expect(brokenNodes(lists)).toEqual([]);
    for (const list of [0, 1, 31, 32, 62, 63, 64, 69]) expect(lists.pagesOf(list)).toEqual(model[list]);
  }
});

test("an empty family has no first page", () => {
  expect(new PageLists(32).takeFirst(0, 31)).toBe(-1);
  expect(new PageLists(1).takeFirst(0, 0)).toBe(-1);
});

test("lists grow with the pages that are admitted, and keep what they have", () => {
  const lists = new PageLists(3);
  for (let page = 0; page < 64; page++) lists.insertAtHead(page % 2, page);
  lists.admit(0);
  for (const page of [64, 67, 500]) {
    lists.admit(page);
    lists.insertAtHead(2, page);
    expect(brokenNodes(lists)).toEqual([]);
  }
  lists.remove(70);
  expect(brokenNodes(lists)).toEqual([]);
  expect(lists.pagesOf(2)).toEqual([500, 67, 64]);
  expect(lists.pagesOf(1)).toEqual(Array.from({ length: 32 }, (_, i) => 63 - 2 * i));
  expect(lists.takeFirst(0, 2)).toBe(62);
});

test("checkLinks names the nodes of a broken link, and a list with pages that no search would find", () => {
  const doubled = new PageLists(4);
  doubled.insertAtHead(1, 7);
  doubled.insertAtHead(1, 7);
  expect(brokenNodes(doubled)).toEqual([1]);

  const moved = new PageLists(4);
  moved.insertAtHead(3, 7);
  moved.insertAtHead(0, 7);
  expect(brokenNodes(moved)).toEqual([3]);

  const unseen = new PageLists(4);
  unseen.insertAtHead(3, 2 - 4); // the head of list 2, as if it were a page
  expect(brokenNodes(unseen)).toEqual([2]);
  const lastPage = new PageLists(4);
  lastPage.insertAtHead(0, 63);
  lastPage.insertAtHead(1, 63);
  lastPage.remove(63);
  expect(brokenNodes(lastPage)).toEqual([0]);
});
