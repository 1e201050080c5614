// The discipline of mappings, and the range of copies.

import { Machine } from "@zlab/hw-sim";
import { CpuMappings, type Handle, MapMode, assertCopyRange, corrupt } from "@zlab/zpool";
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

test("messages name the pool, the CPU, the operation and the object", () => {
  const mappings = newMappings();
  expect(() => mappings.end(0 as Handle)).toThrow(
    "pool: unmap of handle 0, which is not live: it is 0, was freed before, or comes from elsewhere",
  );
  expect(() => mappings.end(A)).toThrow("pool: unmap of object 7, but CPU 0 has nothing mapped");
  open(mappings, A);
  expect(() => mappings.available()).toThrow("pool: CPU 0 has object 7 mapped; unmap it before mapping another");
  expect(() => mappings.end(B)).toThrow("pool: unmap of object 8, but CPU 0 has object 7 mapped");
  expect(() => mappings.assertNotMapped(A, "free")).toThrow(
    expect.objectContaining({
      code: "ZLAB_MAPPED",
      message: "pool: free of object 7, which CPU 0 has mapped",
    }) as Error,
  );
  expect(() => mappings.assertNoneMapped("destroy")).toThrow("pool: destroy while 1 objects are mapped");
  expect(() => assertCopyRange("pool", 10, new Uint8Array(16), 7, 10)).toThrow(
    "pool: copy of 10 bytes at offset 7 of a buffer of 16, with an object slot of 10",
  );
});

test("a CPU without a mapping is passed over, and its record's handle 0 is no object", () => {
  const mappings = newMappings();
  mappings.assertNotMapped(0 as Handle, "free");
  machine.cpus.runOn(1, () => open(mappings, B));
  const seen: number[] = [];
  mappings.some((handle) => seen.push(handle) < 0);
  expect(seen).toEqual([8]);
});

test("a broken invariant is ZLAB_CORRUPT with the pool's name", () => {
  expect(corrupt("pool", "1 = 2")).toMatchObject({ code: "ZLAB_CORRUPT", message: "pool: 1 = 2", name: "ZPoolError" });
});
