// Experiment 3: a 32-bit machine, whose kernel has only the first 896 MiB permanently mapped. Whoever can do with pages that are
// mapped only while they are used has the rest too, and pays with temporary mappings.

import {
  GFP_KERNEL,
  type Machine,
  type MachineOptions,
  Prng,
  __GFP_NOWARN,
  isErrno,
  machineCounters,
  x86_32,
} from "@zlab/hw-sim";
import { type Handle, MapMode, type ZpoolBackend } from "@zlab/zpool";
import { type BackendVariant, backendVariants } from "../compose.ts";
import { formatBytes, formatPercent, thousands } from "../output/format.ts";
import { formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { wrapText } from "../output/wrap.ts";
import { readCorpusSizes } from "../pages/corpus-sizes.ts";
import { type Experiment, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { gfpFor, variantNamed, withPool } from "./with-pool.ts";

const GIB = 2 ** 30;
const MIB = 2 ** 20;
const MEMORY_BYTES = 4 * GIB;
const PAGES_PER_MIB = MIB / 4096;
const CODEC = "zstd";
const LOWMEM_ONLY = "zsmalloc, lowmem only";
/** Could use HIGHMEM in the kernel; its backend here does not. */
const XVMALLOC = "xvmalloc";
const SAMPLED_READS = 50_000;
/** Points of the curve of a backend that fills all of the memory. */
const CURVE_POINTS = 128;

export interface HighmemData {
  readonly memoryBytes: number;
  readonly lowmemPages: number;
  readonly highmemPages: number;
  readonly codec: string;
  readonly maxBytes: number;
  readonly runs: readonly HighmemRun[];
}

interface HighmemRun {
  readonly backend: string;
  readonly usesHighmem: boolean;
  /** Objects stored until ENOMEM, and their bytes. */
  readonly objects: number;
  readonly bytes: number;
  readonly lowmemPages: number;
  readonly highmemPages: number;
  /** Objects stored when the first page of low memory was taken; null if none was. */
  readonly objectsBeforeLowmem: number | null;
  readonly reads: ReadCosts;
  /** While filling: bytes stored, and free pages of low memory then. */
  readonly freeLowmem: readonly (readonly [bytes: number, pages: number])[];
}

/** What a sample of reads took. */
interface ReadCosts {
  readonly count: number;
  readonly kmaps: number;
  readonly tlbFlushes: number;
  readonly copiedBytes: number;
  readonly cycles: number;
}

export const highmem: Experiment<HighmemData> = {
  name: "highmem",
  summary: "what is memory beyond 896 MiB worth on a 32-bit machine?",
  question:
    "A 32-bit kernel has 896 MiB of its memory permanently mapped; a page of the rest, HIGHMEM, must be mapped for every access. " +
    "On such a machine with 4 GiB, how many compressed pages can each allocator store until there is no memory, from " +
    "which zones do its pages come, and how many temporary mappings and TLB flushes does reading them back take?",

  run(options: ExperimentOptions): HighmemData {
    const machineOptions = machineOf(options.scale);
    const variants = backendVariants();
    const cases = [
      ...variants.map((variant) => ({ variant, lowmemOnly: false })),
      { variant: variantNamed("zsmalloc", {}, LOWMEM_ONLY), lowmemOnly: true },
    ];
    const sizes = streamSizes(variants);
    const runs = cases.map(({ variant, lowmemOnly }, i) => {
      options.progress(i / cases.length, variant.label);
      return runOne(variant, lowmemOnly, machineOptions, sizes, options);
    });
    const [lowmem, high] = machineOptions.zones;
    return {
      memoryBytes: Math.round(MEMORY_BYTES * options.scale),
      lowmemPages: lowmem!.pages,
      highmemPages: high!.pages,
      codec: CODEC,
      maxBytes: Math.max(...sizes),
      runs,
    };
  },

  render(data: HighmemData, view: View): string {
    const setting =
      `The machine has ${formatBytes(data.memoryBytes)}: ${thousands(data.lowmemPages)} pages of low memory and ` +
      `${thousands(data.highmemPages)} of HIGHMEM, with the kernel's watermarks. Objects: ${data.codec} sizes of the built-in ` +
      `corpus up to ${thousands(data.maxBytes)} bytes, drawn with the seed.`;
    return [
      `${wrapText(setting, view.columns)}\n`,
      formatTable(STORE_COLUMNS, data.runs.map(storeCells), view.paint),
      "before lowmem: objects stored when the first page of low memory was taken.",
      "xvmalloc could use HIGHMEM in the kernel; its backend here takes low memory only (see its README).\n",
      "Reads of objects drawn at random (map RO, unmap), per read:\n",
      formatTable(READ_COLUMNS, data.runs.map(readCells), view.paint),
      `${wrapText(READ_NOTE, view.columns)}\n`,
      formatPlot(
        ["zsmalloc", LOWMEM_ONLY, "zbud", "kmalloc"].map((name) => ({
          name,
          points: find(data, name).freeLowmem.map(([bytes, pages]) => [bytes / MIB, pages / PAGES_PER_MIB]),
        })),
        {
          x: { title: "stored, MiB", min: 0 },
          y: { title: "free low memory while the pool is filled, MiB", min: 0 },
          columns: view.columns,
          rows: 12,
        },
      ),
    ].join("\n");
  },

  conclude(data: HighmemData): string {
    const zsmalloc = find(data, "zsmalloc");
    const lowmemOnly = find(data, LOWMEM_ONLY);
    const best = data.runs
      .filter(({ usesHighmem, backend }) => !usesHighmem && backend !== LOWMEM_ONLY && backend !== XVMALLOC)
      .reduce((a, b) => (b.objects > a.objects ? b : a));
    const { reads } = zsmalloc;
    return (
      `zsmalloc stores ${thousands(zsmalloc.objects)} objects, ${ratio(zsmalloc.objects, lowmemOnly.objects)} times as many as without HIGHMEM and ` +
      `${ratio(zsmalloc.objects, best.objects)} times as many as ${best.backend}, the best of those that need low memory; ` +
      (zsmalloc.objectsBeforeLowmem === null
        ? "it takes no page of low memory at all"
        : `it takes the first page of low memory after ${formatPercent(zsmalloc.objectsBeforeLowmem / zsmalloc.objects)} of them`) +
      `; a read then takes ${ratio(reads.kmaps, reads.count)} temporary mappings and as many flushes of a TLB entry ` +
      `(${ratio(reads.tlbFlushes, reads.count)}), together ${ratio(reads.cycles, reads.count)} cycles.`
    );
  },
};

/** The preset for 32-bit x86. A scale below 1 shrinks both zones; above 1 only HIGHMEM grows, as with PAE. */
function machineOf(scale: number): MachineOptions {
  const preset = x86_32(MEMORY_BYTES * Math.max(1, scale));
  const shrink = Math.min(1, scale);
  const zones = preset.zones.map(({ kind, pages }) => ({ kind, pages: Math.round(pages * shrink) }));
  return { ...preset, zones, backing: "size-only" };
}

/** Sizes of the corpus that every backend takes. */
function streamSizes(variants: readonly BackendVariant[]): number[] {
  const maxBytes = Math.min(...variants.map(({ driver, options }) => driver.capabilities(4096, options).maxBytes));
  return readCorpusSizes(CODEC)
    .map(({ bytes }) => bytes)
    .filter((bytes) => bytes <= maxBytes);
}

function runOne(
  variant: BackendVariant,
  lowmemOnly: boolean,
  machineOptions: MachineOptions,
  sizes: readonly number[],
  options: ExperimentOptions,
): HighmemRun {
  return withPool(variant, machineOptions, (pool, machine) => {
    const gfp = (lowmemOnly ? GFP_KERNEL : gfpFor(pool.capabilities)) | __GFP_NOWARN;
    const free = zoneFreePages(machine);
    const { handles, ...filled } = fill(pool, machine, gfp, sizes, options.seed);
    const freeNow = zoneFreePages(machine);
    return {
      backend: variant.label,
      usesHighmem: freeNow.highmem < free.highmem,
      ...filled,
      lowmemPages: free.lowmem - freeNow.lowmem,
      highmemPages: free.highmem - freeNow.highmem,
      reads: readSample(pool, machine, handles, scaled(SAMPLED_READS, options), options.seed),
    };
  });
}

function zoneFreePages({ zones }: Machine): { lowmem: number; highmem: number } {
  return { lowmem: zones[0]!.freePages, highmem: zones[1]!.freePages };
}

type Filled = Pick<HighmemRun, "objects" | "bytes" | "objectsBeforeLowmem" | "freeLowmem"> & {
  readonly handles: Handle[];
};

/** Stores objects until one is refused. */
function fill(pool: ZpoolBackend, machine: Machine, gfp: number, sizes: readonly number[], seed: number): Filled {
  const prng = new Prng(seed);
  const lowmem = machine.zones[0]!;
  const freeAtFirst = lowmem.freePages;
  const bytesPerPoint = (machine.totalPageCount() * machine.pageBytes) / CURVE_POINTS;
  const handles: Handle[] = [];
  const freeLowmem: [number, number][] = [];
  let objectsBeforeLowmem: number | null = null;
  let storedBytes = 0;
  for (;;) {
    if (storedBytes >= freeLowmem.length * bytesPerPoint) freeLowmem.push([storedBytes, lowmem.freePages]);
    const bytes = sizes[prng.below(sizes.length)]!;
    const handle = pool.malloc(bytes, gfp);
    if (objectsBeforeLowmem === null && lowmem.freePages < freeAtFirst) objectsBeforeLowmem = handles.length;
    if (isErrno(handle)) break;
    handles.push(handle);
    storedBytes += bytes;
  }
  freeLowmem.push([storedBytes, lowmem.freePages]);
  return { handles, objects: handles.length, bytes: storedBytes, objectsBeforeLowmem, freeLowmem };
}

function readSample(
  pool: ZpoolBackend,
  machine: Machine,
  handles: readonly Handle[],
  count: number,
  seed: number,
): ReadCosts {
  const prng = new Prng(seed);
  const before = machineCounters(machine);
  for (let i = 0; i < count; i++) {
    const handle = handles[prng.below(handles.length)]!;
    pool.map(handle, MapMode.RO);
    pool.unmap(handle);
  }
  const after = machineCounters(machine);
  return {
    count,
    kmaps: after.kmaps - before.kmaps,
    tlbFlushes: after.tlbFlushesLocal - before.tlbFlushesLocal,
    copiedBytes: after.copiedBytes - before.copiedBytes,
    cycles: after.cycles - before.cycles,
  };
}

function find(data: HighmemData, backend: string): HighmemRun {
  return data.runs.find((run) => run.backend === backend)!;
}

function ratio(dividend: number, divisor: number): string {
  const value = dividend / divisor;
  return value.toFixed(value < 10 ? 2 : 0);
}

const STORE_COLUMNS = [
  { title: "backend", align: "left" as const },
  { title: "objects\nstored" },
  { title: "stored\nMiB" },
  { title: "pages of\nlowmem" },
  { title: "pages of\nHIGHMEM" },
  { title: "pool\nMiB" },
  { title: "before\nlowmem" },
];

function storeCells(run: HighmemRun): string[] {
  return [
    run.backend,
    thousands(run.objects),
    thousands(run.bytes / MIB),
    thousands(run.lowmemPages),
    thousands(run.highmemPages),
    thousands((run.lowmemPages + run.highmemPages) / PAGES_PER_MIB),
    run.objectsBeforeLowmem === null ? "all" : thousands(run.objectsBeforeLowmem),
  ];
}

const READ_NOTE =
  "cycles: by the machine's cost model, for mapping, flushing and copying; what the reader does with the bytes is not counted.";

const READ_COLUMNS = [
  { title: "backend", align: "left" as const },
  { title: "reads" },
  { title: "kmaps" },
  { title: "TLB\nflushes" },
  { title: "bytes\ncopied" },
  { title: "cycles" },
];

function readCells({ backend, reads }: HighmemRun): string[] {
  const perRead = (sum: number, decimals: number): string => (sum / reads.count).toFixed(decimals);
  return [
    backend,
    thousands(reads.count),
    perRead(reads.kmaps, 3),
    perRead(reads.tlbFlushes, 3),
    perRead(reads.copiedBytes, 0),
    perRead(reads.cycles, 0),
  ];
}
