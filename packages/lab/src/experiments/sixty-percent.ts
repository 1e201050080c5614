// Experiment 1: what a stored byte costs, by the size of the object. Each backend is filled with objects of one size until it would
// take another page, so that no half-used page at the end blurs the number: what is left is what the allocator wastes by design.

import { GFP_KERNEL, type MachineOptions, NO_WATERMARKS, isErrno } from "@zlab/hw-sim";
import type { ZpoolBackend } from "@zlab/zpool";
import { type BackendVariant, backendVariants, createZsPool, machineFor } from "../compose.ts";
import { formatPercent, formatRatio, thousands } from "../output/format.ts";
import { type Curve, formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { wrapText } from "../output/wrap.ts";
import { type Experiment, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { withPool } from "./with-pool.ts";

const PAGE_BYTES = 4096;
/** 60 % of a page, in whole bytes. */
const SIXTY_PERCENT_BYTES = 2458;
const SMALLEST_BYTES = 32;
const STEP_BYTES = 8;
const CHAIN_SIZE = 8;

export interface SixtyPercentData {
  readonly pageBytes: number;
  readonly sixtyPercentBytes: number;
  /** Sizes of the sweep. */
  readonly sizesBytes: readonly number[];
  readonly backends: readonly BackendCost[];
  /** Classes of zsmalloc (Linux 6.12) for objects of more than half a page. */
  readonly zsmallocClasses: readonly ClassCost[];
}

interface BackendCost {
  readonly backend: string;
  /** At 60 % of a page; null if the backend refuses such objects. */
  readonly atSixtyPercent: SizeCost | null;
  /** Bytes of memory per stored byte for each size of the sweep; null where the backend refuses. */
  readonly bytesPerByte: readonly (number | null)[];
  /** The smallest size of the sweep from which on every object takes a page or more; null if none does. */
  readonly pageEachFromBytes: number | null;
}

interface SizeCost {
  readonly objects: number;
  readonly pages: number;
  readonly slotBytes: number;
  readonly spanningObjects: number;
  readonly bytesPerByte: number;
}

interface ClassCost {
  readonly sizeBytes: number;
  readonly pages: number;
  readonly objects: number;
  readonly spanningSlots: number;
  readonly minRequestBytes: number;
  readonly maxRequestBytes: number;
  /** Bytes of memory per stored byte for the smallest and the largest request. */
  readonly worst: number;
  readonly best: number;
}

export const sixtyPercent: Experiment<SixtyPercentData> = {
  name: "sixty-percent",
  summary: "what does a stored byte cost, by the size of the object?",
  question:
    "Pages often compress to a little more than half. How many bytes of memory does each allocator take per stored byte when it " +
    "holds many objects of one size: 2,458 bytes, which is 60 % of a page, and every size from 32 to 4,096 in steps of 8?",

  run(options: ExperimentOptions): SixtyPercentData {
    const sizesBytes = Array.from(
      { length: (PAGE_BYTES - SMALLEST_BYTES) / STEP_BYTES + 1 },
      (_, i) => SMALLEST_BYTES + i * STEP_BYTES,
    );
    const leastPages = scaled(64, options);
    const variants = backendVariants(CHAIN_SIZE);
    const backends = variants.map((variant, i) => {
      options.progress(i / variants.length, variant.label);
      return measureBackend(variant, sizesBytes, leastPages);
    });
    return {
      pageBytes: PAGE_BYTES,
      sixtyPercentBytes: SIXTY_PERCENT_BYTES,
      sizesBytes,
      backends,
      zsmallocClasses: upperClasses(),
    };
  },

  render(data: SixtyPercentData, view: View): string {
    return [
      formatTable(COST_COLUMNS, data.backends.map(costCells(data)), view.paint),
      `${wrapText(COST_NOTE, view.columns)}\n`,
      plot(data, ["zsmalloc", "kmalloc", "xvmalloc"], view),
      plot(data, ["zsmalloc", "zbud", "z3fold", "zblock"], view),
      `Classes of zsmalloc (Linux 6.12, chains of up to ${CHAIN_SIZE} pages) for more than half a page:\n`,
      formatTable(CLASS_COLUMNS, data.zsmallocClasses.map(classCells), view.paint),
    ].join("\n");
  },

  conclude(data: SixtyPercentData): string {
    const cost = (backend: string): string => {
      const found = data.backends.find((candidate) => candidate.backend === backend)?.atSixtyPercent;
      return found ? found.bytesPerByte.toFixed(2) : "(refused)";
    };
    const { sizesBytes, sixtyPercentBytes } = data;
    const wholePage = data.backends
      .filter(({ pageEachFromBytes }) => pageEachFromBytes !== null && pageEachFromBytes <= sixtyPercentBytes)
      .map(({ backend, pageEachFromBytes }) => `${backend} (from ${pageEachFromBytes})`);
    const best = cheapest(data);
    return (
      `Objects of ${thousands(sixtyPercentBytes)} bytes cost ${cost("zsmalloc")} bytes of memory per byte in zsmalloc, ` +
      `${cost("kmalloc")} in kmalloc and ${cost("xvmalloc")} in xvmalloc; ` +
      (wholePage.length === 0
        ? "no allocator gives each of them a page of its own"
        : `a page of its own for each is what they get from ${listOf(wholePage)}`) +
      `; of the allocators that take every size up to ${thousands(sizesBytes.at(-1)!)} bytes, ${best.backend} wastes least ` +
      `above half a page: ${formatRatio(best.mean)} bytes per byte in the mean.`
    );
  },
};

function measureBackend(variant: BackendVariant, sizesBytes: readonly number[], leastPages: number): BackendCost {
  const cost = (bytes: number): SizeCost | null =>
    withPool(variant, machineOf(leastPages), (pool) => fillWith(pool, bytes, leastPages));
  const costs = sizesBytes.map(cost);
  return {
    backend: variant.label,
    atSixtyPercent: cost(SIXTY_PERCENT_BYTES),
    bytesPerByte: costs.map((size) => size && size.bytesPerByte),
    pageEachFromBytes: pageEachFrom(sizesBytes, costs),
  };
}

/** A machine with room for `leastPages` pages and for the block that comes after them. */
function machineOf(leastPages: number): MachineOptions {
  const pages = 1024 * Math.ceil(leastPages / 512);
  return {
    pageBytes: PAGE_BYTES,
    zones: [{ kind: "NORMAL", pages, watermarks: NO_WATERMARKS }],
    backing: "size-only",
    cpus: 2,
  };
}

/** Stores objects of one size until the pool, `leastPages` pages or larger, is about to grow; null if it refuses them. */
function fillWith(pool: ZpoolBackend, bytes: number, leastPages: number): SizeCost | null {
  for (let objects = 0; ; objects++) {
    const pages = pool.totalPages();
    const handle = pool.malloc(bytes, GFP_KERNEL);
    if (isErrno(handle)) return null;
    if (pool.totalPages() === pages || pages < leastPages) continue;
    pool.free(handle);
    const { slotBytes, spanningObjects } = pool.stats();
    return {
      objects,
      pages,
      slotBytes: slotBytes / objects,
      spanningObjects,
      bytesPerByte: (pages * PAGE_BYTES) / (objects * bytes),
    };
  }
}

/** Where the sizes of a page each begin, if they last up to the largest size that the backend takes. */
function pageEachFrom(sizesBytes: readonly number[], costs: readonly (SizeCost | null)[]): number | null {
  let from: number | null = null;
  for (const [i, cost] of costs.entries()) {
    if (cost === null) continue;
    if (cost.pages < cost.objects) from = null;
    else from ??= sizesBytes[i]!;
  }
  return from;
}

function upperClasses(): ClassCost[] {
  const { plan } = createZsPool(machineFor(PAGE_BYTES, 0), { chainSize: CHAIN_SIZE });
  return plan.owners
    .filter((index) => plan.maxRequestBytesOf(index) > PAGE_BYTES / 2)
    .map((index) => {
      const pages = plan.pagesPerZspageOf(index);
      const objects = plan.objectsPerZspageOf(index);
      const minRequestBytes = plan.minRequestBytesOf(plan.mergedFromLowestOf(index));
      const maxRequestBytes = plan.maxRequestBytesOf(index);
      const bytesPerObject = (pages * PAGE_BYTES) / objects;
      return {
        sizeBytes: plan.sizeBytesOf(index),
        pages,
        objects,
        spanningSlots: plan.spanningSlotsOf(index),
        minRequestBytes,
        maxRequestBytes,
        worst: bytesPerObject / minRequestBytes,
        best: bytesPerObject / maxRequestBytes,
      };
    })
    .toSorted((a, b) => a.sizeBytes - b.sizeBytes);
}

/** Mean over the sizes that satisfy `wanted` and that the backend takes; NaN if there are none. */
function meanCost(data: SixtyPercentData, backend: BackendCost, wanted: (bytes: number) => boolean): number {
  const costs = backend.bytesPerByte.filter((cost, i): cost is number => cost !== null && wanted(data.sizesBytes[i]!));
  return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
}

/** The backend with the least mean above half a page, among those that take every size. */
function cheapest(data: SixtyPercentData): { backend: string; mean: number } {
  return data.backends
    .filter(({ bytesPerByte }) => bytesPerByte.every((cost) => cost !== null))
    .map((backend) => ({
      backend: backend.backend,
      mean: meanCost(data, backend, (bytes) => bytes > data.pageBytes / 2),
    }))
    .reduce((best, candidate) => (candidate.mean < best.mean ? candidate : best), { backend: "none", mean: Infinity });
}

function listOf(items: readonly string[]): string {
  return items.length === 1 ? items[0]! : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}

const COST_NOTE =
  "mean: over all sizes of the sweep that the backend takes. a page each: every object from this size on takes a page or more. " +
  "largest: of the sizes of the sweep.";

const COST_COLUMNS = [
  { title: "backend", align: "left" as const },
  { title: "slot\nbytes\nat 60 %" },
  { title: "objects" },
  { title: "pages" },
  { title: "memory\nper byte\nat 60 %" },
  { title: "on two\npages" },
  { title: "mean\nto half\na page" },
  { title: "mean\nabove\nhalf" },
  { title: "a page\neach from\nbytes" },
  { title: "largest\nbytes" },
];

function costCells(data: SixtyPercentData): (backend: BackendCost) => string[] {
  return (backend) => {
    const { atSixtyPercent: cost, bytesPerByte, pageEachFromBytes } = backend;
    const half = data.pageBytes / 2;
    return [
      backend.backend,
      ...(cost === null
        ? ["-", "-", "-", "refused", "-"]
        : [
            thousands(cost.slotBytes),
            thousands(cost.objects),
            thousands(cost.pages),
            formatRatio(cost.bytesPerByte),
            formatPercent(cost.spanningObjects / cost.objects),
          ]),
      formatRatio(meanCost(data, backend, (bytes) => bytes <= half)),
      formatRatio(meanCost(data, backend, (bytes) => bytes > half)),
      pageEachFromBytes === null ? "-" : thousands(pageEachFromBytes),
      thousands(data.sizesBytes[bytesPerByte.findLastIndex((taken) => taken !== null)] ?? 0),
    ];
  };
}

const CLASS_COLUMNS = [
  { title: "slot\nbytes" },
  { title: "pages" },
  { title: "objects" },
  { title: "slots on\ntwo pages" },
  { title: "requests\nbytes" },
  { title: "memory per byte\nworst" },
  { title: "best" },
];

function classCells(row: ClassCost): string[] {
  return [
    thousands(row.sizeBytes),
    String(row.pages),
    String(row.objects),
    String(row.spanningSlots),
    `${row.minRequestBytes}-${row.maxRequestBytes}`,
    formatRatio(row.worst),
    formatRatio(row.best),
  ];
}

function plot(data: SixtyPercentData, names: readonly string[], view: View): string {
  const curves: Curve[] = data.backends
    .filter(({ backend }) => names.includes(backend))
    .map(({ backend, bytesPerByte }) => ({
      name: backend,
      points: bytesPerByte.map((cost, i) => [data.sizesBytes[i]!, cost ?? Number.NaN] as const),
    }));
  return formatPlot(curves, {
    x: { title: "object size, bytes", min: 0, max: data.pageBytes },
    y: {
      title: "bytes of memory per stored byte (what is above 2.4 is cut off)",
      min: 1,
      max: 2.4,
      format: (value) => value.toFixed(1),
    },
    columns: view.columns,
    rows: 15,
  });
}
