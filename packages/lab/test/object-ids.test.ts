// Ids of a trace and handles of any size.

import type { Handle } from "@zlab/zpool";
import { expect, test } from "vitest";
import { ObjectIds } from "../src/replay/object-ids.ts";

test("handles above 2^31 are kept whole, beside short ones that came before and after", () => {
  const ids = new ObjectIds();
  const handles = [7, 2 ** 31 - 1, 2 ** 31, 2 ** 40 + 3, 9];
  handles.forEach((handle, id) => ids.store(id, handle as Handle));
  ids.store(100_000, (2 ** 33 + 1) as Handle); // beyond the first table
  expect(handles.map((_, id) => ids.handleOf(id))).toEqual(handles);
  expect(ids.take(100_000)).toBe(2 ** 33 + 1);
  expect(() => ids.take(100_000)).toThrow("freed before");
});

test("a long handle may come with the id that makes the table longer", () => {
  const ids = new ObjectIds();
  ids.store(0, 5 as Handle);
  ids.store(50_000, (2 ** 32 + 1) as Handle);
  expect([ids.handleOf(0), ids.handleOf(50_000)]).toEqual([5, 2 ** 32 + 1]);
});
