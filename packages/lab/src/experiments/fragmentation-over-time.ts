// Experiment 6: what time does to a pool. Load rises and falls, objects of other sizes come than go, and slots stay free between those
// that are taken. Compaction can give the pages back; when to run it is the question.

import { type MachineOptions, NO_WATERMARKS, Prng, isErrno } from "@zlab/hw-sim";
import type { Handle, ZpoolBackend } from "@zlab/zpool";
import { ZsPool } from "@zlab/zsmalloc";
import { backendVariants } from "../compose.ts";
import { formatRatio, thousands } from "../output/format.ts";
import { type Curve, formatPlot } from "../output/plot.ts";
import { formatTable } from "../output/table.ts";
import { readCorpusSizes } from "../pages/corpus-sizes.ts";
import { type Experiment, ExperimentFailure, type ExperimentOptions, type View, scaled } from "./experiment.ts";
import { gfpFor, variantNamed, withPool } from "./with-pool.ts";

const PAGE_BYTES = 4096;
/** The largest object that every backend takes. */
const LARGEST_BYTES = 3968;
const MOST_OBJECTS = 20_000;
/** Lowest load, as a part of the highest. */
const LOWEST_LOAD = 0.5;
/** Times that the load rises to its highest. */
const SWINGS = 5;
const SAMPLES_PER_SWING = 16;
/** While the load falls, one in so many operations stores all the same, and the other way round. */
const COUNTER_MOVE = 4;
/** Compaction at intervals: this often in a swing. */
const COMPACTIONS_PER_SWING = 4;
/** Compaction by trigger: as soon as so large a part of the pool could be freed. */
const TRIGGER = 0.1;

/** When a pool is compacted. */
type Policy = "never" | "at intervals" | "by trigger";

export interface FragmentationData {
  readonly pageBytes: number;
  readonly mostObjects: number;
  readonly operations: number;
  /** Operations until the load was at its highest for the first time; means and extremes are those of the time after. */
  readonly warmUpOperations: number;
  readonly runs: readonly FragmentationRun[];
}

interface FragmentationRun {
  /** Backend, and policy where it can compact. */
  readonly label: string;
  readonly backend: string;
  readonly policy: Policy;
  /** Operations so far, and bytes stored per byte of the pool then. */
  readonly density: readonly (readonly [operations: number, density: number])[];
  readonly mostPages: number;
  readonly compactions: number;
  readonly objectsMoved: number;
}

export const fragmentationOverTime: Experiment<FragmentationData> = {
  name: "fragmentation-over-time",
  summary: "how does density change while load rises and falls, and what does compaction save?",
  question:
    "The number of objects swings between half and all of its maximum while random ones are stored and freed. How densely do " +
    "the allocators keep what is stored, and how much does it help zsmalloc to compact at intervals, or whenever a tenth of the pool could " +
    "be freed?",

  run(options: ExperimentOptions): FragmentationData {
    const mostObjects = scaled(MOST_OBJECTS, options);
    const history = makeHistory(mostObjects, options.seed);
    const cases = runCases();
    const runs = cases.map(({ backend, policy }, i) => {
      options.progress(i / cases.length, `${backend}, ${policy}`);
      return measure(backend, policy, history);
    });
    const { warmUpOperations } = history;
    return { pageBytes: PAGE_BYTES, mostObjects, operations: history.operations.length, warmUpOperations, runs };
  },

  render(data: FragmentationData, view: View): string {
    const zsmalloc = data.runs.filter(({ backend }) => backend === "zsmalloc");
    const others = data.runs.filter(({ policy }) => policy === "never");
    return [
      `${thousands(data.operations)} operations, at most ${thousands(data.mostObjects)} objects (corpus, lzo-rle):\n`,
      formatTable(COLUMNS, data.runs.map(cellsOf(data)), view.paint),
      plot("zsmalloc by policy", zsmalloc, view),
      plot("allocators without compaction", others, view),
    ].join("\n");
  },

  conclude(data: FragmentationData): string {
    const run = (backend: string, policy: Policy): FragmentationRun =>
      data.runs.find((candidate) => candidate.backend === backend && candidate.policy === policy)!;
    const mean = (policy: Policy): string => meanDensity(data, run("zsmalloc", policy)).toFixed(3);
    const [intervals, trigger] = [run("zsmalloc", "at intervals"), run("zsmalloc", "by trigger")];
    const densest = data.runs
      .filter(({ policy }) => policy === "never")
      .reduce((best, candidate) => (meanDensity(data, candidate) > meanDensity(data, best) ? candidate : best));
    return (
      `zsmalloc keeps ${mean("never")} bytes per byte of pool in the mean when it never compacts (the lowest is ` +
      `${lowestDensity(data, run("zsmalloc", "never")).toFixed(3)}), ${mean("at intervals")} when at intervals (${movesOf(intervals)}) and ` +
      `${mean("by trigger")} by trigger (${movesOf(trigger)}); without compaction ${densest.label} is the densest with ` +
      `${meanDensity(data, densest).toFixed(3)}.`
    );
  },
};

