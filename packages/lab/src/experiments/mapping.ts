// Experiment 4: an object on two pages must look contiguous. zsmalloc could copy it through a buffer of the CPU, or, as older
// kernels could be built, map its two pages side by side and flush the TLB afterwards. Which is cheaper depends on the object
// and on the machine.

import { type CostModel, DEFAULT_COST_MODEL, Prng } from "@zlab/hw-sim";
import { type BackendVariant, createZsPool, machineFor } from "../compose.ts";
import { formatPercent, thousands } from "../output/format.ts";
import { formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { wrapText } from "../output/wrap.ts";
import { readCorpusSizes } from "../pages/corpus-sizes.ts";
import { type Experiment, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { type MapCosts, mapCostsOfSize, mapCostsOfSizes } from "./map-costs.ts";
import { variantNamed } from "./with-pool.ts";

const CODEC = "zstd";
const CHAIN_SIZE = 8;
const TABLE_SIZES_BYTES = [100, 300, 700, 1200, 1700, 2100, 2458, 3000, 3500];
const COPY_PRICES = [1, 2, 4, 8, 16, 32];
const CHAIN_SIZES = [4, 6, 8, 10, 12, 16];
const CURVE_STEP_BYTES = 32;
const SLOW_COPY_BYTES_PER_CYCLE = 4;

const METHODS = ["copy", "local", "broadcast"] as const;
/** copy; page table with a flush of this CPU's TLB; page table with a flush on every CPU. */
type Method = (typeof METHODS)[number];

export interface MappingData {
  readonly prices: CostModel;
  readonly chainSize: number;
  readonly codec: string;
  /** By object size, at the default prices. */
  readonly sizes: readonly (MethodCosts & { readonly bytes: number })[];
  /** Cycles of a read by object size: copying at the default price and at a quarter of that speed, and the page table. */
  readonly curve: readonly {
    readonly bytes: number;
    readonly copy: number;
    readonly slowCopy: number;
    readonly pageTable: number;
  }[];
  readonly copyPrices: readonly number[];
  readonly flushPrices: readonly number[];
  readonly crossovers: readonly Crossover[];
  /** By chain size, for objects of the corpus, at the default prices. */
  readonly chains: readonly (MethodCosts & { readonly chainSize: number })[];
}

type MethodCosts = Readonly<Record<Method, MapCosts>>;

interface Crossover {
  readonly access: "read" | "update";
  readonly copyBytesPerCycle: number;
  readonly flushCycles: number;
  /** The smallest slot from which on the page table is cheaper; null if there is none. */
  readonly fromSlotBytes: number | null;
}

export const mapping: Experiment<MappingData> = {
  name: "mapping",
  summary: "copy an object that lies on two pages, or map its pages side by side?",
  question:
    "An object of zsmalloc that lies on two pages can be copied through a buffer of the CPU, or its pages can be entered in the page " +
    "table side by side and flushed from the TLB afterwards, of this CPU or of all. Which is cheaper, by object size, share of such objects, " +
    "and the prices of copies and flushes; and for how long is preemption off?",

  run(options: ExperimentOptions): MappingData {
    const { progress } = options;
    const flushPrices = [50, DEFAULT_COST_MODEL.tlbFlushLocalCycles, 1000, DEFAULT_COST_MODEL.tlbFlushBroadcastCycles];
    progress(0, "by object size");
    const sizes = TABLE_SIZES_BYTES.map((bytes) => ({
      bytes,
      ...byMethod(CHAIN_SIZE, (variant, prices) => mapCostsOfSize(variant, bytes, prices)),
    }));
    const curve = measureCurve();
    progress(0.3, "crossovers");
    const crossovers = measureCrossovers(flushPrices);
    progress(0.6, "by chain size");
    const stream = drawSizes(options);
    const chains = CHAIN_SIZES.map((chainSize) => ({
      chainSize,
      ...byMethod(chainSize, (variant, prices) => mapCostsOfSizes(variant, stream, prices)),
    }));
    return {
      prices: DEFAULT_COST_MODEL,
      chainSize: CHAIN_SIZE,
      codec: CODEC,
      sizes,
      curve,
      copyPrices: COPY_PRICES,
      flushPrices,
      crossovers,
      chains,
    };
  },

  render(data: MappingData, view: View): string {
    const { prices } = data;
    const setting =
      `Prices in cycles, if nothing else is said: copies move ${prices.copyBytesPerCycle} bytes per cycle, a page table entry costs ${prices.kmapCycles}, ` +
      `a flush on this CPU ${prices.tlbFlushLocalCycles}, on all CPUs ${thousands(prices.tlbFlushBroadcastCycles)}. Costs are those of map and unmap, ` +
      `the mean over all objects of a size; what the user does with the bytes in between is not counted.`;
    const { paint } = view;
    return [
      `${wrapText(setting, view.columns)}\n`,
      formatTable(
        costColumns({ title: "object\nbytes" }),
        data.sizes.map((row) => [thousands(row.bytes), ...costCells(row)]),
        paint,
      ),
      `${wrapText(COST_NOTE, view.columns)}\n`,
      plot(data, view),
      "Slots from which on the page table is cheaper than copying, in bytes, for a read (RO):\n",
      crossoverTable(data, "read", view),
      "and for an update (RW), which copies in both directions:\n",
      crossoverTable(data, "update", view),
      `Objects of ${data.codec} sizes of the built-in corpus, by chain size:\n`,
      formatTable(
        costColumns({ title: "chain\nsize" }),
        data.chains.map((row) => [String(row.chainSize), ...costCells(row)]),
        paint,
      ),
    ].join("\n");
  },

  conclude(data: MappingData): string {
    const { prices } = data;
    const longest = (method: Method): string =>
      thousands(Math.max(...data.sizes.map((row) => row[method].longestPreemptOffCycles)));
    const slowest = data.copyPrices[0]!;
    return (
      `When copies move ${prices.copyBytesPerCycle} bytes per cycle and a flush is local, ${winsFrom(data, prices.copyBytesPerCycle, prices.tlbFlushLocalCycles)}; ` +
      `at ${SLOW_COPY_BYTES_PER_CYCLE} bytes per cycle ${winsFrom(data, SLOW_COPY_BYTES_PER_CYCLE, prices.tlbFlushLocalCycles)}; ` +
      `with a flush on all CPUs, even at ${slowest} byte per cycle, ${winsFrom(data, slowest, prices.tlbFlushBroadcastCycles)}; ` +
      `preemption is off for up to ${longest("copy")} cycles with copying, ${longest("local")} with the page table and ` +
      `${longest("broadcast")} if it flushes everywhere.`
    );
  },
};

/** Runs a measurement for each method at the default prices. The pool charges a local flush; a broadcast is one at another price. */
function byMethod(
  chainSize: number,
  costs: (variant: BackendVariant, prices: Partial<CostModel>) => MapCosts,
): MethodCosts {
  const pageTable = mappingVariant("page-table", chainSize);
  return {
    copy: costs(mappingVariant("copy", chainSize), {}),
    local: costs(pageTable, {}),
    broadcast: costs(pageTable, { tlbFlushLocalCycles: DEFAULT_COST_MODEL.tlbFlushBroadcastCycles }),
  };
}

function mappingVariant(method: "copy" | "page-table", chainSize: number): BackendVariant {
  return variantNamed("zsmalloc", { mapping: method, chainSize }, `zsmalloc, ${method}`);
}

function measureCurve(): MappingData["curve"] {
  const copyVariant = mappingVariant("copy", CHAIN_SIZE);
  const pageTableVariant = mappingVariant("page-table", CHAIN_SIZE);
  return Array.from({ length: 4096 / CURVE_STEP_BYTES }, (_, i) => {
    const bytes = (i + 1) * CURVE_STEP_BYTES;
    const slowPrice = { copyBytesPerCycle: SLOW_COPY_BYTES_PER_CYCLE };
    return {
      bytes,
      copy: mapCostsOfSize(copyVariant, bytes, {}).read,
      slowCopy: mapCostsOfSize(copyVariant, bytes, slowPrice).read,
      pageTable: mapCostsOfSize(pageTableVariant, bytes, {}).read,
    };
  });
}

/** Measures both methods in every class that has spanning slots, at every price, and compares. */
function measureCrossovers(flushPrices: readonly number[]): Crossover[] {
  const { plan } = createZsPool(machineFor(4096, 0), { chainSize: CHAIN_SIZE });
  const classes = plan.owners.filter((index) => plan.spanningSlotsOf(index) > 0).toSorted((a, b) => a - b);
  const slots = classes.map((index) => plan.sizeBytesOf(index));
  const requests = classes.map((index) => plan.maxRequestBytesOf(index));
  const copyVariant = mappingVariant("copy", CHAIN_SIZE);
  const pageTableVariant = mappingVariant("page-table", CHAIN_SIZE);
  const copies = COPY_PRICES.map((copyBytesPerCycle) =>
    requests.map((bytes) => mapCostsOfSize(copyVariant, bytes, { copyBytesPerCycle })),
  );
  const pageTables = flushPrices.map((tlbFlushLocalCycles) =>
    requests.map((bytes) => mapCostsOfSize(pageTableVariant, bytes, { tlbFlushLocalCycles })),
  );
  return (["read", "update"] as const).flatMap((access) =>
    COPY_PRICES.flatMap((copyBytesPerCycle, i) =>
      flushPrices.map((flushCycles, j) => {
        const last = slots.findLastIndex((_, k) => copies[i]![k]![access] <= pageTables[j]![k]![access]);
        return { access, copyBytesPerCycle, flushCycles, fromSlotBytes: slots[last + 1] ?? null };
      }),
    ),
  );
}

function drawSizes(options: ExperimentOptions): number[] {
  const corpus = readCorpusSizes(CODEC);
  const prng = new Prng(options.seed);
  return Array.from({ length: scaled(20_000, options) }, () => corpus[prng.below(corpus.length)]!.bytes);
}

function crossoverOf(
  data: MappingData,
  access: Crossover["access"],
  copyPrice: number,
  flushPrice: number,
): number | null {
  return data.crossovers.find(
    (crossover) =>
      crossover.access === access && crossover.copyBytesPerCycle === copyPrice && crossover.flushCycles === flushPrice,
  )!.fromSlotBytes;
}

function winsFrom(data: MappingData, copyPrice: number, flushPrice: number): string {
  const read = crossoverOf(data, "read", copyPrice, flushPrice);
  const update = crossoverOf(data, "update", copyPrice, flushPrice);
  if (read === null && update === null) return "copying is cheaper for every object";
  if (read === null) return `copying is cheaper for all reads, and the page table ${slotsFrom("updates", update!)}`;
  if (update === null) return `copying is cheaper for all updates, and the page table ${slotsFrom("reads", read)}`;
  return `the page table is cheaper ${slotsFrom("reads", read)} and ${slotsFrom("updates", update)}`;
}

const COST_NOTE =
  "read: RO, write: WO, update: RW. copy, local, broadcast: copy; page table with a flush on this CPU, on all CPUs.";

function slotsFrom(access: string, slotBytes: number): string {
  return `for ${access} of slots from ${thousands(slotBytes)} bytes`;
}

function methodColumns(title: string): { title: string }[] {
  return [{ title: `${title}\ncopy` }, { title: "\nlocal" }, { title: "broad-\ncast" }];
}

function costColumns(first: { title: string }): { title: string }[] {
  return [
    first,
    { title: "slot\nbytes" },
    { title: "on two\npages" },
    ...methodColumns("read"),
    ...methodColumns("write"),
    ...methodColumns("update"),
    ...methodColumns("preemption off\nat most"),
  ];
}

function costCells(costs: MethodCosts): string[] {
  const cells = (value: (costs: MapCosts) => number): string[] =>
    METHODS.map((method) => thousands(value(costs[method])));
  const { objects, spanningObjects, slotBytes } = costs.copy;
  return [
    thousands(slotBytes),
    formatPercent(spanningObjects / objects),
    ...cells(({ read }) => read),
    ...cells(({ write }) => write),
    ...cells(({ update }) => update),
    ...cells(({ longestPreemptOffCycles }) => longestPreemptOffCycles),
  ];
}

function crossoverTable(data: MappingData, access: Crossover["access"], view: View): string {
  const columns = [
    { title: "copy,\nbytes per cycle" },
    ...data.flushPrices.map((price) => ({ title: `flush of\n${thousands(price)} cycles` })),
  ];
  const rows = data.copyPrices.map((copyPrice) => [
    String(copyPrice),
    ...data.flushPrices.map((flushPrice) => {
      const from = crossoverOf(data, access, copyPrice, flushPrice);
      return from === null ? "never" : thousands(from);
    }),
  ]);
  return formatTable(columns, rows, view.paint);
}

function plot({ curve, prices }: MappingData, view: View): string {
  return formatPlot(
    [
      { name: `copy, ${prices.copyBytesPerCycle} bytes per cycle`, points: curve.map((at) => [at.bytes, at.copy]) },
      {
        name: `copy, ${SLOW_COPY_BYTES_PER_CYCLE} bytes per cycle`,
        points: curve.map((at) => [at.bytes, at.slowCopy]),
      },
      { name: "page table, local flush", points: curve.map((at) => [at.bytes, at.pageTable]) },
    ],
    {
      x: { title: "object size, bytes", min: 0 },
      y: { title: "cycles per read, mean over all objects of the size", min: 0 },
      columns: view.columns,
      rows: 14,
    },
  );
}
