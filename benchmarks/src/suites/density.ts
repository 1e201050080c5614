// The suite "density": how much of the pool's pages is payload, for every backend.

import { backendVariants } from "@zlab/lab";
import type { CaseResult } from "../case-result.ts";
import type { MetadataCount } from "../cases/metadata.ts";
import { type Goal, type SuiteReport, makeGoal } from "../report.ts";
import type { Suite, SuiteContext } from "../suite.ts";

const OBJECTS = [2_000, 100_000];
const SHARES = ["full", "thinned", "compacted"] as const;

/** Objects of the two fills that tell what an object costs from what a page costs; every backend takes them. */
const SMALL_BYTES = 64;
const SMALL_COUNT = 2_000_000;
const LARGE_BYTES = 3072;
const LARGE_COUNT = 500_000;

const METADATA_COUNT = 4_000_000; // objects by which metadata are counted

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
  progress("density: metadata of zsmalloc, counted");
  const metadata = await measureMetadata(context);
  const memory: MemoryRow[] = [];
  for (const backend of chosen) {
    progress(`density: resident memory of ${backend}`);
    memory.push(await measureMemory(backend, context));
  }
  return {
    suite: "density",
    tables: [densityTable(rows), memoryTable(memory), metadataTable(metadata)],
    notes: [
      "Host memory: what became resident with pools on a machine without bytes, once of 64-byte and once of 3,072-byte objects; two equations",
      "for the bytes per object and per page, so that whatever is resident for another reason, the heap say, is in one of them.",
      "Counted: words of tables in use after a fill with zram-like objects on a machine without bytes; the last row is all that became resident.",
    ],
    figures: [...rows.flatMap(figuresOf), ...memory.flatMap(memoryFiguresOf), ...metadataFigures(metadata)],
    goals: [...metadataGoals(metadata), ...memory.filter(({ backend }) => backend === "zsmalloc").map(residentGoal)],
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

/** The exact count of zsmalloc's tables after a fill with zram-like objects. */
interface MetadataRow extends MetadataCount {
  readonly objects: number;
  readonly pages: number;
  /** What became resident with the pool. */
  readonly resident: number;
}

async function measureMetadata({ isTrial, runCase }: SuiteContext): Promise<MetadataRow> {
  const objects = isTrial ? 1_000 : METADATA_COUNT;
  const parameters = { backend: "zsmalloc", objects, objectBytes: 0, isBacked: false };
  const result = await runCase({ kind: "memory", parameters });
  const fact = (name: string): number => result.facts[name]!;
  return {
    objects,
    pages: fact("pages"),
    resident: growth(result),
    handleCells: fact("handleCells"),
    slotWords: fact("slotWords"),
    zspageHeaders: fact("zspageHeaders"),
    frameNumbers: fact("frameNumbers"),
    segments: fact("segments"),
    descriptors: fact("descriptors"),
    fixed: fact("fixed"),
  };
}

function perObject({ handleCells, slotWords, objects }: MetadataRow): number {
  return (handleCells + slotWords) / objects;
}

function perPage({ zspageHeaders, frameNumbers, segments, descriptors, pages }: MetadataRow): number {
  return (zspageHeaders + frameNumbers + segments + descriptors) / pages;
}

function metadataLine(what: string, bytes: number, count?: number, per: string = ""): string[] {
  const share = count === undefined ? "" : (bytes / count).toFixed(2);
  return [what, Math.round(bytes).toLocaleString("en"), share, per];
}

function metadataTable(row: MetadataRow): SuiteReport["tables"][number] {
  const { objects, pages, resident, fixed } = row;
  const [withObjects, withPages] = [perObject(row) * objects, perPage(row) * pages];
  return {
    title: `zsmalloc's metadata, counted: ${objects.toLocaleString("en")} zram-like objects on ${pages.toLocaleString("en")} pages`,
    columns: [{ title: "what", align: "left" }, { title: "bytes" }, { title: "B" }, { title: "per", align: "left" }],
    rows: [
      metadataLine("handle cells", row.handleCells, objects, "object"),
      metadataLine("slot words", row.slotWords, objects, "object"),
      metadataLine("with the objects", withObjects, objects, "object"),
      metadataLine("page descriptors", row.descriptors, pages, "page"),
      metadataLine("page frame numbers", row.frameNumbers, pages, "page"),
      metadataLine("zspage headers", row.zspageHeaders, pages, "page"),
      metadataLine("rest of segments", row.segments, pages, "page"),
      metadataLine("with the pages", withPages, pages, "page"),
      metadataLine("fixed, per class", fixed),
      metadataLine("sum", withObjects + withPages + fixed, objects, "object"),
      metadataLine("resident", resident, objects, "object"),
    ],
  };
}

function metadataFigures(row: MetadataRow): SuiteReport["figures"] {
  return [
    { key: "density/zsmalloc/counted per object", unit: "B", better: "lower", samples: [perObject(row)] },
    { key: "density/zsmalloc/counted per page", unit: "B", better: "lower", samples: [perPage(row)] },
  ];
}

function inBytes(value: number): string {
  return `${value.toFixed(1)} B`;
}

function metadataGoals(row: MetadataRow): Goal[] {
  return [
    makeGoal("zsmalloc: metadata per stored object", "lower", METADATA_PER_OBJECT_GOAL, perObject(row), inBytes),
    makeGoal("zsmalloc: metadata per page", "lower", METADATA_PER_PAGE_GOAL, perPage(row), inBytes),
  ];
}

function residentGoal({ backend, resident }: MemoryRow): Goal {
  return makeGoal(`${backend}: resident / stored bytes`, "lower", RESIDENT_GOAL, resident, (value) => value.toFixed(3));
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