/** What is done, the same for every run: a size to be stored, or the number, among the live objects, of the one to be freed. */
interface History {
  /** A size above 0, or the bitwise complement of the number. */
  readonly operations: Int32Array;
  readonly operationsPerSwing: number;
  readonly warmUpOperations: number;
}

function makeHistory(mostObjects: number, seed: number): History {
  const sizes = readCorpusSizes("lzo-rle").flatMap(({ bytes }) => (bytes <= LARGEST_BYTES ? [bytes] : []));
  const prng = new Prng(seed);
  const operations: number[] = [];
  let live = 0;
  let warmUpOperations = 0;
  const leastObjects = Math.floor(mostObjects * LOWEST_LOAD);
  for (let swing = 0; swing < SWINGS; swing++) {
    for (const rises of [true, false]) {
      while (rises ? live < mostObjects : live > leastObjects) {
        const isCounterMove = prng.below(COUNTER_MOVE) === 0 && live > 0;
        const stores = isCounterMove !== rises;
        operations.push(stores ? sizes[prng.below(sizes.length)]! : ~prng.below(live));
        live += stores ? 1 : -1;
      }
      if (warmUpOperations === 0) warmUpOperations = operations.length;
    }
  }
  const operationsPerSwing = Math.ceil(operations.length / SWINGS);
  return { operations: Int32Array.from(operations), operationsPerSwing, warmUpOperations };
}

interface RunCase {
  readonly backend: string;
  readonly policy: Policy;
}

/** Every backend without compaction, and zsmalloc with both policies. */
function runCases(): RunCase[] {
  const all = backendVariants().map(({ label }) => ({ backend: label, policy: "never" as const }));
  return [...all, { backend: "zsmalloc", policy: "at intervals" }, { backend: "zsmalloc", policy: "by trigger" }];
}

function measure(backend: string, policy: Policy, history: History): FragmentationRun {
  return withPool(variantNamed(backend), MACHINE, (pool) => {
    const run = new Run(pool, policy, history);
    run.play();
    const label = policy === "never" ? backend : `${backend}, compacted ${policy}`;
    const { density, mostPages, compactions } = run;
    return { label, backend, policy, density, mostPages, compactions, objectsMoved: pool.stats().objectsMoved };
  });
}

const MACHINE: MachineOptions = {
  pageBytes: PAGE_BYTES,
  zones: [{ kind: "NORMAL", pages: 2 ** 22, watermarks: NO_WATERMARKS }],
  backing: "size-only",
  cpus: 2,
};

class Run {
  readonly density: [number, number][] = [];
  mostPages = 0;
  compactions = 0;
  readonly #pool: ZpoolBackend;
  readonly #policy: Policy;
  readonly #history: History;
  readonly #handles: Handle[] = [];
  readonly #sizes: number[] = [];
  #bytes = 0;

