// The freed objects that a hardened pool holds back, over a backend that only notes what happens to it, and its patterns.

import { Machine } from "@zlab/hw-sim";
import { conformanceMachine } from "@zlab/zpool/testing";
import { describe, expect, test } from "vitest";
import { FreedObjects } from "../src/hardened/freed-objects.ts";
import { ObjectBytes } from "../src/hardened/object-bytes.ts";
import { allFreed, firstOther, lastOther, startsFreed } from "../src/hardened/patterns.ts";
import type { Handle, ZpoolBackend } from "../src/zpool-driver.ts";

describe("the quarantine", () => {
  interface Held {
    readonly freed: FreedObjects;
    readonly bytes: Uint8Array;
    readonly freedHandles: number[];
    readonly hold: (handle: number) => void;
  }

  /** A backend of four objects of 8 bytes each, which only notes what is freed. */
  function quarantineOf(objects: number): Held {
    const machine = new Machine(conformanceMachine());
    const bytes = new Uint8Array(32);
    const freedHandles: number[] = [];
    const backend = {
      free: (handle: number) => freedHandles.push(handle),
      read: (handle: number, target: Uint8Array, offset: number, length: number) =>
        target.set(bytes.subarray(8 * handle, 8 * handle + length), offset),
      write: (handle: number, source: Uint8Array, offset: number, length: number) =>
        bytes.set(source.subarray(offset, offset + length), 8 * handle),
    } as unknown as ZpoolBackend;
    const freed = new FreedObjects(machine, backend, new ObjectBytes(backend, true), objects);
    const hold = (handle: number): void =>
      freed.hold({ handle, backendHandle: handle as Handle, bytes: 8, cpu: machine.cpus.current });
    return { freed, bytes, freedHandles, hold };
  }

  test("lets the oldest go when it is full, and all when it is drained", () => {
    const { freed, freedHandles, hold } = quarantineOf(2);
    expect(freed.settle()).toBeUndefined();
    for (const handle of [0, 1, 2]) {
      hold(handle);
      expect(freed.settle()).toBeUndefined();
    }
    expect([freed.quarantined, freedHandles]).toEqual([2, [0]]);
    expect(freed.drain()).toBeUndefined();
    expect([freed.quarantined, freedHandles]).toEqual([0, [0, 1, 2]]);
  });

  test("tells a write to the latest once, and poisons it anew for its stay", () => {
    const { freed, bytes, hold } = quarantineOf(2);
    hold(1);
    bytes[9] = 5;
    expect(freed.settle()).toMatchObject({ object: { handle: 1 }, byteIndex: 1, value: 5 });
    expect(bytes[9]).toBe(0x6b);
    expect(freed.verify()).toBeUndefined();
    bytes[15] = 6;
    expect(freed.verify()).toMatchObject({ object: { handle: 1 }, byteIndex: 7, value: 6 });
    expect(bytes[15]).toBe(0x6b);
    expect(freed.verify()).toBeUndefined();
  });

  test("looks at all that it holds", () => {
    const { freed, bytes, hold } = quarantineOf(4);
    for (const handle of [0, 1]) {
      hold(handle);
      freed.settle();
    }
    bytes[8] = 1;
    expect(freed.verify()).toMatchObject({ object: { handle: 1 }, byteIndex: 0 });
  });

  test("tells the first of several that were written when it is drained, and frees all", () => {
    const { freed, bytes, freedHandles, hold } = quarantineOf(4);
    for (const handle of [0, 1, 2]) {
      hold(handle);
      freed.settle();
    }
    bytes[8] = bytes[16] = 1;
    expect(freed.drain()).toMatchObject({ object: { handle: 1 }, byteIndex: 0 });
    expect(freedHandles).toEqual([0, 1, 2]);
  });

  test("tells the latest before the oldest that leaves", () => {
    const { freed, bytes, freedHandles, hold } = quarantineOf(1);
    hold(0);
    freed.settle();
    hold(1);
    bytes[0] = bytes[8] = 1;
    expect(freed.settle()).toMatchObject({ object: { handle: 1 } });
    expect(freedHandles).toEqual([0]);
    hold(2);
    bytes[8] = 1;
    expect(freed.settle()).toMatchObject({ object: { handle: 1 } });
  });
});

test("patterns are found from both ends, borders included", () => {
  const bytes = new Uint8Array(16).fill(0x6b);
  const words = new Int32Array(bytes.buffer);
  expect([firstOther(bytes, 0, 16, 0x6b), lastOther(bytes, 0, 16, 0x6b)]).toEqual([-1, -1]);
  expect([allFreed(new Float64Array(bytes.buffer)), startsFreed(words, bytes, 13)]).toEqual([true, true]);
  bytes[12] = bytes[3] = 0;
  expect([firstOther(bytes, 3, 16, 0x6b), lastOther(bytes, 0, 13, 0x6b), lastOther(bytes, 3, 12, 0x6b)]).toEqual([
    3, 12, 3,
  ]);
  bytes[3] = 0x6b;
  expect([startsFreed(words, bytes, 12), startsFreed(words, bytes, 13)]).toEqual([true, false]);
  bytes[0] = 0;
  expect(startsFreed(words, bytes, 3)).toBe(false);
});
