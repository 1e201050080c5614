// T10 and T11: other backends beside zsmalloc under zswap.

import { Prng } from "@zlab/hw-sim";
import { SlotTable } from "@zlab/zblock";
import type { ZpoolBackend } from "@zlab/zpool";
import { variantNamed, withPool } from "../experiments/with-pool.ts";
import { signedPercent, thousands } from "../output/format.ts";
import { type SizeCodec, readCorpusSizes } from "../pages/corpus-sizes.ts";
import { SIZE_ONLY_MACHINE, drawSizes, mustStore } from "../experiments/own-pages.ts";
import { zblockBuild, zblockTable, zswapPools } from "./published.ts";
import { type Cell, type PublishedTable, changeFrom, exactCell, relationCell } from "./reproduction.ts";

const SEED = 1;
const OBJECT_COUNT = 200_000;
/** A pool in which zspages that are not full weigh more. */
const SMALL_COUNT = 20_000;
const PAGE_BYTES = 4096;
/** What zbud, the most restricted of them, takes. zswap leaves larger objects to the disk. */
const LARGEST_BYTES = 3968;

export const zswapTable: PublishedTable = {
  id: "T10",
  title: "largest pool of zsmalloc, zbud and z3fold",
  source: "Yosry Ahmed, February 2024 (CAJD7tkbRF6od-2x_L8-A1QL3=2Ww13sCj4S3i4bNndqF+3+_Vg@mail.gmail.com)",
  basis: `${thousands(OBJECT_COUNT)} objects drawn with a seed from the built-in pages by lzo, zswap's default, each replaced once at random`,
  reproduce: () => {
    const { zsmalloc, zbud, z3fold } = zswapPools;
    const backends = ["zsmalloc", "zbud", "z3fold"];
    const large = pagesOf(backends, "lzo", OBJECT_COUNT);
    const small = pagesOf(backends, "lzo", SMALL_COUNT);
    const column = "pool against zsmalloc's";
    return {
      cells: [
        relationCell("zbud", column, changeFrom(zsmalloc, zbud), changeFrom(large[0]!, large[1]!)),
        relationCell("z3fold", column, changeFrom(zsmalloc, z3fold), changeFrom(large[0]!, large[2]!)),
      ],
      remarks: [
        `In a pool of ${thousands(SMALL_COUNT)} objects, where zspages that are not full weigh more, zbud takes ` +
          `${signedPercent(changeFrom(small[0]!, small[1]!))} and z3fold ${signedPercent(changeFrom(small[0]!, small[2]!))}.`,
      ],
    };
  },
};

export const zblockComparison: PublishedTable = {
  id: "T11",
  title: "zblock against zsmalloc: pages kept per page of pool; slots of its blocks",
  source: "V. Wool, 12 April 2025 (20250412154207.2152667-1-vitaly.wool@konsulko.se)",
  basis: `${thousands(OBJECT_COUNT)} objects drawn with a seed from the built-in pages by zstd, each replaced once at random; table of @zlab/zblock`,
  reproduce: () => {
    const published = ratioOf(zblockBuild.zblock) / ratioOf(zblockBuild.zsmalloc) - 1;
    const [large, small] = [OBJECT_COUNT, SMALL_COUNT].map((count) => {
      const [zsmalloc, zblock] = pagesOf(["zsmalloc", "zblock"], "zstd", count);
      return changeFrom(zblock!, zsmalloc!);
    });
    return {
      cells: [relationCell("zblock", "ratio against zsmalloc's", published, large!), ...slotCells()],
      remarks: [
        `In a pool of ${thousands(SMALL_COUNT)} objects, where zspages that are not full weigh more, zblock's ratio is ` +
          `${signedPercent(small!)} against zsmalloc's.`,
      ],
    };
  },
};

function ratioOf({ poolKilobytes, storedKilobytes }: { poolKilobytes: number; storedKilobytes: number }): number {
  return storedKilobytes / poolKilobytes;
}

/** Pages of a pool of each backend after the same history. */
function pagesOf(backends: readonly string[], codec: SizeCodec, count: number): number[] {
  const usable = readCorpusSizes(codec).filter(({ bytes }) => bytes <= LARGEST_BYTES);
  const first = drawSizes(usable, count, SEED);
  const second = drawSizes(usable, count, SEED + 1);
  return backends.map((label) =>
    withPool(variantNamed(label), SIZE_ONLY_MACHINE, (pool) => {
      fillAndReplace(pool, first, second);
      return pool.totalPages();
    }),
  );
}

/** Stores the first objects, and then each of the second in the place of a random one. */
function fillAndReplace(pool: ZpoolBackend, first: readonly number[], second: readonly number[]): void {
  const handles = first.map((bytes) => mustStore(pool, bytes));
  const prng = new Prng(SEED);
  for (const bytes of second) {
    const place = prng.below(handles.length);
    pool.free(handles[place]!);
    handles[place] = mustStore(pool, bytes);
  }
}

function slotCells(): Cell[] {
  const table = new SlotTable("v4", PAGE_BYTES);
  return zblockTable.flatMap(([order, slots, slotBytes], type) => {
    const row = `block type ${type}`;
    return [
      exactCell(row, "order", order, table.orderOf(type)),
      exactCell(row, "slots", slots, table.slotsOf(type)),
      exactCell(row, "slot bytes", slotBytes, table.slotBytesOf(type)),
    ];
  });
}
