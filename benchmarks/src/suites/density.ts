// The suite "density": how much of the pool's pages is payload, for every backend.

import { backendVariants } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import { type Goal, type SuiteReport, makeGoal } from "../report.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const OBJECTS = [2_000, 100_000];
const SHARES = ["full", "thinned", "compacted"] as const;

/** Objects of the two fills that tell what an object costs from what a page costs; every backend takes them. */
const SMALL_BYTES = 64;
const SMALL_COUNT = 2_000_000;
const LARGE_BYTES = 3072;
const LARGE_COUNT = 500_000;

/** What zsmalloc may cost the host. */
const METADATA_PER_OBJECT_GOAL = 16; // bytes
const METADATA_PER_PAGE_GOAL = 24; // bytes
const RESIDENT_GOAL = 1.1; // resident bytes / stored bytes

interface Row {
  readonly backend: string;
  readonly objects: number;
  readonly result: CaseResult;
}

export const densitySuite: Suite = {
  name: "density",
  summary: "stored bytes / pool bytes of every backend: full, half freed at random, compacted",
  isDefault: true,
  run: runDensity,
};

async function runDensity(context: SuiteContext): Promise<SuiteReport> {
  const { backends, isTrial, runCase, progress } = context;
  const labels = backendVariants().map(({ label }) => label);
  const chosen = labels.filter((label) => backends.length === 0 || label === "zsmalloc" || backends.includes(label));
  const rows: Row[] = [];
  for (const objects of isTrial ? [500] : OBJECTS) {
    for (const backend of chosen) {
      progress(`density: ${backend}, ${objects} objects`);
      rows.push({ backend, objects, result: await runCase({ kind: "density", parameters: { backend, objects } }) });
    }
  }
  const memory: MemoryRow[] = [];
  for (const backend of chosen) {
    progress(`density: resident memory of ${backend}`);
    memory.push(await measureMemory(backend, context));
  }
  return {
    suite: "density",
    tables: [densityTable(rows), memoryTable(memory)],
    notes: [
      "Metadata: resident memory of pools on a machine without bytes, once of 64-byte and once of 3,072-byte objects; two equations for",
      "the bytes per object and per page. Pages that a block of a higher order leaves over count with the pages.",
    ],
    figures: [...rows.flatMap(figuresOf), ...memory.flatMap(memoryFiguresOf)],
    goals: memory.filter(({ backend }) => backend === "zsmalloc").flatMap(memoryGoals),
  };
}

function growth({ facts }: CaseResult): number {
  return facts["filledBytes"]! - facts["emptyBytes"]!;
}

/** What one backend costs the host, in bytes; NaN where it refuses the objects by which it is measured. */
interface MemoryRow {
  readonly backend: string;
  readonly perObjectBytes: number;
  readonly perPageBytes: number;
  /** Resident bytes beyond the empty process / stored bytes. */
  readonly resident: number;
}

async function measureMemory(backend: string, { isTrial, runCase }: SuiteContext): Promise<MemoryRow> {
  const measure = (objects: number, objectBytes: number, isBacked: boolean): Promise<CaseResult> =>
    runCase({ kind: "memory", parameters: { backend, objects, objectBytes, isBacked } });
  const scale = isTrial ? 1_000 : 1;
  const [small, large] = [
    await measure(SMALL_COUNT / scale, SMALL_BYTES, false),
    await measure(LARGE_COUNT / scale, LARGE_BYTES, false),
  ];
  const mixed = await measure(400_000 / scale, 0, true);
  // growth = perObject * objects + perPage * pages, for the two fills
  const [n1, n2] = [SMALL_COUNT / scale, LARGE_COUNT / scale - large.facts["refused"]!];
  const [p1, p2] = [small.facts["pages"]!, large.facts["pages"]!];
  const determinant = n1 * p2 - n2 * p1;
  return {
    backend,
    perObjectBytes: (growth(small) * p2 - growth(large) * p1) / determinant,
    perPageBytes: (n1 * growth(large) - n2 * growth(small)) / determinant,
    resident: growth(mixed) / mixed.facts["storedBytes"]!,
  };
}

function memoryTable(rows: readonly MemoryRow[]): SuiteReport["tables"][number] {
  return {
    title: "host memory: bytes of metadata, and resident bytes / stored bytes of 400,000 zram-like objects",
    columns: [
      { title: "backend", align: "left" },
      { title: "B / object" },
      { title: "B / page" },
      { title: "resident / stored" },
    ],
    rows: rows.map(({ backend, perObjectBytes, perPageBytes, resident }) => [
      backend,
      numberOrDash(perObjectBytes, 1),
      numberOrDash(perPageBytes, 1),
      numberOrDash(resident, 3),
    ]),
  };
}

function numberOrDash(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : "-";
}

function memoryFiguresOf({ backend, perObjectBytes, perPageBytes, resident }: MemoryRow): SuiteReport["figures"] {
  const figure = (name: string, value: number, unit: string): SuiteReport["figures"] =>
    Number.isFinite(value) ? [{ key: `density/${backend}/${name}`, unit, better: "lower", samples: [value] }] : [];
  return [
    ...figure("metadata per object", perObjectBytes, "B"),
    ...figure("metadata per page", perPageBytes, "B"),
    ...figure("resident / stored", resident, ""),
  ];
}

function inBytes(value: number): string {
  return `${value.toFixed(1)} B`;
}

function memoryGoals({ backend, perObjectBytes, perPageBytes, resident }: MemoryRow): Goal[] {
  return [
    makeGoal(`${backend}: metadata per stored object`, "lower", METADATA_PER_OBJECT_GOAL, perObjectBytes, inBytes),
    makeGoal(`${backend}: metadata per page`, "lower", METADATA_PER_PAGE_GOAL, perPageBytes, inBytes),
    makeGoal(`${backend}: resident / stored bytes`, "lower", RESIDENT_GOAL, resident, (value) => value.toFixed(3)),
  ];
}

function densityTable(rows: readonly Row[]): SuiteReport["tables"][number] {
  return {
    title: "stored bytes / pool bytes: full, half freed at random, then compacted; objects refused",
    columns: [
      { title: "objects" },
      { title: "backend", align: "left" },
      ...SHARES.map((title) => ({ title })),
      { title: "refused" },
    ],
    rows: rows.map(({ backend, objects, result }) => [
      objects.toLocaleString("en"),
      backend,
      ...SHARES.map((name) => result.facts[name]!.toFixed(3)),
      String(result.facts["refused"]),
    ]),
  };
}

function figuresOf({ backend, objects, result }: Row): SuiteReport["figures"] {
  return SHARES.map((name) => ({
    key: `density/${backend}/${objects}/${name}`,
    unit: "",
    better: "higher",
    samples: [result.facts[name]!],
  }));
}
