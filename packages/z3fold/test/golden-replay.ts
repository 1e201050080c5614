// Replays a golden trace of z3fold and counts the facts compared. The first difference throws with the line number.

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { GFP_KERNEL, Machine, NO_WATERMARKS } from "@zlab/hw-sim";
import { Z3foldPool } from "@zlab/z3fold";
import type { Handle } from "@zlab/zpool";
import { expect } from "vitest";

type Moved = [id: number, pageSeq: number, buddy: number, byteOffset: number];

type Line =
  | ["a", id: number, size: number, totalPages: number, pageSeq: number, buddy: number, byteOffset: number]
  | ["f", id: number, totalPages: number, moved?: Moved[]]
  | ["e", size: number, errno: number, id: number]
  | ["s", rows: unknown, totals: unknown];

export function readTrace(path: URL): Line[] {
  const [, ...lines] = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as Line);
}

function sizeOnlyMachine(): Machine {
  return new Machine({
    pageBytes: 4096,
    zones: [{ kind: "NORMAL", pages: 1 << 16, watermarks: NO_WATERMARKS }],
    backing: "size-only",
  });
}

/** Returns the number of operations. */
export function replay(lines: readonly Line[]): number {
  const machine = sizeOnlyMachine();
  const pool = new Z3foldPool(machine, "golden");
  const handles = new Map<number, Handle>();
  const ids = new Map<Handle, number>();
  let operations = 0;
  lines.forEach((line, index) => {
    if (line[0] !== "s") operations++;
    const got = step(pool, handles, ids, line);
    if (JSON.stringify(got) !== JSON.stringify(line)) {
      expect(got, `line ${index + 2}`).toEqual(line);
    }
  });
  pool.check(3);
  return operations;
}

/** Does what the line says and returns the line as this pool would have written it. */
function step(pool: Z3foldPool, handles: Map<number, Handle>, ids: Map<Handle, number>, line: Line): Line {
  switch (line[0]) {
    case "a": {
      const [, id, size] = line;
      const handle = pool.malloc(size, GFP_KERNEL) as Handle;
      handles.set(id, handle);
      ids.set(handle, id);
      const { pageSeq, buddy, byteOffset } = pool.placementOf(handle);
      return ["a", id, size, pool.totalPages(), pageSeq, buddy, byteOffset];
    }
    case "f": {
      const [, id] = line;
      const moved: Moved[] = [];
      pool.onMoved = (handle) => {
        const { pageSeq, buddy, byteOffset } = pool.placementOf(handle);
        moved.push([ids.get(handle)!, pageSeq, buddy, byteOffset]);
      };
      pool.free(handles.get(id)!);
      return moved.length > 0 ? ["f", id, pool.totalPages(), moved] : ["f", id, pool.totalPages()];
    }
    case "e":
      return ["e", line[1], pool.malloc(line[1], GFP_KERNEL), line[3]];
    default:
      return ["s", pool.unbuddiedLists(), pool.totals()];
  }
}
