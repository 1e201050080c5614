// Recorded histories of 6.18 devices (golden/zram-6.18), in which only lengths are known: pages of the pool after every operation, and
// the whole of mm_stat now and then.

import { readFileSync, readdirSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { makeDevice, written } from "./devices.ts";

const folder = new URL("../../../golden/zram-6.18/", import.meta.url);

type Line =
  | readonly ["w", slot: number, kind: "c" | "h" | "s", bytes: number, memPages: number]
  | readonly ["d", slot: number, memPages: number]
  | readonly ["c", pagesFreed: number, memPages: number]
  | readonly ["m", ...number[]];

function linesOf(file: string): [{ readonly slots: number }, ...Line[]] {
  const text = gunzipSync(readFileSync(new URL(file, folder))).toString();
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown) as [{ readonly slots: number }, ...Line[]];
}

test.each(readdirSync(folder))("%s", (file) => {
  const [{ slots }, ...lines] = linesOf(file);
  const { zram } = makeDevice(
    { features: { tracking: false } },
    { pageBytes: 4096, zones: [{ kind: "NORMAL", pages: 1 << 16 }], backing: "size-only" },
  );
  written(zram, "disksize", String(slots * 4096));
  const store = zram.store!;
  const memPages: number[] = [];
  const recorded: number[] = [];
  for (const line of lines) {
    if (line[0] === "m") {
      expect(zram.mmStat()).toEqual(line.slice(1));
      continue;
    }
    if (line[0] === "w" && line[2] === "s") store.storeWord(line[1], 0, 0);
    else if (line[0] === "w") store.storeLength(line[1], line[3]);
    else if (line[0] === "d") zram.discard(line[1] * 4096, 4096);
    else expect(zram.compact()).toBe(line[1]);
    memPages.push(store.backend.totalPages());
    recorded.push(line.at(-1) as number);
  }
  expect(memPages).toEqual(recorded);
  zram.check();
});
