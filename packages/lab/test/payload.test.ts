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
  const payload = new Payload(pool);
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
  payload.release(handles[0]!);
  payload.verifyAll();
  expect(payload.checkCount).toBe(6 + 1 + 5);
});

test.each([0, 1, 1500, BYTES - 1])("a change of byte %i of any object is found", (place) => {
  for (const id of [0, 1, 5]) {
    const { pool, payload, handles } = poolWithObjects();
    const mapping = pool.map(handles[id]!, MapMode.RW);
    mapping.bytes[mapping.offset + place]! ^= 1;
    pool.unmap(handles[id]!);
    const expected = expect.objectContaining({ what: `content of object ${id}, byte ${place}` }) as Divergence;
    expect(() => payload.verifyAll()).toThrow(Divergence);
    expect(() => payload.release(handles[id]!)).toThrow(expected);
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