  constructor(pool: ZpoolBackend, policy: Policy, history: History) {
    this.#pool = pool;
    this.#policy = policy;
    this.#history = history;
  }

  play(): void {
    const { operations, operationsPerSwing } = this.#history;
    const sampleEvery = Math.max(1, Math.floor(operationsPerSwing / SAMPLES_PER_SWING));
    const compactEvery = Math.max(1, Math.floor(operationsPerSwing / COMPACTIONS_PER_SWING));
    for (const [i, operation] of operations.entries()) {
      if (operation > 0) this.#store(operation);
      else this.#free(~operation);
      this.mostPages = Math.max(this.mostPages, this.#pool.totalPages());
      if ((i + 1) % compactEvery === 0 && this.#policy === "at intervals") this.#compact();
      if ((i + 1) % sampleEvery !== 0) continue;
      if (this.#policy === "by trigger" && this.#freeablePart() > TRIGGER) this.#compact();
      this.density.push([i + 1, this.#bytes / (this.#pool.totalPages() * PAGE_BYTES)]);
    }
  }

  #store(bytes: number): void {
    const handle = this.#pool.malloc(bytes, gfpFor(this.#pool.capabilities));
    if (isErrno(handle))
      throw new ExperimentFailure(`${this.#pool.type} refused an object of ${bytes} bytes: ${handle}`);
    this.#handles.push(handle);
    this.#sizes.push(bytes);
    this.#bytes += bytes;
  }

  /** Frees an object; the newest takes its number. */
  #free(index: number): void {
    this.#pool.free(this.#handles[index]!);
    this.#bytes -= this.#sizes[index]!;
    const handle = this.#handles.pop()!;
    const bytes = this.#sizes.pop()!;
    if (index === this.#handles.length) return;
    this.#handles[index] = handle;
    this.#sizes[index] = bytes;
  }

  #freeablePart(): number {
    return this.#pool instanceof ZsPool ? this.#pool.shrinkerCount() / this.#pool.totalPages() : 0;
  }

  #compact(): void {
    this.#pool.compact?.();
    this.compactions++;
  }
}

/** The densities from the first highest load on. */
function densitiesOf({ warmUpOperations }: FragmentationData, { density }: FragmentationRun): number[] {
  return density.flatMap(([operations, value]) => (operations >= warmUpOperations ? [value] : []));
}

function meanDensity(data: FragmentationData, run: FragmentationRun): number {
  const densities = densitiesOf(data, run);
  return densities.reduce((sum, value) => sum + value, 0) / densities.length;
}

function lowestDensity(data: FragmentationData, run: FragmentationRun): number {
  return densitiesOf(data, run).reduce((lowest, value) => Math.min(lowest, value), Infinity);
}

function movesOf({ objectsMoved, compactions }: FragmentationRun): string {
  return `${thousands(objectsMoved)} objects moved in ${thousands(compactions)} compactions`;
}

const COLUMNS = [
  { title: "allocator", align: "left" as const },
  { title: "density\nmean" },
  { title: "lowest" },
  { title: "at the\nend" },
  { title: "most\npages" },
  { title: "compac-\ntions" },
  { title: "objects\nmoved" },
];

function cellsOf(data: FragmentationData): (run: FragmentationRun) => string[] {
  return (run) => [
    run.label,
    formatRatio(meanDensity(data, run)),
    formatRatio(lowestDensity(data, run)),
    formatRatio(run.density.at(-1)![1]),
    thousands(run.mostPages),
    thousands(run.compactions),
    thousands(run.objectsMoved),
  ];
}

function plot(title: string, runs: readonly FragmentationRun[], view: View): string {
  const curves: Curve[] = runs.map(({ label, density }) => ({ name: label, points: density }));
  return formatPlot(curves, {
    x: { title: "operations", format: thousands },
    y: { title: `bytes stored per byte of the pool: ${title}`, max: 1, format: (value) => value.toFixed(2) },
    columns: view.columns,
  });
}
