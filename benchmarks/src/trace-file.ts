// A long operation trace in the form that `zlab replay` reads: a fill, then pairs at random. The recorded facts are placeholders of the
// usual width, since a replay that isn't asked to verify doesn't look at them.

import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { randomIndexes, zramLikeSizes } from "./workload.ts";

const HEADER = {
  allocator: "zsmalloc",
  kernel: "6.12",
  chainSize: 8,
  pageSize: 4096,
  workload: "benchmark",
  seed: 1,
  fields: "a:[id,size,totalPages,classIndex,zspageSeq,objIndex]; f:[id,totalPages]",
};

const LINES_PER_WRITE = 20_000;

/** Writes `operations` operations over `live` live objects; the ids of freed objects are not used again. */
export async function writeTrace(path: string, live: number, operations: number): Promise<void> {
  const sizes = zramLikeSizes(operations, 1);
  const picks = randomIndexes(operations, live, 2);
  const ids = Int32Array.from({ length: live }, (_, i) => i);
  const file = createWriteStream(path);
  let lines = [JSON.stringify(HEADER)];
  const flush = async (): Promise<void> => {
    if (lines.length === 0) return;
    if (!file.write(`${lines.join("\n")}\n`)) await once(file, "drain");
    lines = [];
  };
  let nextId = 0;
  for (let done = 0; done < operations;) {
    const pick = picks[done]!;
    if (nextId >= live) {
      lines.push(`["f",${ids[pick]},31234]`);
      ids[pick] = nextId;
      done++;
    }
    lines.push(`["a",${nextId},${sizes[done % operations]},31234,116,20123,4]`);
    nextId++;
    done++;
    if (lines.length >= LINES_PER_WRITE) await flush();
  }
  await flush();
  file.end();
  await once(file, "finish");
}
