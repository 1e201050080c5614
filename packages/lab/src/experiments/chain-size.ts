// Experiment 5: how many pages a zspage should have at most. Longer chains leave less over at the end of a zspage, but each of their
// zspages holds more objects: in a small pool more slots wait for an object, and after frees fewer zspages become empty.

import type { ZsPool } from "@zlab/zsmalloc";
import { formatRatio, signedPercent, thousands } from "../output/format.ts";
import { formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { type FileSet, StoredFiles, makeFileSet } from "./cut-files.ts";
import { type Experiment, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { withZsPool } from "./own-pages.ts";
import { SmallPool, drawTwoHumps } from "./two-humps.ts";

const PAGE_BYTES = 4096;
const CHAIN_SIZES: readonly number[] = Array.from({ length: 13 }, (_, i) => i + 4);
const FILE_COUNT = 1500;
const SMALL_POOL_CHAINS = [4, 5, 6, 8, 16];
const POOL_OBJECTS = [100, 300, 1000, 3000, 10_000, 30_000, 100_000];
const PLOTTED_CHAINS = [4, 8, 16];

/** The moments at which the pools of all chains are compared, in their order. */
const STEPS = ["full", "cut", "compacted"] as const;
type Step = (typeof STEPS)[number];

export interface ChainSizeData {
  readonly pageBytes: number;
  /** Pages of the files that are written. */
  readonly filePages: number;
  readonly chains: readonly ChainPages[];
  /** Pools of few and of many objects. */
  readonly small: readonly SmallPoolPages[];
}

interface ChainPages {
  readonly chainSize: number;
  readonly classCount: number;
  /** Pages of the pool after all files were written. */
  readonly full: number;
  /** After half of every file was taken away. */
  readonly cut: number;
  /** After a compaction of that. */
  readonly compacted: number;
}

export interface SmallPoolPages {
  readonly chainSize: number;
  readonly objects: number;
  readonly bytes: number;
  readonly afterFill: number;
  readonly afterChurn: number;
  readonly afterCompaction: number;
}

export const chainSize: Experiment<ChainSizeData> = {
  name: "chain-size",
  summary: "how many pages should a zspage of zsmalloc have at most?",
  question:
    "The kernel can be built with chains of 4 to 16 pages. On the same compressed pages: how large is the pool when it is full, after " +
    "the second half of every file was taken away, and after a compaction? And from how many objects on do long chains pay?",

  run(options: ExperimentOptions): ChainSizeData {
    const files = makeFileSet("lzo-rle", scaled(FILE_COUNT, options), options.seed);
    const chains = CHAIN_SIZES.map((chain, i) => {
      options.progress(i / CHAIN_SIZES.length / 2, `files, chain ${chain}`);
      return withZsPool({ chainSize: chain }, (pool) => writeAndCut(pool, files));
    });
    const small = SMALL_POOL_CHAINS.flatMap((chain, i) => {
      options.progress(0.5 + i / SMALL_POOL_CHAINS.length / 2, `small pools, chain ${chain}`);
      return POOL_OBJECTS.map((objects) => measureSmallPool(chain, scaled(objects, options), options.seed));
    });
    const filePages = files.ownSizes.length + files.files.reduce((sum, { sizes }) => sum + sizes.length, 0);
    return { pageBytes: PAGE_BYTES, filePages, chains, small };
  },

  render(data: ChainSizeData, view: View): string {
    return [
      `${thousands(data.filePages)} pages of files by lzo-rle; pages of the pool, and against chain ${data.chains[0]!.chainSize}:\n`,
      formatTable(FILE_COLUMNS, data.chains.map(fileCells(data)), view.paint),
      plotChains(data, view),
      "Small pools: bytes stored per byte of the pool, filled, and after a churn:\n",
      formatTable(smallColumns(data), smallRows(data), view.paint),
      plotSmall(data, view),
    ].join("\n");
  },

  conclude(data: ChainSizeData): string {
    const best = Object.fromEntries(STEPS.map((step) => [step, bestChain(data, step)])) as Record<Step, number>;
    const longest = data.chains.at(-1)!;
    const change = (step: Step): string => signedPercent(longest[step] / data.chains[0]!.full - 1);
    const shortest = data.chains[0]!;
    const against = (step: Step): string => signedPercent(longest[step] / shortest[step] - 1);
    const pays = paysFrom(data, shortest.chainSize, longest.chainSize);
    return (
      `Chain ${best.full} makes the smallest full pool, chain ${best.cut} the smallest after the cut and chain ${best.compacted} the ` +
      `smallest after a compaction; chains of ${longest.chainSize} pages take ${against("full")} of pages against chains of ` +
      `${shortest.chainSize} when full, ${against("cut")} when cut (${change("cut")} of the full pool) and ` +
      `${against("compacted")} when compacted; and of pools from ${thousands(data.small[0]!.objects)} to ` +
      `${thousands(data.small.at(-1)!.objects)} objects ${pays}.`
    );
  },
};

function writeAndCut(pool: ZsPool, files: FileSet): ChainPages {
  const stored = new StoredFiles(pool, files);
  const full = pool.totalPages();
  stored.cut("binaries");
  stored.cut("texts");
  const cut = pool.totalPages();
  pool.compact();
  const { options, classCount } = pool.plan;
  return { chainSize: options.chainSize, classCount, full, cut, compacted: pool.totalPages() };
}

/** One row of the small pools. */
export function measureSmallPool(chain: number, objects: number, seed: number): SmallPoolPages {
  const sizes = drawTwoHumps(objects, seed);
  return withZsPool({ chainSize: chain }, (pool) => {
    const small = new SmallPool(pool, sizes, seed);
    const afterFill = pool.totalPages();
    small.churn();
    const afterChurn = pool.totalPages();
    pool.compact();
    const bytes = sizes.reduce((sum, size) => sum + size, 0);
    return { chainSize: chain, objects, bytes, afterFill, afterChurn, afterCompaction: pool.totalPages() };
  });
}

/** The chain with the fewest pages at a step; the shortest of those with equally many. */
function bestChain({ chains }: ChainSizeData, step: Step): number {
  return chains.reduce((best, candidate) => (candidate[step] < best[step] ? candidate : best)).chainSize;
}

/** From how many objects on the longer chain makes the smaller full pool, in words. */
function paysFrom({ small }: ChainSizeData, shorter: number, longer: number): string {
  const pagesOf = (chain: number): readonly SmallPoolPages[] => small.filter((row) => row.chainSize === chain);
  const long = pagesOf(longer);
  const short = pagesOf(shorter);
  const first = long.findIndex((_, i) => long.slice(i).every((row, j) => row.afterFill < short[i + j]!.afterFill));
  if (first < 0) return `none is smaller with chain ${longer} than with chain ${shorter}`;
  return `those of ${thousands(long[first]!.objects)} and more are smaller with chain ${longer} than with chain ${shorter}`;
}

const FILE_COLUMNS = [
  { title: "chain" },
  { title: "classes" },
  { title: "full" },
  { title: "" },
  { title: "cut" },
  { title: "" },
  { title: "compacted" },
  { title: "" },
];

function fileCells({ chains }: ChainSizeData): (row: ChainPages) => string[] {
  const first = chains[0]!;
  return (row) => [
    String(row.chainSize),
    String(row.classCount),
    ...STEPS.flatMap((step) => [thousands(row[step]), signedPercent(row[step] / first[step] - 1)]),
  ];
}

function plotChains({ chains }: ChainSizeData, view: View): string {
  const first = chains[0]!;
  return formatPlot(
    STEPS.map((step) => ({
      name: step,
      points: chains.map((row) => [row.chainSize, (row[step] / first[step] - 1) * 100] as const),
    })),
    {
      x: { title: "chain size, pages" },
      y: { title: `pages of the pool against chain ${first.chainSize}, per cent` },
      columns: Math.min(view.columns, 80),
      rows: 12,
    },
  );
}

function smallColumns(data: ChainSizeData): { title: string }[] {
  const counts = [...new Set(data.small.map((row) => row.objects))];
  return [{ title: "chain" }, ...counts.flatMap((n) => [{ title: `${thousands(n)}\nobjects` }, { title: "churned" }])];
}

function smallRows(data: ChainSizeData): string[][] {
  return [...new Set(data.small.map((row) => row.chainSize))].map((chain) => [
    String(chain),
    ...data.small
      .filter((row) => row.chainSize === chain)
      .flatMap((row) => [densityOf(data, row, row.afterFill), densityOf(data, row, row.afterChurn)].map(formatRatio)),
  ]);
}

function densityOf({ pageBytes }: ChainSizeData, { bytes }: SmallPoolPages, pages: number): number {
  return bytes / (pages * pageBytes);
}

function plotSmall(data: ChainSizeData, view: View): string {
  const curves = PLOTTED_CHAINS.map((chain) => ({
    name: `chain ${chain}`,
    points: data.small
      .filter((row) => row.chainSize === chain)
      .map((row) => [Math.log10(row.objects), densityOf(data, row, row.afterFill)] as const),
  }));
  return formatPlot(curves, {
    x: { title: "objects in the pool", format: (power) => thousands(10 ** power) },
    y: { title: "bytes stored per byte of the pool, filled", min: 0, max: 1 },
    columns: Math.min(view.columns, 80),
    rows: 12,
  });
}
