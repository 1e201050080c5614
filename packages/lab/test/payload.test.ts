// Contents of objects in a replay: that a pool which loses a byte is found out.

import { GFP_KERNEL, Machine, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import { zsmallocDriver } from "@zlab/zsmalloc";
import { expect, test } from "vitest";
import { Payload } from "../src/replay/payload.ts";
import { Divergence } from "../src/replay/trace-error.ts";

const BYTES = 3000; // three objects on four pages or fewer, so that some span two

function poolWithObjects(): { pool: ZpoolBackend; payload: Payload; handles: Handle[] } {
  const machine = new Machine({ pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 64, watermarks: NO_WATERMARKS }] });
  const pool = zsmallocDriver.create(machine, "payload");
  const payload = new Payload(pool, machine.memory);
  const handles = Array.from({ length: 6 }, (_, id) => {
    const handle = pool.malloc(BYTES, GFP_KERNEL);
    if (isErrno(handle)) throw new Error("the machine is too small");
    payload.fill(handle, id, BYTES);
    return handle;
  });
  return { pool, payload, handles };
}

test("sound contents are compared once per call", () => {
  const { payload, handles } = poolWithObjects();
  payload.verifyAll();
  payload.release(handles[0]!, 0);
  payload.verifyAll();
  expect(payload.checkCount).toBe(6 + 1 + 5);
});

test.each([0, 1, 1500, BYTES - 1])("a change of byte %i of any object is found", (place) => {
  for (const id of [0, 1, 4]) {
    const { pool, payload, handles } = poolWithObjects();
    const mapping = pool.map(handles[id]!, MapMode.RW);
    mapping.bytes[mapping.offset + place]! ^= 1;
    pool.unmap(handles[id]!);
    const expected = expect.objectContaining({ what: `content of object ${id}, byte ${place}` }) as Divergence;
    expect(() => payload.verifyAll()).toThrow(Divergence);
    expect(() => payload.release(handles[id]!, id)).toThrow(expected);
  }
});

test("different objects have different contents", () => {
  const { pool, handles } = poolWithObjects();
  const contents = handles.map((handle) => {
    const bytes = new Uint8Array(16);
    pool.read(handle, bytes, 0, 16);
    return bytes.toString();
  });
  expect(new Set(contents).size).toBe(handles.length);
});

/** All bytes of an object. */
function contentOf(pool: ZpoolBackend, handle: Handle, bytes: number = BYTES): Uint8Array {
  const content = new Uint8Array(bytes);
  pool.read(handle, content, 0, bytes);
  return content;
}

test("contents that are swapped, shifted, mixed or cut are found, and say of which object", () => {
  const { pool, payload, handles } = poolWithObjects();
  const [first, second] = [contentOf(pool, handles[2]!), contentOf(pool, handles[3]!)];
  const shifted = first.slice();
  shifted.copyWithin(1, 0);
  const mixed = Uint8Array.of(...first.subarray(0, 1096), ...second.subarray(1096)); // the rest of another object's page
  const cut = first.slice().fill(0, BYTES - 1);
  for (const planted of [second, shifted, mixed, cut]) {
    pool.write(handles[2]!, planted, 0, BYTES);
    expect(() => payload.verifyAll()).toThrow("content of object 2, byte ");
  }
  pool.write(handles[2]!, first, 0, BYTES);
  expect(() => payload.verifyAll()).not.toThrow();
});

test.each([1, 2, 3, 4, 64])(
  "what the last object left in a place of %i bytes is not the content of the next",
  (bytes) => {
    const { pool, payload, handles } = poolWithObjects();
    payload.fill(handles[1]!, 100, bytes);
    const stale = contentOf(pool, handles[1]!, bytes);
    payload.release(handles[1]!, 100);
    for (let id = 101; id < 164; id++) {
      payload.fill(handles[1]!, id, bytes);
      pool.write(handles[1]!, stale, 0, bytes);
      expect(() => payload.release(handles[1]!, id)).toThrow(`content of object ${id}, byte 0`);
    }
  },
);

test("no two of many contents begin alike", () => {
  const { pool, payload, handles } = poolWithObjects();
  const beginnings = Array.from({ length: 20_000 }, (_, id) => {
    payload.fill(handles[0]!, id + 6, 4);
    return contentOf(pool, handles[0]!, 4).join();
  });
  expect(new Set(beginnings).size).toBe(beginnings.length);
});

test("live objects are found among many that are gone, whatever their number", () => {
  const { payload, handles } = poolWithObjects();
  for (let id = 6; id < 10_000; id++) {
    payload.fill(handles[1]!, id, BYTES);
    if (id < 9_999) payload.release(handles[1]!, id);
  }
  payload.release(handles[5]!, 5);
  payload.fill(handles[5]!, 2 ** 20, BYTES);
  const before = payload.checkCount;
  expect(() => payload.verifyAll()).toThrow("content of object 1, byte 0"); // its place was given to the others
  expect(payload.checkCount - before).toBe(2);
});
