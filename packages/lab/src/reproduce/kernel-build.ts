// T3: the same data in pools of two chain sizes.

import { readCorpusSizes } from "../pages/corpus-sizes.ts";
import { drawSizes, mustStore, withZsPool, zramBytes } from "../experiments/own-pages.ts";
import { kernelBuild } from "./published.ts";
import { type PublishedTable, changeFrom, exactCell, relationCell } from "./reproduction.ts";

const PAGE_BYTES = 4096;
const SEED = 1;

export const kernelBuildTable: PublishedTable = {
  id: "T3",
  title: "artefacts of a kernel build on zram, chains of 4 and of 8 pages",
  source: "Documentation/mm/zsmalloc.rst of Linux; its data are not public",
  basis: "the built-in pages by lzo-rle, drawn with a seed as often as there were objects",
  reproduce: () => {
    const { chain4, chain8 } = kernelBuild;
    const sizes = drawSizes(readCorpusSizes("lzo-rle"), chain8.objects, SEED);
    const four = fill(sizes, 4);
    const eight = fill(sizes, 8);
    const row = "chain 8 against 4";
    return {
      cells: [
        exactCell("chain 4", "mem_used_total = pages * 4096", chain4.memUsedBytes, chain4.pages * PAGE_BYTES),
        exactCell("chain 8", "mem_used_total = pages * 4096", chain8.memUsedBytes, chain8.pages * PAGE_BYTES),
        relationCell(row, "pool pages", changeFrom(chain4.pages, chain8.pages), changeFrom(four.pages, eight.pages)),
        relationCell(
          row,
          "huge pages",
          changeFrom(chain4.hugePages, chain8.hugePages),
          changeFrom(four.hugePages, eight.hugePages),
        ),
      ],
    };
  },
};

function fill(sizes: readonly number[], chainSize: number): { pages: number; hugePages: number } {
  return withZsPool({ chainSize }, (pool) => {
    let hugePages = 0;
    for (const bytes of sizes) {
      const stored = zramBytes(pool, bytes);
      if (stored === PAGE_BYTES) hugePages++;
      mustStore(pool, stored);
    }
    return { pages: pool.totalPages(), hugePages };
  });
}
