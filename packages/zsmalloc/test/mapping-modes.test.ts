// The three mapping modes on direct and on spanning objects: golden/tables/mapping-modes.json.

import { readFileSync } from "node:fs";
import { GFP_KERNEL, type Machine, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode } from "@zlab/zpool";
import { expect, test } from "vitest";
import type { ZsPool } from "@zlab/zsmalloc";
import { smallMachine, zsPool } from "./fixtures.ts";

interface Observation {
  readonly object: "single-page" | "spanning";
  readonly mode: keyof typeof MapMode;
  readonly [what: string]: string;
}

const file = new URL("../../../golden/tables/mapping-modes.json", import.meta.url);
const observations = JSON.parse(readFileSync(file, "utf8")) as Observation[];

const BYTES = 3000; // some slots of its class lie on one page, others span two

function filled(pool: ZsPool, letter: string, spanning: boolean): Handle {
  for (;;) {
    const handle = pool.malloc(BYTES, GFP_KERNEL);
    if (isErrno(handle)) throw new Error("no memory");
    const { offset, classIndex } = pool.placementOf(handle);
    if (offset + pool.plan.sizeBytesOf(classIndex) > 4096 !== spanning) continue;
    pool.write(handle, new Uint8Array(BYTES).fill(letter.charCodeAt(0)), 0, BYTES);
    return handle;
  }
}

/** Leaves a letter in the CPU's copy buffer. */
function leaveInBuffer(pool: ZsPool, letter: string): void {
  const handle = filled(pool, letter, true);
  pool.map(handle, MapMode.RO);
  pool.unmap(handle);
}

function letterAt(pool: ZsPool, handle: Handle, index: number): string {
  const bytes = new Uint8Array(BYTES);
  pool.read(handle, bytes, 0, BYTES);
  return String.fromCharCode(bytes[index]!);
}

function observe(machine: Machine, { object, mode }: Observation): Record<string, string> {
  const pool = zsPool(machine);
  const handle = filled(pool, "A", object === "spanning");
  leaveInBuffer(pool, "B");
  const { bytes, offset } = pool.map(handle, MapMode[mode]);
  const first = String.fromCharCode(bytes[offset]!);
  const last = String.fromCharCode(bytes[offset + BYTES - 1]!);
  bytes.fill("C".charCodeAt(0), offset, offset + 10);
  pool.unmap(handle);
  return {
    firstByteSeenAfterMap: first,
    lastByteSeenAfterMap: last,
    first10BytesAfterWritingCAndUnmap: letterAt(pool, handle, 0),
    byte10AfterUnmap: letterAt(pool, handle, 10),
  };
}

test.each(observations)("$object, $mode", (expected) => {
  expect(expected).toMatchObject(observe(smallMachine(), expected));
});

test("the page-table method shows a spanning object itself in every mode, and charges a flush instead of a copy", () => {
  const machine = smallMachine();
  const pool = zsPool(machine, { mapping: "page-table" });
  const handle = filled(pool, "A", true);
  leaveInBuffer(pool, "B");
  const { copiedBytes, tlbFlushesLocal } = machine.cost;
  for (const mode of [MapMode.RW, MapMode.RO, MapMode.WO]) {
    const { bytes, offset } = pool.map(handle, mode);
    expect(String.fromCharCode(bytes[offset + 100]!)).toBe("A");
    bytes[offset + mode] = "C".charCodeAt(0);
    pool.unmap(handle);
    expect(letterAt(pool, handle, mode)).toBe("C");
  }
  expect(machine.cost.copiedBytes - copiedBytes).toBe(3 * BYTES); // only what letterAt read
  expect(machine.cost.tlbFlushesLocal).toBeGreaterThan(tlbFlushesLocal);
});

test("the page-table method enters two pages and no more, also for HIGHMEM pages", () => {
  const machine = smallMachine({ forceKmap: true });
  const pool = zsPool(machine, { mapping: "page-table" });
  const handle = filled(pool, "A", true);
  const { kmaps } = machine.cost;
  pool.map(handle, MapMode.RW);
  pool.unmap(handle);
  expect(machine.cost.kmaps - kmaps).toBe(2);
});
