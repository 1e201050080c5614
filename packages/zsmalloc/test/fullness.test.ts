import { expect, test } from "vitest";
import { QUARTERS, TENTHS, THREE_QUARTERS } from "@zlab/zsmalloc";

test("tenths: exactly ten per cent is the second band, and only a full zspage is in the last", () => {
  const groups = [0, 1, 9, 10, 19, 20, 99, 100].map((inuse) => TENTHS.groupOf(inuse, 100));
  expect(groups).toEqual([0, 1, 1, 2, 2, 3, 10, 11]);
  expect(TENTHS.groupOf(1, 127)).toBe(1);
  expect(TENTHS.groupOf(1, 1)).toBe(11);
});

test("quarters: almost empty up to a quarter, rounded down", () => {
  const groups = [0, 1, 2, 3, 8, 9].map((inuse) => QUARTERS.groupOf(inuse, 9));
  expect(groups).toEqual([0, 1, 1, 2, 2, 3]);
});

test("three quarters: almost empty up to three quarters, rounded down", () => {
  const groups = [0, 1, 6, 7, 8, 9].map((inuse) => THREE_QUARTERS.groupOf(inuse, 9));
  expect(groups).toEqual([0, 1, 1, 2, 2, 3]);
});
