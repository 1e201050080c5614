// Experiment 2: who can use what is left. Every backend gets the same free memory, more or less scattered, and the same stream of
// objects, and is filled to its first failure and on to the last page it can use.

import { type Machine, type MachineOptions, NO_WATERMARKS, Prng, __GFP_NOWARN, isErrno } from "@zlab/hw-sim";
import type { ZpoolBackend } from "@zlab/zpool";
import { type BackendVariant, backendVariants } from "../compose.ts";
import { formatPercent, thousands } from "../output/format.ts";
import { formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { wrapText } from "../output/wrap.ts";
import { readCorpusSizes } from "../pages/corpus-sizes.ts";
import { type Experiment, ExperimentFailure, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { fragmentMemory } from "./fragment-memory.ts";
import { gfpFor, variantNamed, withPool } from "./with-pool.ts";

const PAGE_BYTES = 4096;
const CPUS = 2;
const NO_FALLBACK = "kmalloc, no fallback";
const CODEC = "zstd";
const FRACTIONS = [0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1];
const ORDERS = [0, 1, 2, 3];
/** Orders that are told apart in tables. */
const SHOWN_ORDERS = 4;
/** Length of the stream: more objects than any backend can hold. */
const OBJECTS_PER_FREE_PAGE = 6;

export interface PressureData {
  readonly freePages: number;
  readonly codec: string;
  /** Largest object of the stream: what all backends take. */
  readonly maxBytes: number;
  readonly meanBytes: number;
  /** Length of the stream. */
  readonly objects: number;
  readonly fractions: readonly number[];
  readonly orders: readonly number[];
  readonly runs: readonly PressureRun[];
}

interface PressureRun {
  readonly backend: string;
  /** Part of the free pages that lay scattered, and the order of their blocks. */
  readonly fraction: number;
  readonly order: number;
  readonly objectsAtFirstFailure: number;
  readonly freePagesAtFirstFailure: number;
  /** At the end of the stream. */
  readonly objects: number;
  readonly bytes: number;
  readonly freePages: number;
  /** Requests to the page allocator, by order from 0 to 3: those that failed until the first malloc failed, and the blocks that
   * were got till then. */
  readonly failedRequests: readonly number[];
  readonly blocks: readonly number[];
}

export const pressure: Experiment<PressureData> = {
  name: "pressure",
  summary: "how much can be stored when free memory is scattered?",
  question:
    "On a machine that was up for long, free memory lies in small pieces between the pages of others. Every allocator gets the same " +
    "number of free pages, of which a part lies in blocks of 2^order pages with no free neighbour, and the same stream of compressed " +
    "pages. How many objects does it hold when the first one is refused, how many pages are still free then, and can it use " +
    "them in the end, down to the last single page?",

  run(options: ExperimentOptions): PressureData {
    const freePages = 64 * scaled(64, options);
    const variants = [...backendVariants(), variantNamed("kmalloc", { fallback: false }, NO_FALLBACK)];
    const sizes = streamSizes(variants);
    const degrees = [
      ...FRACTIONS.map((fraction) => ({ fraction, order: 0 })),
      ...ORDERS.slice(1).map((order) => ({ fraction: 1, order })),
    ];
    const runs = variants.flatMap((variant, i) =>
      degrees.map((degree, j) => {
        options.progress((i + j / degrees.length) / variants.length, variant.label);
        return runOne(variant, sizes, { ...degree, freePages, seed: options.seed });
      }),
    );
    return {
      freePages,
      codec: CODEC,
      maxBytes: sizes.reduce((a, b) => Math.max(a, b)),
      meanBytes: sizes.reduce((sum, bytes) => sum + bytes, 0) / sizes.length,
      objects: OBJECTS_PER_FREE_PAGE * freePages,
      fractions: FRACTIONS,
      orders: ORDERS,
      runs,
    };
  },

  render(data: PressureData, view: View): string {
    const { paint } = view;
    const worst = data.runs.filter(({ fraction, order }) => fraction === 1 && order === 0);
    const setting =
      `Each machine has ${thousands(data.freePages)} free pages and ${CPUS} CPUs. The stream: ${thousands(data.objects)} ${data.codec} sizes of ` +
      `the built-in corpus up to ${thousands(data.maxBytes)} bytes, ${thousands(data.meanBytes)} in the mean, drawn with the seed.`;
    return [
      `${wrapText(setting, view.columns)}\n`,
      "All free pages scattered singly:\n",
      formatTable(WORST_COLUMNS, worst.map(worstCells), paint),
      `${wrapText(WORST_NOTE, view.columns)}\n`,
      `${wrapText(ORDERS_NOTE, view.columns)}
`,
      formatTable(orderColumns(data), backendsOf(data).map(orderCells(data)), paint),
      formatPlot(
        ["zsmalloc", "zbud", "zblock", "kmalloc", NO_FALLBACK].map((name) => ({
          name,
          points: data.fractions.map((fraction) => [
            100 * fraction,
            find(data, name, fraction, 0).objectsAtFirstFailure / data.freePages,
          ]),
        })),
        {
          x: { title: "part of the free pages that lie singly, per cent" },
          y: { title: "objects per free page at the first failure", min: 0 },
          columns: view.columns,
        },
      ),
    ].join("\n");
  },

  conclude(data: PressureData): string {
    const at = (backend: string): PressureRun => find(data, backend, 1, 0);
    const zsmalloc = at("zsmalloc");
    const kmalloc = at("kmalloc");
    const without = at(NO_FALLBACK);
    const ends = data.runs.filter(({ fraction, order }) => fraction === 1 && order === 0);
    const toTheLast = ends.filter(({ freePages }) => freePages === 0).map(({ backend }) => backend);
    const stuck = ends
      .filter(({ freePages }) => freePages > 0)
      .map(({ backend, freePages }) => `"${backend}" leaves ${thousands(freePages)}`);
    const saved = kmalloc.objectsAtFirstFailure - without.objectsAtFirstFailure;
    return (
      `With ${thousands(data.freePages)} free pages that all lie singly, zsmalloc stores ${thousands(zsmalloc.objectsAtFirstFailure)} objects ` +
      `until the first failure with ${thousands(zsmalloc.freePagesAtFirstFailure)} pages left, kmalloc ` +
      `${thousands(kmalloc.objectsAtFirstFailure)} after ${thousands(higherOrders(kmalloc.failedRequests))} failed requests for larger blocks, of which ` +
      `its fallback to the lowest order saves ${thousands(saved)}; to the last page come ` +
      `${toTheLast.join(", ") || "none"}${stuck.length === 0 ? "" : `; ${stuck.join(" and ")}`}.`
    );
  },
};

/** Sizes of the corpus that every backend takes. */
function streamSizes(variants: readonly BackendVariant[]): number[] {
  const maxBytes = Math.min(
    ...variants.map(({ driver, options }) => driver.capabilities(PAGE_BYTES, options).maxBytes),
  );
  return readCorpusSizes(CODEC)
    .map(({ bytes }) => bytes)
    .filter((bytes) => bytes <= maxBytes);
}

interface Degree {
  readonly freePages: number;
  readonly fraction: number;
  readonly order: number;
  readonly seed: number;
}

function runOne(variant: BackendVariant, sizes: readonly number[], degree: Degree): PressureRun {
  return withPool(
    variant,
    machineOf(degree.freePages),
    (pool, machine) => ({
      backend: variant.label,
      fraction: degree.fraction,
      order: degree.order,
      ...fill(pool, machine, sizes, degree.seed),
    }),
    (machine) => fragmentMemory(machine, degree),
  );
}

type FirstFailure = Pick<
  PressureRun,
  "objectsAtFirstFailure" | "freePagesAtFirstFailure" | "failedRequests" | "blocks"
>;

/** Twice as many pages as are to be free, so that each scattered one can have a neighbour that is taken. */
function machineOf(freePages: number): MachineOptions {
  const zones = [{ kind: "NORMAL" as const, pages: 2 * freePages, watermarks: NO_WATERMARKS }];
  return { pageBytes: PAGE_BYTES, zones, cpus: CPUS, backing: "size-only" };
}

function fill(
  pool: ZpoolBackend,
  machine: Machine,
  sizes: readonly number[],
  seed: number,
): Omit<PressureRun, "backend" | "fraction" | "order"> {
  const gfp = gfpFor(pool.capabilities) | __GFP_NOWARN;
  const prng = new Prng(seed);
  const failedBefore = machine.failedRequestsByOrder();
  const blocksBefore = machine.allocatedBlocksByOrder();
  const streamObjects = OBJECTS_PER_FREE_PAGE * machine.freePageCount();
  let objects = 0;
  let storedBytes = 0;
  let atFirstFailure: FirstFailure | undefined;
  for (let i = 0; i < streamObjects; i++) {
    const bytes = sizes[prng.below(sizes.length)]!;
    if (isErrno(pool.malloc(bytes, gfp))) {
      atFirstFailure ??= {
        objectsAtFirstFailure: objects,
        freePagesAtFirstFailure: machine.freePageCount(),
        failedRequests: increase(failedBefore, machine.failedRequestsByOrder()),
        blocks: increase(blocksBefore, machine.allocatedBlocksByOrder()),
      };
    } else {
      objects++;
      storedBytes += bytes;
    }
  }
  if (atFirstFailure === undefined) throw new ExperimentFailure(`${pool.type}: took more than there is memory for`);
  return { ...atFirstFailure, objects, bytes: storedBytes, freePages: machine.freePageCount() };
}

function increase(before: readonly number[], after: readonly number[]): number[] {
  return after.slice(0, SHOWN_ORDERS).map((count, order) => count - before[order]!);
}

function higherOrders(byOrder: readonly number[]): number {
  return byOrder.slice(1).reduce((sum, count) => sum + count, 0);
}

function backendsOf(data: PressureData): string[] {
  return [...new Set(data.runs.map(({ backend }) => backend))];
}

function find(data: PressureData, backend: string, fraction: number, order: number): PressureRun {
  return data.runs.find((run) => run.backend === backend && run.fraction === fraction && run.order === order)!;
}

const WORST_NOTE =
  "failed requests: to the page allocator, until the first object was refused; SLUB then tries its lowest order. " +
  "in the end: after the whole stream was offered, whatever was refused of it.";

const WORST_COLUMNS = [
  { title: "backend", align: "left" as const },
  { title: "objects\nat first\nfailure" },
  { title: "free\npages\nthen" },
  { title: "failed requests\nof order 0" },
  { title: "1" },
  { title: "2" },
  { title: "3" },
  { title: "in the end\nobjects" },
  { title: "KiB" },
  { title: "free\npages" },
];

function worstCells(run: PressureRun): string[] {
  return [
    run.backend,
    thousands(run.objectsAtFirstFailure),
    thousands(run.freePagesAtFirstFailure),
    ...run.failedRequests.map(thousands),
    thousands(run.objects),
    thousands(run.bytes / 1024),
    thousands(run.freePages),
  ];
}

const ORDERS_NOTE =
  "Objects at the first failure, when all free pages lie in blocks of one order, and when they are not scattered; and the blocks " +
  "that were got till then in the last case:";

function orderColumns({ orders }: PressureData): { title: string; align?: "left" }[] {
  return [
    { title: "backend", align: "left" },
    ...orders.map((order) => ({ title: `order ${order}` })),
    { title: "not\nscattered" },
    { title: "lost by\norder 0" },
    { title: "blocks of\norder 0" },
    { title: "1" },
    { title: "2" },
    { title: "3" },
  ];
}

function orderCells(data: PressureData): (backend: string) => string[] {
  return (backend) => {
    const whole = find(data, backend, 0, 0);
    const single = find(data, backend, 1, 0);
    return [
      backend,
      ...data.orders.map((order) => thousands(find(data, backend, 1, order).objectsAtFirstFailure)),
      thousands(whole.objectsAtFirstFailure),
      formatPercent(1 - single.objectsAtFirstFailure / whole.objectsAtFirstFailure),
      ...whole.blocks.map(thousands),
    ];
  };
}
