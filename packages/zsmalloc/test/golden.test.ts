// The traces taken from the kernel's own code, replayed here in the plainest way. The program's replay checks every recorded
// fact with line numbers; this checks the engine alone, so that a broken rule shows up in the package that has it.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { GFP_KERNEL, Machine, isErrno } from "@zlab/hw-sim";
import type { Handle } from "@zlab/zpool";
import { describe, expect, test } from "vitest";
import { type ZsPool, zsmallocDriver } from "@zlab/zsmalloc";

type Line = [string, ...unknown[]];

const golden = new URL("../../../golden/", import.meta.url);

function readTrace(folder: string, file: string): { header: Record<string, unknown>; lines: Line[] } {
  const text = gunzipSync(readFileSync(new URL(`${folder}/${file}`, golden))).toString();
  const [header, ...lines] = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  return { header, lines };
}

function poolFor(era: string, chainSize: number): ZsPool {
  const machine = new Machine({
    pageBytes: 4096,
    zones: [{ kind: "NORMAL", pages: 1 << 20 }],
    backing: "size-only",
  });
  return zsmallocDriver.create(machine, "golden", { era, chainSize }) as ZsPool;
}

/** Replays a trace and returns what the pool did in the trace's own notation. */
function replay(pool: ZsPool, lines: readonly Line[], notation: Notation): Line[] {
  const handles = new Map<number, Handle>();
  const ids = new Map<number, number>();
  return lines.map((line): Line => {
    const [kind, id, size] = line as [string, number, number];
    switch (kind) {
      case "a": {
        const handle = pool.malloc(size, GFP_KERNEL);
        if (isErrno(handle)) return ["e", size, handle, id];
        handles.set(id, handle);
        ids.set(handle, id);
        return ["a", id, size, pool.totalPages(), ...notation.place(pool, handle)];
      }
      case "e":
        return ["e", id, notation.error(pool.malloc(id, GFP_KERNEL)), line[3]];
      case "f":
        pool.free(handles.get(id)!);
        return ["f", id, pool.totalPages()];
      case "c": {
        const moved: number[][] = [];
        const freed = pool.compact((handle) =>
          moved.push([ids.get(handle)!, ...notation.place(pool, handle).slice(1)]),
        );
        return ["c", freed, pool.totalPages(), moved.toSorted((a, b) => a[0]! - b[0]!)];
      }
      case "s":
        return ["s", notation.rows(pool), line[2]];
      default:
        return ["l", notation.lists(pool)];
    }
  });
}

interface Notation {
  place(pool: ZsPool, handle: Handle): number[];
  error(errno: number): number;
  rows(pool: ZsPool): number[][];
  lists(pool: ZsPool): unknown[];
}

function groupedLists(pool: ZsPool, groupName: (group: number) => number): unknown[] {
  const byClass = new Map<number, [number, number[]][]>();
  for (const { classIndex, group, zspageSeqs } of pool.fullnessLists()) {
    if (group === 0 || group === pool.config.bands.groupCount - 1) continue;
    byClass.set(classIndex, [...(byClass.get(classIndex) ?? []), [groupName(group), zspageSeqs]]);
  }
  return [...byClass].map(([classIndex, lists]) => [classIndex, lists.toSorted((a, b) => a[0] - b[0])]);
}

const linux612: Notation = {
  place(pool, handle) {
    const { classIndex, zspageSeq, objectIndex } = pool.placementOf(handle);
    return [classIndex, zspageSeq, objectIndex];
  },
  error: (errno) => errno,
  rows: (pool) =>
    pool
      .classRows()
      .filter((row) => row.objectsAllocated > 0)
      .map((row) => [
        row.classIndex,
        row.sizeBytes,
        ...row.zspagesByGroup.slice(1),
        row.objectsAllocated,
        row.objectsUsed,
        row.pagesUsed,
        row.pagesPerZspage,
        row.freeablePages,
      ]),
  lists: (pool) => groupedLists(pool, (group) => group),
};

const linux310: Notation = {
  place(pool, handle) {
    const { classIndex, zspageSeq, pageIndex, objectIndexInPage } = pool.placementOf(handle);
    return [classIndex, zspageSeq, pageIndex, objectIndexInPage];
  },
  error: (errno) => (errno < 0 ? -1 : errno),
  rows: (pool) =>
    pool
      .classRows()
      .filter((row) => row.objectsAllocated > 0)
      .map((row) => [
        row.classIndex,
        row.sizeBytes,
        row.zspagesByGroup[2]!,
        row.zspagesByGroup[1]!,
        row.pagesUsed,
        row.pagesPerZspage,
      ]),
  lists: (pool) => groupedLists(pool, (group) => (group === 2 ? 0 : 1)),
};

describe.each([
  ["zsmalloc-6.12", "linux-6.12", linux612],
  ["zsmalloc-3.10", "linux-3.10", linux310],
])("%s", (folder, era, notation) => {
  test.each(readdirSync(new URL(`${folder}/`, golden)))("%s", (file) => {
    const { header, lines } = readTrace(folder, file);
    const pool = poolFor(era, header["chainSize"] as number);
    const got = replay(pool, lines, notation);
    const line = lines.findIndex((expected, i) => JSON.stringify(got[i]) !== JSON.stringify(expected));
    expect({ line, got: got[line] }).toEqual({ line: -1, got: undefined });
    pool.check(3);
  });
});
