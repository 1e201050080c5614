// The discipline of mappings, and the range of copies.

import { Machine } from "@zlab/hw-sim";
import { CpuMappings, type Handle, MapMode, assertCopyRange } from "@zlab/zpool";
import { conformanceMachine } from "@zlab/zpool/testing";
import { expect, test } from "vitest";

const machine = new Machine(conformanceMachine());
const newMappings = (): CpuMappings => new CpuMappings(machine, "pool");
const [A, B] = [7 as Handle, 8 as Handle];
const withCode = (code: string): Error => expect.objectContaining({ code }) as Error;

const open = (mappings: CpuMappings, handle: Handle): void => mappings.begin(mappings.available(), handle, MapMode.RW);

test("a CPU has one mapping, another CPU has its own", () => {
  const mappings = newMappings();
  open(mappings, A);
  expect(() => mappings.available()).toThrow(withCode("ZLAB_NESTED_MAP"));
  machine.cpus.runOn(1, () => open(mappings, B));
  expect(mappings.open).toBe(2);
  expect(mappings.end(A)).toMatchObject({ mode: MapMode.RW });
  expect(mappings.open).toBe(1);
  open(mappings, A);
});

test("a mapping ends on the CPU that has it, and only once", () => {
  const mappings = newMappings();
  expect(() => mappings.end(A)).toThrow(withCode("ZLAB_NOT_MAPPED"));
  expect(() => mappings.end(0 as Handle)).toThrow(withCode("ZLAB_BAD_HANDLE"));
  open(mappings, A);
  expect(() => mappings.end(B)).toThrow(withCode("ZLAB_NOT_MAPPED"));
  expect(() => machine.cpus.runOn(1, () => mappings.end(A))).toThrow(withCode("ZLAB_NOT_MAPPED"));
  mappings.end(A);
  expect(() => mappings.end(A)).toThrow(withCode("ZLAB_NOT_MAPPED"));
});

test("mapped objects are known on every CPU", () => {
  const mappings = newMappings();
  mappings.assertNotMapped(A, "free");
  mappings.assertNoneMapped("destroy");
  expect(mappings.some(() => true)).toBe(false);
  machine.cpus.runOn(2, () => open(mappings, A));
  expect(() => mappings.assertNotMapped(A, "free")).toThrow(/free of object 7, which CPU 2 has mapped/);
  expect(() => mappings.assertNoneMapped("destroy")).toThrow(withCode("ZLAB_MAPPED"));
  mappings.assertNotMapped(B, "free");
  expect(mappings.some((handle) => handle === A)).toBe(true);
  expect(mappings.some((handle) => handle === B)).toBe(false);
});

test.each([
  [0, 0, 0],
  [10, 0, 10],
  [10, 6, 10],
])("a copy of %i bytes at %i fits a slot of 10 and a buffer of 16", (length, bufferOffset) => {
  expect(() => assertCopyRange("pool", 10, new Uint8Array(16), bufferOffset, length)).not.toThrow();
});

test.each([
  [11, 0],
  [10, 7],
  [-1, 0],
  [1, -1],
  [1, 16],
  [Number.NaN, 0],
])("a copy of %i bytes at %i does not", (length, bufferOffset) => {
  expect(() => assertCopyRange("pool", 10, new Uint8Array(16), bufferOffset, length)).toThrow(withCode("ZLAB_RANGE"));
});
