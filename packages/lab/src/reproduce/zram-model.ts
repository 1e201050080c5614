// T12: a model of zram's memory against a kernel, byte for byte.

import { readFileSync } from "node:fs";
import { type SizeCodec, readCorpusSizes } from "../pages/corpus-sizes.ts";
import { mustStore, withZsPool, zramBytes } from "../experiments/own-pages.ts";
import { HUGE_CLASS_SIZE_BYTES, classCost } from "./published.ts";
import { type Cell, type PublishedTable, exactCell } from "./reproduction.ts";

const PAGE_BYTES = 4096;
const MEM_USED_TOTAL = 2; // column of mm_stat

export const zramModelTable: PublishedTable = {
  id: "T12",
  title: "cost of an object, threshold of whole pages, and mem_used_total of a new device",
  source:
    "martinus/quetschn, docs/explored-designs.md; for the built-in pages a running kernel 6.18 (corpus/device-truth.json)",
  basis:
    "class plan and pools of this program at chain 8; the project's own pages where the source's dumps are not public",
  reproduce: () => ({ cells: [...costCells(), ...(["lz4", "lzo", "lzo-rle"] as const).flatMap(deviceCells)] }),
};

function costCells(): Cell[] {
  return withZsPool({ chainSize: 8 }, ({ plan }) => {
    const cells = classCost.flatMap(([requestBytes, slotBytes, pages, objects, costBytes]) => {
      const index = plan.indexForRequest(requestBytes);
      const row = `${requestBytes} bytes`;
      const cost = (plan.pagesPerZspageOf(index) * PAGE_BYTES) / plan.objectsPerZspageOf(index);
      return [
        exactCell(row, "slot", slotBytes, plan.sizeBytesOf(index)),
        exactCell(row, "pages", pages, plan.pagesPerZspageOf(index)),
        exactCell(row, "objects", objects, plan.objectsPerZspageOf(index)),
        exactCell(row, "bytes of pages", costBytes, Math.round(cost * 10) / 10),
      ];
    });
    return [...cells, exactCell("4 KiB, chain 8", "huge_class_size", HUGE_CLASS_SIZE_BYTES, plan.hugeClassSizeBytes!)];
  });
}

/** The pool of a new device: what the kernel reports, what the pool has, and the sum over classes of whole zspages. */
function deviceCells(codec: Exclude<SizeCodec, "zstd" | "deflate">): Cell[] {
  const reported = memUsedTotal(codec);
  const row = `built-in pages, ${codec}`;
  return withZsPool({ chainSize: 8 }, (pool) => {
    for (const { bytes } of readCorpusSizes(codec)) mustStore(pool, zramBytes(pool, bytes));
    const { plan } = pool;
    const model = plan.owners.reduce(
      (pages, owner) =>
        pages + Math.ceil(pool.objectsUsedOf(owner) / plan.objectsPerZspageOf(owner)) * plan.pagesPerZspageOf(owner),
      0,
    );
    return [
      exactCell(row, "mem_used_total", reported, pool.totalPages() * PAGE_BYTES),
      exactCell(row, "sum of whole zspages", reported, model * PAGE_BYTES),
    ];
  });
}

function memUsedTotal(codec: string): number {
  const file = new URL("../../corpus/device-truth.json", import.meta.url);
  const truth = JSON.parse(readFileSync(file, "utf8")) as {
    corpora: { pages: Record<string, { written: readonly number[] }> };
  };
  return truth.corpora.pages[codec]!.written[MEM_USED_TOTAL]!;
}
